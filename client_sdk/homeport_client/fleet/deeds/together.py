"""What people do that is more than one write: a command of the app, and a group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from homeport_client import StorageFull
from homeport_client.fleet.check.witness import Written
from homeport_client.fleet.deeds.meaning import meaning
from homeport_client.fleet.phone import Phone
from homeport_client.fleet.stage import Stage
from homeport_client.fleet.story import Step
from homeport_client.group import Group
from homeport_sync.catalog import Command
from homeport_sync.change import Fields, Op, Value
from homeport_sync.rejections import Rejection
from homeport_sync.scope import MEMBER, member_id
from homeport_sync.values import PythonValue


@dataclass(slots=True, kw_only=True)
class Making:
    """A group on its way: what is `written`, what each record `shows` then, and the ids of what it has `made`, with
    their kinds, by label."""

    stage: Stage
    phone: Phone
    group: Group
    written: list[Written] = field(default_factory=list)
    shows: list[Mapping[str, PythonValue]] = field(default_factory=list)
    made: dict[str, tuple[str, str]] = field(default_factory=dict)

    def id(self, label: object) -> str:
        """The id of a record. Raises `LookupError` if nobody has made it."""
        known = self.stage.labels.id(label) or self.made.get(str(label), ("", ""))[0]
        if not known:
            raise LookupError(str(label))
        return known

    def wrote(self, written: Written, shows: Mapping[str, PythonValue]) -> None:
        """One of its writes."""
        self.written.append(written)
        self.shows.append(shows)


async def call(stage: Stage, phone: Phone, step: Step) -> bool:
    """Call the `command` in the `scope` with that label, with these `arguments`; a record among them goes by label."""
    try:
        scope, command, arguments = _called(stage, step, stage.labels.id)
        await phone.device.call(command.name, scope=scope, **_typed(command, arguments))
    except (Rejection, StorageFull, LookupError, ValueError) as refused:
        stage.world.note(phone.name, f"may not: {refused}")
        return False
    stage.written.append(_call_written(stage, phone, command, scope, arguments))
    phone.meter.wrote()
    return True


async def group(stage: Stage, phone: Phone, step: Step) -> bool:
    """All `parts` in one group; none of them, if one of them cannot be done."""
    try:
        async with phone.device.group() as opened:
            making = Making(stage=stage, phone=phone, group=opened)
            for part in step.parts:
                await PARTS[part.do](making, part)
    except (Rejection, StorageFull, LookupError, ValueError) as refused:
        stage.world.note(phone.name, f"may not: {refused}")
        return False
    for label, (id, kind) in making.made.items():
        stage.labels.bind(label, id, kind, phone.handset.circle)
    name = f"{phone.name} at {step.at_ms}, after {len(stage.written)}"
    stage.written += [replace(each, group=name) for each in making.written]
    for _ in making.written:
        phone.meter.wrote()
    await _look(phone, making)
    return True


async def _look(phone: Phone, making: Making) -> None:
    """What was written once, and not touched by a command of the group, shows at once."""
    times = Counter(each.id for each in making.written)
    if phone.eyes and not any(each.op == "command" for each in making.written):
        for written, shows in zip(making.written, making.shows, strict=True):
            if times[written.id] == 1:
                phone.eyes.wrote(written, shows, await phone.device.get(written.id))


async def _create(making: Making, part: Step) -> None:
    kind, fields = making.stage.world.app.catalog.kind(str(part.what["kind"])), _fields(part)
    values = {name: kind.field(name).type.from_wire(value) for name, value in fields.items()}
    scope = None if kind.is_root else making.id(part.what.get("scope"))
    id = making.group.create(kind.name, scope=scope, **values)
    making.made[str(part.what["label"])] = (id, kind.name)
    making.wrote(_written(making, part, kind.name, id, fields), values)


async def _update(making: Making, part: Step) -> None:
    kind, id = making.stage.world.app.catalog.kind(str(part.what["kind"])), making.id(part.what["label"])
    values = {name: kind.field(name).type.from_wire(value) for name, value in _fields(part).items()}
    seen = await making.phone.device.get(id)
    if seen is None:
        raise LookupError(id)
    means = meaning(kind, values, seen)
    making.group.update(id, **means.meant)
    if means.meant:
        making.wrote(_written(making, part, kind.name, id, means.says), means.shows)


async def _delete(making: Making, part: Step) -> None:
    id = making.id(part.what["label"])
    making.group.delete(id)
    making.wrote(_written(making, part, str(part.what["kind"]), id, {}), {})


async def _restore(making: Making, part: Step) -> None:
    id = making.id(part.what["label"])
    making.group.restore(id)
    making.wrote(_written(making, part, str(part.what["kind"]), id, {}), {})


async def _move(making: Making, part: Step) -> None:
    id, into = making.id(part.what["label"]), making.id(part.what["into"])
    seen = await making.phone.device.get(id)
    if seen is None or seen.scope == into:
        raise LookupError(into)
    making.group.move(id, into=into)
    making.wrote(replace(_written(making, part, str(part.what["kind"]), id, {}), into=into), {})


async def _share(making: Making, part: Step) -> None:
    scope, user = making.id(part.what["scope"]), str(part.what["user"])
    role = str(part.what.get("role", "editor")) if part.do == "invite" else None
    if role is None:
        making.group.remove(scope, user)
    else:
        making.group.invite(scope, user, role)
    member: Fields = {"user": user, "role": role}
    making.wrote(_written(making, part, MEMBER, member_id(scope, user), member), {**member})  # type: ignore[dict-item]


async def _call(making: Making, part: Step) -> None:
    scope, command, arguments = _called(making.stage, part, making.id)
    making.group.call(command.name, scope=scope, **_typed(command, arguments))
    making.wrote(_call_written(making.stage, making.phone, command, scope, arguments), {})


PARTS = {
    "create": _create,
    "update": _update,
    "delete": _delete,
    "restore": _restore,
    "move": _move,
    "invite": _share,
    "remove": _share,
    "call": _call,
}
OPS: Mapping[str, Op] = {
    "create": "create",
    "update": "update",
    "delete": "delete",
    "restore": "restore",
    "move": "move",
    "invite": "create",
    "remove": "update",
}


def _called(stage: Stage, step: Step, id_of: Callable[[object], str | None]) -> tuple[str, Command, Fields]:
    """Where, what and with what. Raises `LookupError` for a scope that nobody has made, `UnknownCommand`."""
    command, scope = stage.world.app.catalog.command(str(step.what["command"])), id_of(step.what["scope"])
    if scope is None:
        raise LookupError(str(step.what["scope"]))
    given = cast(Fields, step.what.get("arguments", {}))
    return scope, command, {name: _argument(command, name, value, id_of) for name, value in given.items()}


def _argument(command: Command, name: str, value: Value, id_of: Callable[[object], str | None]) -> Value:
    """A value as it is, and a record's label as its id. Raises `LookupError` for what is neither."""
    if command.arguments.field(name).type.fits(value):
        return value
    id = id_of(value)
    if id is None:
        raise LookupError(str(value))
    return id


def _typed(command: Command, arguments: Fields) -> dict[str, PythonValue]:
    return {name: command.arguments.field(name).type.from_wire(value) for name, value in arguments.items()}


def _call_written(stage: Stage, phone: Phone, command: Command, scope: str, arguments: Fields) -> Written:
    """A command is told by where it is called."""
    at_ms = stage.world.true_ms()
    return Written(phone=phone.name, op="command", kind=command.name, id=scope, fields=arguments, at_ms=at_ms)


def _written(making: Making, part: Step, kind: str, id: str, fields: Fields) -> Written:
    at_ms = making.stage.world.true_ms()
    return Written(phone=making.phone.name, op=OPS[part.do], kind=kind, id=id, fields=fields, at_ms=at_ms)


def _fields(part: Step) -> Fields:
    return dict(cast(Fields, part.what.get("fields", {})))
