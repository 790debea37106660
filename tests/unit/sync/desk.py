"""An app with a field of every rule, and a desk at which people write to it who have no device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from homeport_sync import App, Call, Rank, field
from homeport_sync.change import Change, Edits, Record, encode
from homeport_sync.cursor import CursorSeal
from homeport_sync.draft import Draft
from homeport_sync.exchange import Exchange, ExchangeStore
from homeport_sync.limits import LIMITS
from homeport_sync.memory import MemoryStore
from homeport_sync.quarantine import Quarantine
from homeport_sync.query import Queries
from homeport_sync.signals import LocalSignals
from homeport_sync.values import PythonValue
from homeport_sync.wire import PushAnswer, PushMessage, decode_push_answer
from homeport_sync.writer import Told
from tests.unit.sync.tasks import NOW, Phone

TENANT = "acme"
app = App("stall")


@app.kind(root=True)
class Stall:
    name: str = ""


def longer(_: PythonValue, mine: PythonValue, theirs: PythonValue) -> PythonValue:
    """The longer of two texts, the one that is there if they are as long."""
    return mine if len(str(mine)) > len(str(theirs)) else theirs


@app.kind(within=Stall)
class Fruit:
    name: str = field(max_length=40)
    sold: int = field(default=0, merge="counter")
    tags: set[str]
    stock: int = field(default=0, merge="guarded")
    label: str = field(default="", merge=longer)
    buyer: str | None = field(default=None, merge="first")
    place: Rank = field(indexed=True)
    shelf: Rank


@app.kind(within=Stall, guarded=True)
class Till:
    cents: int = 0


@app.kind(within=Stall)
class Crate:
    code: str = field(unique=True)
    of: UUID | None = field(default=None, refers_to=Fruit, on_delete="restrict")


@app.command(scope=Stall, reads=[Fruit])
def sell_all(call: Call, to: str) -> None:
    for fruit in call.records(Fruit):
        call.update(fruit.id, buyer=to)
    call.create(Till, cents=1)


class DeskStore(ExchangeStore, Quarantine, Protocol):
    """What a desk works on."""


class Desk:
    """Ann's stall over a store. `exchange` is one process that serves it; `ms` is what its clock shows."""

    def __init__(self, store: DeskStore, queries: Queries) -> None:
        self.store = store
        self.queries = queries
        self.catalog = app.catalog
        self.ms = NOW
        self.exchange = self.process()

    @classmethod
    async def open(cls) -> Desk:
        """A new tenant of a store in memory."""
        store = MemoryStore()
        await store.create("Acme", id=TENANT, epoch="first", now_ms=NOW)
        return cls(store, store)

    def process(self) -> Exchange:
        """One more process over the store."""
        return Exchange(
            store=self.store,
            catalog=self.catalog,
            signals=LocalSignals(),
            seal=CursorSeal(b"k" * 32),
            limits=LIMITS,
            wall_ms=lambda: self.ms,
            queries=self.queries,
        )

    async def write(
        self, *drafts: Draft, key: str | None = None, user: str = "ann", as_one: bool = False, keeps: bool = False
    ) -> Sequence[Told]:
        return await self.exchange.write(
            TENANT, user, drafts, key=key, request_id="request", as_one=as_one, keeps_refused=keeps
        )

    async def one(self, draft: Draft, *, key: str | None = None, user: str = "ann") -> Told:
        """What becomes of one."""
        (told,) = await self.write(draft, key=key, user=user)
        return told

    async def stall(self) -> str:
        """A new stall of ann's."""
        return (await self.one(Draft(op="create", kind="Stall"))).id

    async def fruit(self, scope: str, **fields: object) -> Record:
        """A fruit that is there."""
        draft = Draft(op="create", kind="Fruit", scope=scope, fields=edits({"name": "fig", **fields}))
        made = await self.one(draft)
        assert made.record is not None, made
        return made.record

    async def push(self, phone: Phone, *changes: Change) -> PushAnswer:
        """What a phone pushes."""
        raw = [msgspec.Raw(encode(each).encode()) for each in changes]
        pushed = await self.exchange.push(
            TENANT, phone.user, PushMessage(device=phone.device, changes=raw), request_id="phone"
        )
        return decode_push_answer(pushed.text)

    async def log(self) -> list[tuple[str, str]]:
        """What is in the log: each operation and its record."""
        return [(each.op, each.record) for each in await self.store.read(TENANT, 0, 1_000)]

    async def record(self, id: str, user: str = "ann") -> Record:
        return (await self.queries.seen(TENANT, user, [id]))[id]


def create(kind: str, scope: str, *, id: str = "", **fields: object) -> Draft:
    return Draft(op="create", kind=kind, scope=scope, id=id, fields=edits(fields))


def update(record: Record, *, expected: int | None = None, **fields: object) -> Draft:
    return Draft(op="update", kind=record.kind, id=record.id, fields=edits(fields), expected=expected)


def delete(record: Record, *, expected: int | None = None) -> Draft:
    return Draft(op="delete", kind=record.kind, id=record.id, expected=expected)


def code_of(told: Told) -> str:
    """Why it was refused; an empty text if it was not."""
    return told.code


def said(told: Sequence[Told]) -> list[str]:
    """Of each the verdict, or why it was refused."""
    return [code_of(each) or each.outcome.outcome for each in told]


def edits(fields: dict[str, object]) -> Edits:
    """What may or may not be written to fields."""
    return fields  # type: ignore[return-value]  # tests write what does not fit, too
