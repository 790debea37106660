"""Lookups on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from homeport_sync.change import Record, decode_record
from homeport_sync.sightings import Sighting
from homeport_sync.sql import rows
from homeport_sync.sql.postgres import device_statements, statements
from homeport_sync.sql.postgres.database import Connection, OnDatabase
from homeport_sync.sql.postgres.load import head_of

WHOLE_BYTES = 2**31 - 1  # of each record, however large
THE_END = 2**63 - 1


class PostgresLookups(OnDatabase):
    """`Lookups` on PostgreSQL."""

    async def records(self, tenant: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """See `lookups.Lookups`."""
        found = await self._look(tenant, statements.RECORDS, list(ids))
        return {each.record.id: each.record for each in map(rows.stored_record, found)}

    async def written(self, tenant: str, scope: str, after: int, limit: int) -> Sequence[Record]:
        """See `lookups.Lookups`."""
        found = await self._look(tenant, statements.SCOPE_ROWS, scope, after, THE_END, limit, WHOLE_BYTES)
        return [decode_record(row[1]) for row in found]

    async def members(self, tenant: str, scope: str, after: str, limit: int) -> Sequence[str]:
        """See `lookups.Lookups`."""
        return [row[0] for row in await self._look(tenant, statements.MEMBERS, scope, after, limit)]

    async def presences(self, tenant: str, devices: Sequence[str]) -> Mapping[str, Sighting]:
        """See `lookups.Lookups`."""
        found = await self._look(tenant, device_statements.SIGHTINGS, list(devices))
        return {each.device: each for each in map(rows.sighting, found)}

    async def _look(self, tenant: str, statement: str, *values: object) -> list[rows.Row]:
        async def look(connection: Connection) -> list[rows.Row]:
            await head_of(connection, tenant)  # raises if there is no such tenant
            return [tuple(row) for row in await connection.fetch(statement, tenant, *values)]

        return await self._database.read(tenant, look)
