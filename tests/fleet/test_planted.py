"""Bugs planted in a store, each one that real systems have had: fleets play on it, and the checkers must see it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from msgspec.structs import replace as struct_replace

from homeport_client.fleet import Fleet, Script, Setup
from homeport_sync import App
from homeport_sync.change import Fields
from homeport_sync.choice import EVERYTHING, Choice
from homeport_sync.cursor import Cursor
from homeport_sync.memory import MemoryStore, MemoryTransaction
from homeport_sync.ports import PageRows, Standing, StoredRecord, Writes

SEEDS = range(5)
SCRIPT = Script(devices=6, duration_s=240, watched=0)


class _Tampered(MemoryStore):
    """A store that writes something else than it was told to, in every `every`th batch."""

    every = 1
    batches = 0

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[MemoryTransaction]:
        async with super().transaction(tenant) as transaction:
            yield _TamperedTransaction(transaction, self._maybe)

    def _maybe(self, writes: Writes) -> Writes:
        self.batches += 1
        return writes if self.batches % self.every else self.tamper(writes)

    def tamper(self, writes: Writes) -> Writes:
        raise NotImplementedError


class _TamperedTransaction(MemoryTransaction):
    def __init__(self, transaction: MemoryTransaction, tamper: Callable[[Writes], Writes]) -> None:
        super().__init__(transaction._log)
        self._tamper = tamper

    async def commit(self, writes: Writes) -> None:
        await super().commit(self._tamper(writes))


class ForgetsChanges(_Tampered):
    """Acknowledges a batch without keeping it: an answer before the commit."""

    every = 7

    def tamper(self, writes: Writes) -> Writes:
        return replace(writes, log=(), records=(), grants=())


class ForgetsDevices(_Tampered):
    """Keeps the changes and not who sent them: numbers and changes in two transactions."""

    every = 3

    def tamper(self, writes: Writes) -> Writes:
        return replace(writes, devices=(), outcomes=())


class GivesPositionsTwice(_Tampered):
    """Does not keep that the head has moved: positions given before the lock is held."""

    every = 9

    def tamper(self, writes: Writes) -> Writes:
        return replace(writes, head=writes.head - bool(writes.log))


class MergesNothing(_Tampered):
    """Keeps the fields a task was made with: all devices agree, and all are wrong."""

    def tamper(self, writes: Writes) -> Writes:
        self.first: dict[str, Fields] = getattr(self, "first", {})
        return replace(writes, records=[self._as_made(stored) for stored in writes.records])

    def _as_made(self, stored: StoredRecord) -> StoredRecord:
        record = stored.record
        if record.kind != "Task" or record.deleted:
            return stored
        made = self.first.setdefault(record.id, record.fields)
        return replace(stored, record=struct_replace(record, fields={**record.fields, "title": made["title"]}))


class SkipsRows(MemoryStore):
    """Leaves the last row out of a page that passes it: a cursor that skips what was not committed yet."""

    async def page(
        self,
        tenant: str,
        user: str,
        device: str,
        cursor: Cursor | None,
        limit: int,
        *,
        choice: Choice = EVERYTHING,
    ) -> PageRows:
        rows = await super().page(tenant, user, device, cursor, limit, choice=choice)
        tail = rows.ranges[0] if rows.ranges else ()
        if cursor is None or rows.full or len(tail) < 2:
            return rows
        return replace(rows, ranges=[tail[:-1], *rows.ranges[1:]])


class ForgetsRevocations(MemoryStore):
    """Stops to serve a scope whose grant has ended, and tells nobody."""

    async def standing(self, tenant: str, user: str, device: str) -> Standing:
        standing = await super().standing(tenant, user, device)
        return replace(standing, grants=[grant for grant in standing.grants if grant.holds])


@pytest.mark.parametrize(
    ("store", "seen_by"),
    [
        (ForgetsChanges, {"lost"}),
        (ForgetsDevices, {"twice"}),
        (GivesPositionsTwice, {"gaps"}),
        (MergesNothing, {"differing"}),
        (SkipsRows, {"differing"}),
        (ForgetsRevocations, {"outside"}),
    ],
)
def test_a_bug_planted_in_the_store_is_found_by_its_checker(
    app: App, store: type[MemoryStore], seen_by: set[str]
) -> None:
    seen: set[str] = set()
    for seed in SEEDS:
        verdict = Fleet(app, seed, script=SCRIPT, setup=Setup(store=store)).run().verdict
        assert verdict is not None
        seen |= verdict.found.keys()
        if seen_by <= seen:
            break
    assert seen_by <= seen
