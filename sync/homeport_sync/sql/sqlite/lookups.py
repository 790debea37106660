"""Lookups on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from homeport_sync.change import Record, decode_record
from homeport_sync.sightings import Sighting
from homeport_sync.sql import rows
from homeport_sync.sql.sqlite import device_statements, statements
from homeport_sync.sql.sqlite.file import OnFile
from homeport_sync.sql.sqlite.transaction import head_of, json_list

THE_END = 2**63 - 1


class SqliteLookups(OnFile):
    """`Lookups` on SQLite."""

    async def records(self, tenant: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """See `lookups.Lookups`."""
        found = await self._look(statements.RECORDS, {"tenant": tenant, "records": json_list(ids)})
        return {each.record.id: each.record for each in map(rows.stored_record, found)}

    async def written(self, tenant: str, scope: str, after: int, limit: int) -> Sequence[Record]:
        """See `lookups.Lookups`."""
        asked = {"tenant": tenant, "scope": scope, "after": after, "upto": THE_END, "room": limit}
        return [decode_record(row[1]) for row in await self._look(statements.SCOPE_ROWS, asked)]

    async def members(self, tenant: str, scope: str, after: str, limit: int) -> Sequence[str]:
        """See `lookups.Lookups`."""
        asked = {"tenant": tenant, "scope": scope, "after": after, "room": limit}
        return [row[0] for row in await self._look(statements.MEMBERS, asked)]

    async def presences(self, tenant: str, devices: Sequence[str]) -> Mapping[str, Sighting]:
        """See `lookups.Lookups`."""
        found = await self._look(device_statements.SIGHTINGS, {"tenant": tenant, "devices": json_list(devices)})
        return {each.device: each for each in map(rows.sighting, found)}

    async def _look(self, statement: str, values: dict[str, object]) -> list[rows.Row]:
        def look(connection: sqlite3.Connection) -> list[rows.Row]:
            head_of(connection, str(values["tenant"]))  # raises if there is no such tenant
            return connection.execute(statement, values).fetchall()

        return await self._reader.run(look)
