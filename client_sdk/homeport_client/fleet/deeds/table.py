"""All that can happen, by the verb of its step. What a later promise needs is one more function, and a line here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from homeport_client.fleet.deeds import networks, people, phones, servers, together
from homeport_client.fleet.networks import INCIDENTS, LOSE_POKE, OF_DELIVERIES
from homeport_client.fleet.phone import Phone
from homeport_client.fleet.sound import known
from homeport_client.fleet.stage import Stage
from homeport_client.fleet.story import SERVER, Step

Deed: TypeAlias = Callable[[Stage, Phone, Step], Awaitable[bool]]
ServerDeed: TypeAlias = Callable[[Stage, Step], Awaitable[bool]]

DEEDS: Mapping[str, Deed] = {
    "create": people.create,
    "update": people.update,
    "delete": people.delete,
    "restore": people.restore,
    "move": people.move,
    "invite": people.invite,
    "remove": people.remove,
    "call": together.call,
    "group": together.group,
    "airplane_mode": people.airplane_mode,
    "kill": phones.kill,
    "put_away": phones.put_away,
    "take_out": phones.take_out,
    "open_notification": phones.open_notification,
    "prefer": people.prefer,
    "suspend": phones.suspend,
    "set_clock": phones.set_clock,
    "clone": phones.clone,
    "switch_user": phones.switch_user,
    "expire_token": phones.expire_token,
    "fill_storage": phones.fill_storage,
    "no_network": networks.no_network,
}
SERVER_DEEDS: Mapping[str, ServerDeed] = {"crash": servers.crash, "storm": servers.storm}

VERBS = (*DEEDS, *SERVER_DEEDS, *INCIDENTS, LOSE_POKE, *OF_DELIVERIES)


def is_armed(step: Step) -> bool:
    """Whether the step is a trouble that waits for its occasion, and no deed of its own.

    Raises `ScriptUnusable` for one that is neither: a slip of the pen in a kept story would be a step that never comes.
    """
    known(f"The story, at {step.at_ms} ms,", "step", [step.do], VERBS)
    return step.do not in DEEDS and (step.do not in SERVER_DEEDS or "at" in step.what)


async def perform(stage: Stage, step: Step) -> None:
    """One step. What cannot be done any more, or not yet, is left out and counted."""
    stage.write_down(step)
    stage.world.note(step.who, f"{step.do} {dict(step.what)}")
    if step.who == SERVER:
        done = await SERVER_DEEDS[step.do](stage, step)
    else:
        phone = stage.phones.get(step.who)
        done = phone is not None and phone.on and await _try(DEEDS[step.do], stage, phone, step)
    if not done:
        stage.leave_out(step)


async def _try(deed: Deed, stage: Stage, phone: Phone, step: Step) -> bool:
    """Whether it was done. What the device may not raise and does is told, and all go on."""
    try:
        return await deed(stage, phone, step)
    except Exception as error:  # noqa: BLE001  # see above
        phone.trip(error, step.do)
        return False
