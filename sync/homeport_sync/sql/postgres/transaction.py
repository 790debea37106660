"""One commit batch on PostgreSQL: lock the tenant's head, then load, decide elsewhere, write, commit.

Four round trips, whatever the batch holds: begin and lock; load; write; commit. The head's row stays locked to the
end, so no two processes ever decide about one tenant at once, and positions are given in the order of commits (I4).
"""

from __future__ import annotations

from collections.abc import Iterable

from homeport_sync.errors import Unavailable
from homeport_sync.ports import Loaded, Wanted, Writes
from homeport_sync.sql import rows
from homeport_sync.sql.postgres import statements
from homeport_sync.sql.postgres.database import WRITE, Connection, begin, literal
from homeport_sync.sql.postgres.load import loaded
from homeport_sync.sql.postgres.statements import columns_of
from homeport_sync.sql.postgres.trouble import translated


class PostgresTransaction:
    """See `ports.Transaction`."""

    def __init__(self, connection: Connection, tenant: str) -> None:
        self._connection = connection
        self._tenant = tenant

    async def load(self, wanted: Wanted) -> Loaded:
        """Lock, then read."""
        stamps, devices, numbers = columns_of(wanted.outcomes, 3)
        users, scopes = columns_of(wanted.grants, 2)
        lock = statements.LOCK.format(tenant=literal(self._tenant))
        with translated():
            await begin(self._connection, self._tenant, WRITE, lock)
            found = await self._connection.fetch(
                statements.LOAD,
                self._tenant,
                list(wanted.devices),
                stamps,
                devices,
                numbers,
                users,
                scopes,
                list(wanted.records),
            )
        return loaded(self._tenant, found)

    async def commit(self, writes: Writes) -> None:
        """Write everything, then commit."""
        with translated():
            await self._connection.fetch(statements.WRITE, *_parameters(self._tenant, writes))
            status = await self._connection.execute("COMMIT")
        if status != "COMMIT":
            raise Unavailable(f"The database ended the commit batch with {status}: send the same again.")


def _parameters(tenant: str, writes: Writes) -> Iterable[object]:
    """What `statements.WRITE` takes, in its order: the tenant is `$1` and stands in no column."""
    now_ms = writes.now_ms
    yield from (tenant, writes.head, now_ms)
    yield from columns_of((row[1:] for row in rows.log_rows(tenant, writes.log)), 14)
    yield from columns_of(((*row[1:8], row[10]) for row in rows.record_rows(tenant, writes.records, now_ms)), 8)
    yield from columns_of((row[1:] for row in rows.outcome_rows(tenant, writes.outcomes)), 6)
    yield from columns_of((row[1:] for row in rows.quarantine_rows(tenant, writes.quarantined)), 7)
    yield from columns_of((row[1:6] for row in rows.device_rows(tenant, writes.devices, now_ms)), 5)
    yield from columns_of(((*row[1:7], row[9]) for row in rows.grant_rows(tenant, writes.grants, now_ms)), 7)
