"""The annals on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from homeport_sync.annals import (
    HISTORY_LOOKED_MAX,
    LOWERED_LOOKED_MAX,
    Stretch,
    earliest,
    first_of,
    names_of,
    perhaps_lowered,
    stretch_of,
)
from homeport_sync.ports import LogEntry, StoredOutcome
from homeport_sync.quarantine import change_name
from homeport_sync.sql import rows
from homeport_sync.sql.postgres import statements
from homeport_sync.sql.postgres.database import Connection, OnDatabase
from homeport_sync.sql.postgres.load import head_of


class PostgresAnnals(OnDatabase):
    """`Annals` on PostgreSQL."""

    async def read_back(self, tenant: str, before: int, limit: int) -> Sequence[LogEntry]:
        """See `annals.Annals`."""

        async def read(connection: Connection) -> Sequence[LogEntry]:
            await head_of(connection, tenant)  # raises if there is no such tenant
            found = await connection.fetch(statements.READ_BACK, tenant, before, limit)
            return [rows.log_entry(tuple(row)) for row in found]

        return await self._database.read(tenant, read)

    async def of_record(
        self, tenant: str, record: str, before: int, limit: int, looked_max: int = HISTORY_LOOKED_MAX
    ) -> Stretch:
        """See `annals.Annals`."""

        async def read(connection: Connection) -> Stretch:
            upto = min(before - 1, (await head_of(connection, tenant)).position)
            first = first_of(upto, looked_max)
            found = await connection.fetch(statements.OF_RECORD, tenant, first, upto, record, limit)
            return stretch_of([rows.log_entry(tuple(row)) for row in found], upto, limit, looked_max)

        return await self._database.read(tenant, read)

    async def outcomes_of(self, tenant: str, entries: Sequence[LogEntry]) -> Mapping[tuple[str, int], StoredOutcome]:
        """See `annals.Annals`."""

        async def read(connection: Connection) -> Mapping[tuple[str, int], StoredOutcome]:
            await head_of(connection, tenant)  # raises if there is no such tenant
            names = statements.columns_of(names_of(entries), 3)
            told = rows.outcomes_by_change(map(tuple, await connection.fetch(statements.OUTCOMES, tenant, *names)))
            if lowered := [*perhaps_lowered(entries, told)]:
                changes = [change_name(each.device, each.number) for each in lowered]
                asked = (earliest(lowered), changes, LOWERED_LOOKED_MAX)
                later = await connection.fetch(statements.OUTCOMES_LATER, tenant, *asked)
                told |= rows.outcomes_by_change(map(tuple, later))
            return told

        return await self._database.read(tenant, read)
