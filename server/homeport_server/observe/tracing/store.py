"""A store whose commit batches leave spans, linked to the requests whose pushes they hold."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from homeport_server.observe.tracing.port import Span, Tracer
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


class TracedStore:
    """An exchange's store over another one: what is traced is the transaction, all else is passed on."""

    def __init__(self, store: ExchangeStore, tracer: Tracer) -> None:
        self._store = store
        self._tracer = tracer

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[Transaction]:
        """See `ports.LogStore`."""
        with self._tracer.batch(tenant) as span:
            async with self._store.transaction(tenant) as transaction:
                yield _TracedTransaction(transaction, tenant, span, self._tracer)

    async def standing(self, tenant: str, user: str, device: str) -> Standing:
        """See `ports.LogStore`."""
        return await self._store.standing(tenant, user, device)

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
        """See `ports.LogStore`."""
        return await self._store.page(tenant, user, device, cursor, limit, choice=choice)

    async def begin_epoch(self, tenant: str, former: str) -> None:
        """See `ports.LogStore`."""
        await self._store.begin_epoch(tenant, former)

    async def read(self, tenant: str, after: int, limit: int) -> Sequence[LogEntry]:
        """See `ports.LogStore`."""
        return await self._store.read(tenant, after, limit)

    async def prune_outcomes(self, tenant: str, before_ms: int, after: OutcomeName, upto: Stamp, limit: int) -> Pruned:
        """See `ports.LogStore`."""
        return await self._store.prune_outcomes(tenant, before_ms, after, upto, limit)

    async def records(self, tenant: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """See `lookups.Lookups`."""
        return await self._store.records(tenant, ids)

    async def written(self, tenant: str, scope: str, after: int, limit: int) -> Sequence[Record]:
        """See `lookups.Lookups`."""
        return await self._store.written(tenant, scope, after, limit)

    async def keep_receipts(
        self, tenant: str, user: str, device: str, receipts: Sequence[Receipt], now_ms: int
    ) -> None:
        """See `receipts.TakesReceipts`."""
        await self._store.keep_receipts(tenant, user, device, receipts, now_ms)


class _TracedTransaction:
    def __init__(self, transaction: Transaction, tenant: str, span: Span, tracer: Tracer) -> None:
        self._transaction = transaction
        self._tenant = tenant
        self._span = span
        self._tracer = tracer

    async def load(self, wanted: Wanted) -> Loaded:
        """See `ports.Transaction`."""
        self._tracer.holds(self._span, self._tenant, wanted.devices)
        return await self._transaction.load(wanted)

    async def commit(self, writes: Writes) -> None:
        """See `ports.Transaction`."""
        self._span.tell({"accepted": len(writes.log), "rejected": len(writes.quarantined), "head": writes.head})
        await self._transaction.commit(writes)
