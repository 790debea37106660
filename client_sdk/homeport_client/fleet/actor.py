"""An actor: somebody with a phone, who looks at what is on it and does something. Acts are written against this.

    async def tick_off(me: Actor) -> None:
        task = await me.pick("Task", where={"done": False})
        if task:
            await me.update(task, done=True)

What an act does becomes steps of the story, with the values and records it chose.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from uuid import UUID

from homeport_client import View
from homeport_client.fleet.deeds.table import perform
from homeport_client.fleet.phone import Phone
from homeport_client.fleet.stage import Stage
from homeport_client.fleet.story import Detail, Step
from homeport_sync.catalog import Catalog
from homeport_sync.change import Fields
from homeport_sync.values import PythonValue

SEEN_MAX = 30
LOOKS_MAX = 4
NEWEST, NEWEST_SHARE = 3, 0.5  # so often it is one of the three that came last: what is new is what people work on
STRANGE = 0.1  # so often somebody looks for what another circle has shared


class Actor:
    """See the module. `chance` is the stream to draw from, `others` are those one may share with."""

    def __init__(self, stage: Stage, phone: Phone, chance: Random, others: tuple[str, ...]) -> None:
        self.phone = phone
        self.chance = chance
        self.others = others
        self._stage = stage
        self._parts: list[Step] | None = None
        self._deleted: dict[str, str] = {}

    @property
    def catalog(self) -> Catalog:
        """What the app declares."""
        return self._stage.world.app.catalog

    @property
    def now_s(self) -> float:
        """How long the fleet has been at work, in seconds."""
        return self._stage.world.now_ms() / 1_000

    async def pick(self, kind: str, *, where: Mapping[str, PythonValue] | None = None) -> View | None:
        """One of the records on the phone, or of those that have these values; None if there are none, or none of the
        few that were looked for is there. Raises `UnknownKind` for a kind that the app does not declare."""
        self.catalog.kind(kind)
        if where is not None:
            found = await self.phone.device.query(kind, where=where, limit=SEEN_MAX)
            return self.chance.choice(found) if found else None
        for _ in range(LOOKS_MAX):
            circle = self.phone.handset.circle - (self.chance.random() < STRANGE)
            made = self._stage.labels.made_in(kind, circle)
            of = made[-NEWEST:] if self.chance.random() < NEWEST_SHARE else made
            view = await self.phone.device.get(self.chance.choice(of)) if made else None
            if view is not None:
                return view
        return None

    async def find(self, label: str) -> View | None:
        """The record of that label, which somebody here has made; None if it is not on the phone, or not yet."""
        id = self._stage.labels.id(label)
        return await self.phone.device.get(id) if id else None

    def draw(self, kind: str, *names: str) -> dict[str, PythonValue]:
        """Values for these fields, as people might write them."""
        fields = self.catalog.kind(kind).fields
        return {name: fields[name].type.draw(self.chance) for name in names}

    async def create(self, kind: str, scope: View | str | None = None, /, **fields: PythonValue) -> str | None:
        """Make a record, within a scope unless it is a root; its id, or None if the device did not take it. In a group
        it is made at the end: until then it is called by its label."""
        label = self._stage.labels.next(kind, self.phone.name)
        what: dict[str, Detail] = {"kind": kind, "label": label, "fields": self._wire(kind, fields)}
        if scope is not None:
            what["scope"] = self._label(scope)
        await self.do("create", **what)
        return label if self._parts is not None else self._stage.labels.id(label)

    async def update(self, record: View | str, /, **fields: PythonValue) -> None:
        """Write some fields of a record."""
        kind = self._kind(record)
        await self.do("update", kind=kind, label=self._label(record), fields=self._wire(kind, fields))

    async def delete(self, record: View | str) -> None:
        """Delete a record, for everybody."""
        kind, label = self._kind(record), self._label(record)
        self._deleted[kind] = label
        await self.do("delete", kind=kind, label=label)

    def deleted(self, kind: str) -> str | None:
        """The id of the record of a kind that was deleted last here; None if there is none, or it was brought back."""
        return self._stage.labels.id(self._deleted.get(kind))

    async def restore(self, record: View | str) -> None:
        """Bring back a record that was deleted, as this phone knew it when it deleted it."""
        kind, label = self._kind(record), self._label(record)
        if self._deleted.get(kind) == label:
            del self._deleted[kind]
        await self.do("restore", kind=kind, label=label)

    async def move(self, record: View | str, into: View | str) -> None:
        """Take a record into another scope."""
        await self.do("move", kind=self._kind(record), label=self._label(record), into=self._label(into))

    async def invite(self, scope: View | str, user: str, role: str = "editor") -> None:
        """Let somebody in."""
        what: dict[str, Detail] = {"scope": self._label(scope), "user": user}
        await self.do("invite", **(what if role == "editor" else {**what, "role": role}))

    async def remove(self, scope: View | str, user: str) -> None:
        """Put somebody out."""
        await self.do("remove", scope=self._label(scope), user=user)

    async def call(self, scope: View | str, command: str, /, **arguments: PythonValue) -> None:
        """Call a command of the app in a scope."""
        wire = self.catalog.command(command).arguments.to_wire(arguments)
        ids = {name for name, value in arguments.items() if isinstance(value, UUID)}
        told = {name: self._stage.labels.label(str(value)) if name in ids else value for name, value in wire.items()}
        await self.do("call", command=command, scope=self._label(scope), arguments=told)

    @asynccontextmanager
    async def group(self) -> AsyncIterator[None]:
        """What is written inside takes effect together or not at all: `async with me.group(): …`."""
        parts: list[Step] = []
        self._parts = parts
        try:
            yield
        finally:
            self._parts = None
        if len(parts) == 1:
            await self.do(parts[0].do, **parts[0].what)
        elif parts:
            await perform(self._stage, self._step("group", {}, parts))

    async def do(self, verb: str, **what: Detail) -> None:
        """Any other step that can happen to the phone. In a group each record is written to once."""
        step = self._step(verb, what)
        if self._parts is None:
            await perform(self._stage, step)
        elif all(about(step) != about(part) for part in self._parts):
            self._parts.append(step)

    def _step(self, verb: str, what: Mapping[str, Detail], parts: Sequence[Step] = ()) -> Step:
        now_ms = self._stage.world.now_ms()
        return Step(at_ms=now_ms, who=self.phone.name, do=verb, what=what, parts=tuple(parts))

    def _label(self, record: View | str) -> str:
        return self._stage.labels.label(record if isinstance(record, str) else record.id)

    def _kind(self, record: View | str) -> str:
        return self._stage.labels.kind(record) if isinstance(record, str) else record.kind

    def _wire(self, kind: str, fields: Mapping[str, PythonValue]) -> Fields:
        return self.catalog.kind(kind).to_wire(fields)


def about(step: Step) -> tuple[object, ...]:
    """What a write is about: a record, a user in a scope, or a command there."""
    return tuple(step.what.get(name) for name in ("label", "scope", "user", "command"))
