"""What people do with the records of any kind, made from its declaration: make, edit, delete and share them.

Whatever an act cannot do (no list yet, no task left, no right to it) it leaves.
"""

from __future__ import annotations

from homeport_client.fleet.actor import Actor
from homeport_client.fleet.persona import Act
from homeport_sync.catalog import Kind
from homeport_sync.role import BUILT_IN

FIELDS_MAX = 3


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


def erase(kind: str) -> Act:
    """Any record goes, for everybody."""

    async def act(me: Actor) -> None:
        record = await me.pick(kind)
        if record:
            await me.delete(record)

    return _named(act, f"erase {kind}")


def share(kind: str) -> Act:
    """Somebody gets to see a root, in any role."""

    async def act(me: Actor) -> None:
        scope = await me.pick(kind)
        if scope and me.others:
            await me.invite(scope, me.chance.choice(me.others), me.chance.choice([*BUILT_IN]))

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


def _given(kind: Kind, me: Actor) -> list[str]:
    """The fields a new record is given: those it needs, and some of the others."""
    return [field.name for field in kind.fields.values() if field.required or me.chance.random() < 0.5]


def _root_of(kind: Kind) -> str:
    return str(kind.within)


def _named(act: Act, name: str) -> Act:
    act.__name__ = name
    return act
