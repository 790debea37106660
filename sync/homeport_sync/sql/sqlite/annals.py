"""The annals on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

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
from homeport_sync.sql.sqlite import statements
from homeport_sync.sql.sqlite.connection import Connection
from homeport_sync.sql.sqlite.file import OnFile, transaction
from homeport_sync.sql.sqlite.transaction import head_of, json_list

Result = TypeVar("Result")


class SqliteAnnals(OnFile):
    """`Annals` on SQLite, on the connection of those who ask: whoever pulls does not wait for who looks back."""

    _asker: Connection

    async def read_back(self, tenant: str, before: int, limit: int) -> Sequence[LogEntry]:
        """See `annals.Annals`."""

        def read(connection: sqlite3.Connection) -> Sequence[LogEntry]:
            head_of(connection, tenant)  # raises if there is no such tenant
            asked = {"tenant": tenant, "before": before, "room": limit}
            return [rows.log_entry(row) for row in connection.execute(statements.READ_BACK, asked)]

        return await self._looked(read)

    async def of_record(
        self, tenant: str, record: str, before: int, limit: int, looked_max: int = HISTORY_LOOKED_MAX
    ) -> Stretch:
        """See `annals.Annals`."""

        def read(connection: sqlite3.Connection) -> Stretch:
            upto = min(before - 1, head_of(connection, tenant).position)
            first = first_of(upto, looked_max)
            asked = {"tenant": tenant, "record": record, "first": first, "upto": upto, "room": limit}
            found = connection.execute(statements.OF_RECORD, asked).fetchall()
            return stretch_of([rows.log_entry(row) for row in found], upto, limit, looked_max)

        return await self._looked(read)

    async def outcomes_of(self, tenant: str, entries: Sequence[LogEntry]) -> Mapping[tuple[str, int], StoredOutcome]:
        """See `annals.Annals`."""

        def read(connection: sqlite3.Connection) -> Mapping[tuple[str, int], StoredOutcome]:
            head_of(connection, tenant)  # raises if there is no such tenant
            asked: dict[str, object] = {"tenant": tenant, "names": json_list(names_of(entries))}
            told = rows.outcomes_by_change(connection.execute(statements.OUTCOMES, asked))
            if lowered := [*perhaps_lowered(entries, told)]:
                changes = json_list({change_name(each.device, each.number) for each in lowered})
                asked = {"tenant": tenant, "stamp": earliest(lowered), "room": LOWERED_LOOKED_MAX, "changes": changes}
                told |= rows.outcomes_by_change(connection.execute(statements.OUTCOMES_LATER, asked))
            return told

        return await self._looked(read)

    async def _looked(self, read: Callable[[sqlite3.Connection], Result]) -> Result:
        def inside(connection: sqlite3.Connection) -> Result:
            with transaction(connection, "BEGIN"):
                return read(connection)

        return await self._asker.run(inside)
