"""One commit batch on PostgreSQL: lock the tenant's head and load, decide elsewhere, write, commit.

Four round trips for nearly every batch: begin; lock and load; write; commit (and one more to load again, when the
lock was held by another batch, whose writes must be seen; and one each for whole kinds, for keys, for links, and for
keys and links that go). The head's row stays locked to the
end, so no two processes ever decide about one tenant at once, and positions are given in the order of commits (I4).
"""

from __future__ import annotations

from homeport_sync.ports import FORMER_IDS_MAX, KIND_RECORDS_MAX, Loaded, Wanted, Writes
from homeport_sync.sql import rows
from homeport_sync.sql.postgres import statements
from homeport_sync.sql.postgres.database import WRITE, Connection, Row, begin, commit
from homeport_sync.sql.postgres.load import Beside, Linked, is_stale, loaded, sorted_links
from homeport_sync.sql.postgres.statements import columns_of
from homeport_sync.sql.postgres.trouble import translated
from homeport_sync.sql.postgres.write import written


class PostgresTransaction:
    """See `ports.Transaction`."""

    def __init__(self, connection: Connection, tenant: str) -> None:
        self._connection = connection
        self._tenant = tenant
        self._began = False

    async def load(self, wanted: Wanted) -> Loaded:
        """Lock and read; read again if the lock was not there at once. All of a kind is read after that."""
        asked = (
            self._tenant,
            list(wanted.devices),
            *columns_of(wanted.outcomes, 3),
            *columns_of(wanted.grants, 2),
            list(wanted.records),
            list(wanted.stamps),
            *columns_of(wanted.creates, 2),
            FORMER_IDS_MAX,
        )
        with translated():
            if not self._began:
                await begin(self._connection, self._tenant, WRITE)
                self._began = True
            found = await self._connection.fetch(statements.LOAD, *asked)
            if is_stale(found):
                found = await self._connection.fetch(statements.LOAD, *asked)
            kinds = columns_of(wanted.kinds, 2)
            listed = wanted.kinds and await self._connection.fetch(
                statements.OF_KIND, self._tenant, *kinds, KIND_RECORDS_MAX
            )
            beside = await self._beside(wanted)
        return loaded(self._tenant, found, listed or (), wanted, beside)

    async def _beside(self, wanted: Wanted) -> Beside:
        """What few batches ask for: a statement that nobody needs costs a round trip."""
        keys, linked, records = list[Row](), dict[str, Linked](), list[Row]()
        if wanted.keys:
            keys = await self._connection.fetch(statements.KEYS, self._tenant, *columns_of(wanted.keys, 4))
        if wanted.targets:
            room = wanted.links_max + 1
            found = await self._connection.fetch(statements.LINKS, self._tenant, list(wanted.targets), room)
            linked = sorted_links(wanted, found)
            going = {id for each in linked.values() if each is not None for id in each} - wanted.records
            records = await self._connection.fetch(statements.RECORDS, self._tenant, list(going))
        return Beside(keys=keys, linked=linked, records=records)

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
            if any(holder is None for _, holder in writes.keys):
                _, free = rows.key_rows(self._tenant, writes.keys, writes.now_ms)
                await self._connection.executemany(statements.FREE_KEY, free)
            if not all(there for _, there in writes.links):
                _, cut = rows.link_rows(self._tenant, writes.links, writes.now_ms)
                await self._connection.executemany(statements.CUT_LINK, cut)
            await commit(self._connection)
