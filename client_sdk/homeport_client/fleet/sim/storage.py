"""A store that can lose its process: every call waits a little before and after, and can be where the process dies.

What was committed when the process dies is in the store below; what was not is gone, and so is everything that the
process had in memory. Each call passes its `Gate` twice, before and after, and each passing is a numbered
**crossing**: a test can name the one at which to die, and walk them all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from random import Random

from homeport_client.fleet.seed import at_moment, happens
from homeport_client.fleet.troubles import NONE
from homeport_sync.change import Record
from homeport_sync.choice import EVERYTHING, Choice
from homeport_sync.clock import Stamp
from homeport_sync.cursor import Cursor
from homeport_sync.exchange import ExchangeStore
from homeport_sync.ports import (
    Loaded,
    LogEntry,
    OutcomeName,
    PageRows,
    Pruned,
    Standing,
    Transaction,
    Wanted,
    Writes,
)
from homeport_sync.receipts import Receipt


class Crashed(Exception):
    """The process of the server is dead: nothing it still does can matter."""


class Gate:
    """Between one process and its store. `crash_rate` is for each crossing, `delay_s` the longest wait at one; how long
    each is belongs to its moment and the `salt`, which all processes of a server share.

    The process dies at the `crash_at`th crossing (0: at none), and at those that are `armed`.
    """

    def __init__(self, chance: Random, *, salt: int, crash_rate: float = 0.0, delay_s: float = 0.0) -> None:
        self.crossings: list[str] = []
        self.crash_at = 0
        self.armed = NONE
        self.dead = False
        self.on_death: Callable[[str, bool], None] = lambda name, drawn: None
        self._chance = chance
        self.crash_rate = crash_rate
        self._delay_s = delay_s
        self._salt = salt
        self._latest = (0.0, 0)

    async def cross(self, name: str) -> None:
        """One crossing, such as "before commit". Raises `Crashed` if the process dies at it or is dead."""
        if self._delay_s:
            await asyncio.sleep(self._delay_s * self._share(name, asyncio.get_running_loop().time()))
        if not self.dead:
            self.crossings.append(name)
            drawn = happens(self._chance, self.crash_rate)
            if drawn or len(self.crossings) == self.crash_at or self._is_armed(name):
                self.dead = True
                self.on_death(name, drawn)
        if self.dead:
            raise Crashed(name)

    def _share(self, name: str, now_s: float) -> float:
        """Of the longest wait: another for each who comes at one instant, or the heap of timers would order them."""
        self._latest = (now_s, self._latest[1] + 1 if now_s == self._latest[0] else 0)
        return at_moment(self._salt, now_s, f"{name} {self._latest[1]}")

    def _is_armed(self, crossing: str) -> bool:
        return bool(self.armed.take(lambda name: name == crossing))


class FaultyStore:
    """An exchange's store over another one, through a gate. `committed` is told of every batch that is."""

    def __init__(
        self, store: ExchangeStore, gate: Gate, committed: Callable[[Writes], None] = lambda writes: None
    ) -> None:
        self._store = store
        self._gate = gate
        self._committed = committed

    def transaction(self, tenant: str) -> AbstractAsyncContextManager[Transaction]:
        """As the port says; a process that dies in it leaves the lock as a closed connection would."""
        return self._transaction(tenant)

    @asynccontextmanager
    async def _transaction(self, tenant: str) -> AsyncIterator[Transaction]:
        await self._gate.cross("before transaction")
        async with self._store.transaction(tenant) as transaction:
            yield _FaultyTransaction(transaction, self._gate, self._committed)
        await self._gate.cross("after transaction")

    async def standing(self, tenant: str, user: str, device: str) -> Standing:
        """As the port says."""
        await self._gate.cross("before standing")
        standing = await self._store.standing(tenant, user, device)
        await self._gate.cross("after standing")
        return standing

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
        """As the port says."""
        await self._gate.cross("before page")
        rows = await self._store.page(tenant, user, device, cursor, limit, choice=choice)
        await self._gate.cross("after page")
        return rows

    async def begin_epoch(self, tenant: str, former: str) -> None:
        """As the port says."""
        await self._gate.cross("before begin_epoch")
        await self._store.begin_epoch(tenant, former)
        await self._gate.cross("after begin_epoch")

    async def read(self, tenant: str, after: int, limit: int) -> Sequence[LogEntry]:
        """As the port says."""
        await self._gate.cross("before read")
        entries = await self._store.read(tenant, after, limit)
        await self._gate.cross("after read")
        return entries

    async def prune_outcomes(self, tenant: str, before_ms: int, after: OutcomeName, upto: Stamp, limit: int) -> Pruned:
        """As the port says."""
        await self._gate.cross("before prune_outcomes")
        pruned = await self._store.prune_outcomes(tenant, before_ms, after, upto, limit)
        await self._gate.cross("after prune_outcomes")
        return pruned

    async def records(self, tenant: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """As the port says."""
        await self._gate.cross("before records")
        records = await self._store.records(tenant, ids)
        await self._gate.cross("after records")
        return records

    async def written(self, tenant: str, scope: str, after: int, limit: int) -> Sequence[Record]:
        """As the port says."""
        await self._gate.cross("before written")
        records = await self._store.written(tenant, scope, after, limit)
        await self._gate.cross("after written")
        return records

    async def keep_receipts(
        self, tenant: str, user: str, device: str, receipts: Sequence[Receipt], now_ms: int
    ) -> None:
        """As the port says."""
        await self._gate.cross("before keep_receipts")
        await self._store.keep_receipts(tenant, user, device, receipts, now_ms)
        await self._gate.cross("after keep_receipts")


class _FaultyTransaction:
    def __init__(self, transaction: Transaction, gate: Gate, committed: Callable[[Writes], None]) -> None:
        self._transaction = transaction
        self._gate = gate
        self._committed = committed

    async def load(self, wanted: Wanted) -> Loaded:
        await self._gate.cross("before load")
        loaded = await self._transaction.load(wanted)
        await self._gate.cross("after load")
        return loaded

    async def commit(self, writes: Writes) -> None:
        await self._gate.cross("before commit")
        await self._transaction.commit(writes)
        self._committed(writes)
        await self._gate.cross("after commit")
