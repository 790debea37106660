"""What was rejected, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from homeport_sync.quarantine import Chosen, Held, QuarantinePlace
from homeport_sync.sql import rows
from homeport_sync.sql.postgres import statements
from homeport_sync.sql.postgres.database import Connection, OnDatabase
from homeport_sync.sql.postgres.load import head_of


class PostgresQuarantine(OnDatabase):
    """`Quarantine` on PostgreSQL."""

    async def quarantine(self, tenant: str, chosen: Chosen, after: QuarantinePlace, limit: int) -> Sequence[Held]:
        """See `quarantine.Quarantine`."""
        which = (chosen.closed, chosen.user, chosen.device, chosen.record)
        return await self._held(statements.QUARANTINE, tenant, *after, *which, limit)

    async def held(self, tenant: str, device: str, number: int) -> Held | None:
        """See `quarantine.Quarantine`."""
        found = await self._held(statements.HELD, tenant, device, number)
        return found[0] if found else None

    async def held_later(self, tenant: str, device: str, number: int, limit: int) -> Sequence[Held]:
        """See `quarantine.Quarantine`."""
        return await self._held(statements.HELD_LATER, tenant, device, number, limit)

    async def held_of(self, tenant: str, record: str, limit: int) -> Sequence[Held]:
        """See `quarantine.Quarantine`."""
        return await self._held(statements.HELD_OF, tenant, record, limit)

    async def _held(self, statement: str, tenant: str, *values: object) -> Sequence[Held]:
        async def read(connection: Connection) -> Sequence[Held]:
            await head_of(connection, tenant)  # raises if there is no such tenant
            return [rows.held(tuple(row)) for row in await connection.fetch(statement, tenant, *values)]

        return await self._database.read(tenant, read)
