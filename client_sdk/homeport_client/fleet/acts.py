"""What people do with the records of any kind, made from its declaration: make, edit, delete, bring back, move and
share them, several of it at once, and what its commands do.

Whatever an act cannot do (no list yet, no task left, no right to it) it leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from homeport_client.fleet.actor import Actor
from homeport_client.fleet.persona import Act
from homeport_sync.catalog import Field, Kind
from homeport_sync.rules import REGISTER
from homeport_sync.values import PythonValue

FIELDS_MAX = 3
TOGETHER = (2, 4)


def make(kind: str) -> Act:
    """A new record, in any scope on the phone; a root with somebody else invited to it, often with no network."""

    async def act(me: Actor) -> None:
        known = me.catalog.kind(kind)
        if known.is_root:
            made = await me.create(kind, **me.draw(kind, *_given(known, me)))
            if made and me.others:
                await me.invite(made, me.chance.choice(me.others))
            return
        scope = await me.pick(_root_of(known))
        if scope:
            await me.create(kind, scope, **me.draw(kind, *_given(known, me)))

    return _named(act, f"make {kind}")


def edit(kind: str) -> Act:
    """One to three fields of any record, at once."""

    async def act(me: Actor) -> None:
        record = await me.pick(kind)
        if record:
            names = sorted(me.catalog.kind(kind).fields)
            chosen = me.chance.sample(names, min(me.chance.randint(1, FIELDS_MAX), len(names)))
            await me.update(record, **me.draw(kind, *chosen))

    return _named(act, f"edit {kind}")


def entrust(kind: str, field: str) -> Act:
    """Somebody is named in a field of any record, or now and then oneself."""

    async def act(me: Actor) -> None:
        record = await me.pick(kind)
        if record:
            await me.update(record, **{field: me.chance.choice([*me.others, me.phone.user])})

    return _named(act, f"entrust {kind}.{field}")


def may_name(field: Field) -> bool:
    """Whether a field may hold the name of a user: it is a text that may be missing, or is a plain one otherwise."""
    return field.default is None and not field.required and field.rule == REGISTER and field.type.fits("user-1")


def erase(kind: str) -> Act:
    """Any record goes, for everybody."""

    async def act(me: Actor) -> None:
        record = await me.pick(kind)
        if record:
            await me.delete(record)

    return _named(act, f"erase {kind}")


def undo(kind: str) -> Act:
    """What one has deleted last comes back, if anything was."""

    async def act(me: Actor) -> None:
        record = me.deleted(kind)
        if record:
            await me.restore(record)

    return _named(act, f"undo {kind}")


def move(kind: str) -> Act:
    """Any record goes into another scope on the phone."""

    async def act(me: Actor) -> None:
        record = await me.pick(kind)
        into = await me.pick(_root_of(me.catalog.kind(kind)), where={}) if record else None
        if record and into and into.id != record.scope:
            await me.move(record, into)

    return _named(act, f"move {kind}")


def share(kind: str) -> Act:
    """Somebody gets to see a root, in any role."""

    async def act(me: Actor) -> None:
        scope = await me.pick(kind)
        if scope and me.others:
            await me.invite(scope, me.chance.choice(me.others), me.chance.choice([*me.catalog.roles]))

    return _named(act, f"share {kind}")


def unshare(kind: str) -> Act:
    """Somebody loses a root."""

    async def act(me: Actor) -> None:
        scope = await me.pick(kind)
        if scope and me.others:
            await me.remove(scope, me.chance.choice(me.others))

    return _named(act, f"unshare {kind}")


def leave(kind: str) -> Act:
    """One's own membership of a root ends."""

    async def act(me: Actor) -> None:
        scope = await me.pick(kind)
        if scope:
            await me.remove(scope, me.phone.user)

    return _named(act, f"leave {kind}")


def in_a_group(does: Mapping[Act, float]) -> Act:
    """Two to four of these acts, drawn with their weights, whose writes take effect together or not at all."""

    async def act(me: Actor) -> None:
        async with me.group():
            for each in me.chance.choices([*does], [*does.values()], k=me.chance.randint(*TOGETHER)):
                await each(me)

    return _named(act, "in a group")


def call(command: str) -> Act:
    """A command of the app, in any scope on the phone, with arguments of their types: for a UUID, a record on it."""

    async def act(me: Actor) -> None:
        known = me.catalog.command(command)
        scope = await me.pick(known.scope)
        if scope:
            given = [each for each in known.arguments.fields.values() if each.required or me.chance.random() < 0.5]
            await me.call(scope, command, **{each.name: await _argument(each, known.scope, me) for each in given})

    return _named(act, f"call {command}")


async def _argument(field: Field, root: str, me: Actor) -> PythonValue:
    """A value for an argument; a UUID is that of a record of some kind within the root kind, if there is one."""
    value = field.type.draw(me.chance)
    kinds = [kind.name for kind in me.catalog.kinds.values() if kind.within == root]
    if isinstance(value, UUID) and kinds:
        record = await me.pick(me.chance.choice(kinds))
        return UUID(record.id) if record else value
    return value


def _given(kind: Kind, me: Actor) -> list[str]:
    """The fields a new record is given: those it needs, and some of the others."""
    return [field.name for field in kind.fields.values() if field.required or me.chance.random() < 0.5]


def _root_of(kind: Kind) -> str:
    return str(kind.within)


def _named(act: Act, name: str) -> Act:
    act.__name__ = name
    return act
