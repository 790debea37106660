"""One commit batch on PostgreSQL: lock the tenant's head and load, decide elsewhere, write, commit.

Four round trips, whatever the batch holds: begin; lock and load; write; commit (and one more to load again, when the
lock was held by another batch, whose writes must be seen). The head's row stays locked to the
end, so no two processes ever decide about one tenant at once, and positions are given in the order of commits (I4).
"""

from __future__ import annotations

from homeport_sync.ports import KIND_RECORDS_MAX, Loaded, Wanted, Writes
from homeport_sync.sql import rows
from homeport_sync.sql.postgres import statements
from homeport_sync.sql.postgres.database import WRITE, Connection, begin, commit
from homeport_sync.sql.postgres.load import is_stale, loaded
from homeport_sync.sql.postgres.statements import columns_of
from homeport_sync.sql.postgres.trouble import translated
from homeport_sync.sql.postgres.write import written


class PostgresTransaction:
    """See `ports.Transaction`."""

    def __init__(self, connection: Connection, tenant: str) -> None:
        self._connection = connection
        self._tenant = tenant

    async def load(self, wanted: Wanted) -> Loaded:
        """Lock and read; read again if the lock was not there at once. All of a kind is read after that."""
        asked = (
            self._tenant,
            list(wanted.devices),
            *columns_of(wanted.outcomes, 3),
            *columns_of(wanted.grants, 2),
            list(wanted.records),
            list(wanted.stamps),
        )
        with translated():
            await begin(self._connection, self._tenant, WRITE)
            found = await self._connection.fetch(statements.LOAD, *asked)
            if is_stale(found):
                found = await self._connection.fetch(statements.LOAD, *asked)
            kinds = columns_of(wanted.kinds, 2)
            listed = wanted.kinds and await self._connection.fetch(
                statements.OF_KIND, self._tenant, *kinds, KIND_RECORDS_MAX
            )
        return loaded(self._tenant, found, listed or ())

    async def commit(self, writes: Writes) -> None:
        """Write everything, then commit."""
        statement, parameters = written(self._tenant, writes)
        marks = [tuple(each.values()) for each in rows.marks(self._tenant, writes.replayed, writes.now_ms)]
        with translated():
            if marks:
                await self._connection.executemany(statements.MARK_REPLAYED, marks)
            await self._connection.fetch(statement, *parameters)
            if tried := rows.replay_rows(self._tenant, writes.quarantined):
                await self._connection.executemany(statements.ADD_REPLAY, tried)
            await commit(self._connection)
