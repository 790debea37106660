"""Receipts on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from homeport_sync.receipts import DEVICES_MAX, KNOWN_LATE_MS, Ended, Holder, Receipt, first_of_each, merged
from homeport_sync.sql import rows
from homeport_sync.sql.postgres import statements
from homeport_sync.sql.postgres.database import Connection, OnDatabase
from homeport_sync.sql.postgres.load import head_of


class PostgresReceipts(OnDatabase):
    """`Receipts` on PostgreSQL."""

    async def keep_receipts(
        self, tenant: str, user: str, device: str, receipts: Sequence[Receipt], now_ms: int
    ) -> None:
        """See `receipts.TakesReceipts`."""
        told = [(each.scope, each.position, each.dropped_ms) for each in first_of_each(receipts)]
        columns = statements.columns_of(told, 3)
        async with self._database.tenant(tenant) as connection:
            await head_of(connection, tenant)  # raises if there is no such tenant
            await connection.execute(statements.KEEP_RECEIPTS, tenant, user, device, now_ms, *columns, DEVICES_MAX)

    async def ended_grants(
        self, tenant: str, after: tuple[str, str], limit: int, *, user: str = "", scope: str = ""
    ) -> Sequence[Ended]:
        """See `receipts.Receipts`."""

        async def read(connection: Connection) -> list[Ended]:
            await head_of(connection, tenant)
            found = await connection.fetch(statements.ENDED_GRANTS, tenant, *after, user, scope, limit)
            return [rows.ended(tuple(row)) for row in found]

        return await self._database.read(tenant, read)

    async def holders(self, tenant: str, ended: Ended, after: str, limit: int) -> Sequence[Holder]:
        """See `receipts.Receipts`."""
        user, before_ms = ended.user, ended.ended_at_ms + KNOWN_LATE_MS

        async def read(connection: Connection) -> list[Holder]:
            await head_of(connection, tenant)
            ending = (user, ended.scope, after, ended.position, limit)
            answered = await connection.fetch(statements.RECEIPTS_OF_ENDING, tenant, *ending)
            known = await connection.fetch(statements.SIGHTED_OF_USER, tenant, user, after, before_ms, limit)
            return merged((rows.holder(tuple(row)) for row in answered), ((row[0], row[1]) for row in known), limit)

        return await self._database.read(tenant, read)
