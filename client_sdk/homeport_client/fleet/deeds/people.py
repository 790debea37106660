"""What people do with an app: they write, delete, bring back, move, share, and switch to airplane mode."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from contextlib import suppress
from typing import cast

from homeport_client import DeviceError, StorageFull
from homeport_client.fleet.check.witness import Written
from homeport_client.fleet.deeds.meaning import Meaning, meaning
from homeport_client.fleet.phone import Phone
from homeport_client.fleet.stage import Stage
from homeport_client.fleet.story import Step
from homeport_client.intents import Meant
from homeport_sync.catalog import Kind
from homeport_sync.change import Fields, Op
from homeport_sync.rejections import Rejection
from homeport_sync.scope import MEMBER, member_id
from homeport_sync.values import PythonValue


async def create(stage: Stage, phone: Phone, step: Step) -> bool:
    """Make a record of `kind` that is called `label`, in the `scope` with that label (a root: in none)."""
    declared = _declared(stage, phone, step)
    if declared is None:
        return False
    (kind, values), fields, scope = declared, _fields(step), None
    if not kind.is_root:
        scope = stage.labels.id(step.what.get("scope"))
        if scope is None:
            return False
    made = await _try(stage, phone, phone.device.create(kind.name, scope=scope, **values))
    if made is None:
        return False
    id = str(made)
    stage.labels.bind(str(step.what["label"]), id, kind.name, phone.handset.circle)
    await _wrote(stage, phone, _write(stage, phone, op="create", kind=kind.name, id=id, fields=fields), values)
    return True


async def update(stage: Stage, phone: Phone, step: Step) -> bool:
    """Write `fields` of the record of `kind` that is called `label`."""
    declared, id = _declared(stage, phone, step), stage.labels.id(step.what["label"])
    seen = await phone.device.get(id) if id else None
    if declared is None or id is None:
        return False
    kind, values = declared
    means = meaning(kind, values, seen) if seen else Meaning(meant={**values}, shows=values, says=_fields(step))
    if await _try(stage, phone, _update(phone, id, means.meant)) is None:
        return False
    if means.meant:
        written = _write(stage, phone, op="update", kind=kind.name, id=id, fields=means.says)
        await _wrote(stage, phone, written, means.shows)
    return True


async def delete(stage: Stage, phone: Phone, step: Step) -> bool:
    """Delete the record of `kind` that is called `label`."""
    id = stage.labels.id(step.what["label"])
    if id is None or await _try(stage, phone, _delete(phone, id)) is None:
        return False
    kind = str(step.what["kind"])
    await _wrote(stage, phone, _write(stage, phone, op="delete", kind=kind, id=id, fields={}), {})
    return True


async def restore(stage: Stage, phone: Phone, step: Step) -> bool:
    """Bring back the record of `kind` that is called `label`, as the phone knew it when it deleted it."""
    id = stage.labels.id(step.what["label"])
    if id is None or await _try(stage, phone, _restore(phone, id)) is None:
        return False
    kind = str(step.what["kind"])
    await _wrote(stage, phone, _write(stage, phone, op="restore", kind=kind, id=id, fields={}), {})
    return True


async def move(stage: Stage, phone: Phone, step: Step) -> bool:
    """Take the record of `kind` that is called `label` `into` the scope with that label, if it is not there already."""
    id, into = stage.labels.id(step.what["label"]), stage.labels.id(step.what["into"])
    seen = await phone.device.get(id) if id else None
    if id is None or into is None or (seen and seen.scope == into):
        return False
    if await _try(stage, phone, _move(phone, id, into)) is None:
        return False
    kind = str(step.what["kind"])
    await _wrote(stage, phone, _write(stage, phone, op="move", kind=kind, id=id, fields={}, into=into), {})
    return True


async def invite(stage: Stage, phone: Phone, step: Step) -> bool:
    """Let `user` into the `scope`, as an editor unless another `role` is given."""
    scope, user = stage.labels.id(step.what["scope"]), str(step.what["user"])
    role = str(step.what.get("role", "editor"))
    if scope is None or await _try(stage, phone, phone.device.invite(scope, user, role)) is None:
        return False
    await _set_role(stage, phone, "create", scope, {"user": user, "role": role})
    return True


async def remove(stage: Stage, phone: Phone, step: Step) -> bool:
    """Put `user` out of the `scope`."""
    scope, user = stage.labels.id(step.what["scope"]), str(step.what["user"])
    if scope is None or await _try(stage, phone, _remove(phone, scope, user)) is None:
        return False
    await _set_role(stage, phone, "update", scope, {"user": user, "role": None})
    return True


async def airplane_mode(stage: Stage, phone: Phone, step: Step) -> bool:
    """The app is told to stay offline (`on`), or told that that is over."""
    if step.what.get("on"):
        await phone.device.go_offline()
    else:
        phone.meter.reached()
        await phone.device.go_online()
    return True


async def prefer(stage: Stage, phone: Phone, step: Step) -> bool:
    """Its user wants to be told of nothing (`muted`), or of everything. Without a network nothing comes of it."""
    stage.later(_prefer(phone, muted=bool(step.what.get("muted"))))
    return True


async def _prefer(phone: Phone, *, muted: bool) -> None:
    with suppress(DeviceError):
        await phone.device.notifications.prefer(muted=["*"] if muted else [])


async def _try(stage: Stage, phone: Phone, write: Awaitable[str | bool]) -> str | bool | None:
    """What the device answers; None if it refuses, or has no room."""
    try:
        return await write
    except (Rejection, StorageFull) as refused:
        stage.world.note(phone.name, f"may not: {refused.code}")
        return None


async def _update(phone: Phone, id: str, meant: Mapping[str, Meant]) -> bool:
    await phone.device.update(id, **meant)
    return True


async def _delete(phone: Phone, id: str) -> bool:
    await phone.device.delete(id)
    return True


async def _restore(phone: Phone, id: str) -> bool:
    await phone.device.restore(id)
    return True


async def _move(phone: Phone, id: str, into: str) -> bool:
    await phone.device.move(id, into=into)
    return True


async def _remove(phone: Phone, scope: str, user: str) -> bool:
    await phone.device.remove(scope, user)
    return True


async def _set_role(stage: Stage, phone: Phone, op: Op, scope: str, member: Fields) -> None:
    id = member_id(scope, str(member["user"]))
    shows = stage.world.app.catalog.kind(MEMBER).from_wire(member)
    await _wrote(stage, phone, _write(stage, phone, op=op, kind=MEMBER, id=id, fields=member), shows)


def _write(stage: Stage, phone: Phone, *, op: Op, kind: str, id: str, fields: Fields, into: str = "") -> Written:
    at_ms = stage.world.true_ms()
    return Written(phone=phone.name, op=op, kind=kind, id=id, fields=fields, at_ms=at_ms, into=into)


async def _wrote(stage: Stage, phone: Phone, written: Written, values: Mapping[str, PythonValue]) -> None:
    stage.written.append(written)
    phone.meter.wrote()
    if phone.eyes:
        phone.eyes.wrote(written, values, await phone.device.get(written.id))


def _declared(stage: Stage, phone: Phone, step: Step) -> tuple[Kind, dict[str, PythonValue]] | None:
    """The kind and the values that are written; None if the app does not declare them any more: stories are kept for
    longer than declarations."""
    try:
        kind = stage.world.app.catalog.kind(str(step.what["kind"]))
        return kind, {name: kind.field(name).type.from_wire(value) for name, value in _fields(step).items()}
    except (Rejection, ValueError):
        stage.world.note(phone.name, "writes what is not declared")
        return None


def _fields(step: Step) -> Fields:
    return dict(cast(Fields, step.what.get("fields", {})))
