"""Who was told what: every change as it was sent, beside the outcome that came back for it.

A witness only writes down. It stands at the server's door in the simulated world and at each device's own door in
the real one; the checkers and the oracle read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from homeport_sync.change import Change, Fields, Op, Outcome, decode_change
from homeport_sync.clock import Stamp
from homeport_sync.wire import PushAnswer, PushMessage, WireError


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a phone says it wrote, at the moment it wrote it, as wire values.

    `phone` is its name in the script: device ids and numbers may change before the change is sent, and stamps are
    the device's own business. A member record may be made or changed by the same call, so its `op` is not compared.
    Of a command `kind` is the name, `fields` are the arguments, and `id` is the scope it is called in. What was written
    in one `group` has one name for it ("": in none). A move goes `into` another scope.
    `at_ms` is what the server's clock showed.
    """

    phone: str
    op: Op
    kind: str
    id: str
    fields: Fields
    at_ms: int = 0
    group: str = ""
    into: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One change as `device` of `user` sent it, and the outcome it was told."""

    user: str
    device: str
    change: Change
    outcome: Outcome

    @property
    def stamp(self) -> Stamp:
        """The stamp that counts: the change's own, or the one it was lowered to."""
        return self.outcome.stamp or self.change.stamp

    @property
    def code(self) -> str:
        """The code of the reason for which it was rejected; nothing if it was not, or came without one."""
        extensions = (self.outcome.error or {}).get("extensions")
        return str(extensions.get("code", "")) if isinstance(extensions, dict) else ""


class Answered(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a witness hears of the answer to a push. `PushAnswer` has this, and more."""

    outcomes: list[Outcome] = []
    clock: WireError | None = None


decode_answered = msgspec.json.Decoder(Answered).decode


class Witness:
    """Everything told so far, in the order in which it was told. `clocks` are the (device, code) pairs of those
    who were told that their clock is wrong."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.clocks: list[tuple[str, str]] = []

    def saw(self, user: str, message: PushMessage, answer: PushAnswer | Answered) -> None:
        """Write down what the answer to a push told."""
        if answer.clock:
            self.clocks.append((message.device, answer.clock.code))
        sent = {change.number: change for change in _readable(message.changes)}
        for outcome in answer.outcomes:
            if outcome.number in sent:
                change = sent[outcome.number]
                self.told.append(Told(user=user, device=message.device, change=change, outcome=outcome))


def say(told: Told) -> str:
    """The change, in words."""
    change = told.change
    return f"Change {change.number} of device {told.device} ({change.op} {change.kind} {change.id})"


def _readable(raw: Sequence[msgspec.Raw]) -> Iterator[Change]:
    for text in raw:
        try:
            yield decode_change(text)
        except msgspec.DecodeError:
            continue
