"""A tenant's log and records on PostgreSQL."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from homeport_sync.choice import EVERYTHING, Choice
from homeport_sync.clock import Stamp
from homeport_sync.cursor import Cursor
from homeport_sync.limits import LIMITS, Limits
from homeport_sync.ports import LogEntry, OutcomeName, PageRows, Pruned, Standing
from homeport_sync.pull import Gathered, Plan, gathering, plan
from homeport_sync.sql import rows
from homeport_sync.sql.postgres import statements
from homeport_sync.sql.postgres.database import Connection, Database, OnDatabase
from homeport_sync.sql.postgres.load import head_of, standing
from homeport_sync.sql.postgres.pages import read_range
from homeport_sync.sql.postgres.transaction import PostgresTransaction
from homeport_sync.sql.postgres.trouble import translated
from homeport_sync.writer_ids import is_writer


class PostgresLog(OnDatabase):
    """`LogStore` on PostgreSQL."""

    def __init__(self, database: Database, limits: Limits = LIMITS) -> None:
        super().__init__(database)
        self._limits = limits

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[PostgresTransaction]:
        """See `ports.LogStore`."""
        with translated():
            async with self._database.connection() as connection:
                yield PostgresTransaction(connection, tenant)

    async def standing(self, tenant: str, user: str, device: str) -> Standing:
        """See `ports.LogStore`."""

        async def read(connection: Connection) -> Standing:
            return standing(tenant, user, await connection.fetch(statements.STANDING, tenant, user, device))

        return await self._database.read(tenant, read)

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

        async def read(connection: Connection) -> PageRows:
            stands = standing(tenant, user, await connection.fetch(statements.STANDING, tenant, user, device))
            ranges, full = await self._gather(connection, tenant, plan(stands, cursor, choice), limit)
            return PageRows(standing=stands, ranges=ranges, full=full)

        return await self._database.read(tenant, read)

    async def begin_epoch(self, tenant: str, former: str) -> None:
        """See `ports.LogStore`."""
        async with self._database.tenant(tenant) as connection:
            done = await connection.execute(statements.BEGIN_EPOCH, tenant, former, str(uuid.uuid4()), _now_ms())
            if done == "UPDATE 0":
                await head_of(connection, tenant)  # raises if there is no such tenant

    async def read(self, tenant: str, after: int, limit: int) -> Sequence[LogEntry]:
        """See `ports.LogStore`."""

        async def read(connection: Connection) -> list[LogEntry]:
            found = await connection.fetch(statements.READ_LOG, tenant, after, limit)
            if not found:
                await head_of(connection, tenant)  # raises if there is no such tenant
            return [rows.log_entry(tuple(row)) for row in found]

        return await self._database.read(tenant, read)

    async def prune_outcomes(self, tenant: str, before_ms: int, after: OutcomeName, upto: Stamp, limit: int) -> Pruned:
        """See `ports.LogStore`."""
        async with self._database.tenant(tenant) as connection:
            found = await connection.fetch(statements.OLD_OUTCOMES, tenant, upto, before_ms, *after, limit)
            old = [tuple(row) for row in found]
            gone = [(tenant, *name) for *name, goes in old if goes]
            await connection.executemany(statements.FORGET_OUTCOME, gone)
            if writers := [(tenant, device, number) for _, device, number, goes in old if goes and is_writer(device)]:
                await connection.executemany(statements.FORGET_WRITER, writers)
            if not old:
                await head_of(connection, tenant)  # raises if there is no such tenant
            return rows.pruned(old, limit)

    async def _gather(self, connection: Connection, tenant: str, made: Plan, limit: int) -> Gathered:
        steps = gathering(made, limit, self._limits)
        try:
            wanted, room = next(steps)
            while True:
                wanted, room = steps.send(await read_range(connection, tenant, wanted, room))
        except StopIteration as done:
            gathered: Gathered = done.value
            return gathered


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
