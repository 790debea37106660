"""The tenants on PostgreSQL. Their names are on the roster, which is read as `ROSTER` and not as one of them."""

from __future__ import annotations

from collections.abc import Sequence

from homeport_sync.ports import Tenant
from homeport_sync.sql import rows
from homeport_sync.sql.postgres import statements
from homeport_sync.sql.postgres.database import ROSTER, Connection, OnDatabase, Row


class PostgresTenants(OnDatabase):
    """`Tenants` on PostgreSQL."""

    async def create(self, name: str, *, id: str, epoch: str, now_ms: int) -> Tenant:
        """See `ports.Tenants`."""
        async with self._database.tenant(id) as connection:
            if await connection.execute(statements.ADD_TENANT, id, name, now_ms) == "INSERT 0 1":
                await connection.execute(statements.ADD_HEAD, id, epoch, now_ms)
        (found,) = await self._roster(statements.TENANT_BY_NAME, name)
        return found

    async def find(self, id_or_name: str) -> Tenant | None:
        """See `ports.Tenants`."""
        found = await self._roster(statements.TENANT_BY_ID, id_or_name)
        found = found or await self._roster(statements.TENANT_BY_NAME, id_or_name)
        return found[0] if found else None

    async def tenants(self, after: str, limit: int) -> Sequence[Tenant]:
        """See `ports.Tenants`."""
        return await self._roster(statements.TENANTS, after, limit)

    async def _roster(self, statement: str, *values: object) -> list[Tenant]:
        async def read(connection: Connection) -> list[Row]:
            return await connection.fetch(statement, *values)

        return [rows.tenant_of(tuple(row)) for row in await self._database.read(ROSTER, read)]
