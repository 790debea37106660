"""What was pulled, exactly as the server sent it, and the pages of a catch-up that is not finished.

While a page says that there is more, its rows are only staged: nobody sees half of a catch-up (I6). The last page
brings all of it into `pulled` at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from homeport_sync.change import Record, decode_record, encode
from homeport_sync.wire import Page

_UPSERT = "INSERT OR REPLACE INTO {table} (id, scope, position, record) VALUES (?, ?, ?, ?)"


class Pulled:
    """The tables `pulled`, `staged` and `staged_lost`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, record_id: str) -> Record | None:
        """The record as pulled; None if it was not."""
        row = self._connection.execute("SELECT record FROM pulled WHERE id = ?", (record_id,)).fetchone()
        return decode_record(row[0]) if row else None

    def ids(self) -> set[str]:
        """The ids of all that was pulled."""
        return {row[0] for row in self._connection.execute("SELECT id FROM pulled")}

    def stage(self, page: Page) -> None:
        """Keeps a page of a catch-up that goes on."""
        for scope in page.lost:
            self._connection.execute("DELETE FROM staged WHERE scope = ?", (scope,))
            self._connection.execute("INSERT OR IGNORE INTO staged_lost VALUES (?)", (scope,))
        self._write("staged", page.records)

    def finish(self, page: Page, *, replacing: bool) -> set[str]:
        """Brings the staged rows and the last page's into `pulled`; returns the ids of all records that changed.

        With `replacing`, nothing of what was pulled before stays.
        """
        changed: set[str] = set()
        if replacing:
            changed |= self._delete("DELETE FROM pulled RETURNING id")
        lost = {row[0] for row in self._connection.execute("SELECT scope FROM staged_lost")}
        for scope in lost.union(page.lost):
            changed |= self._delete("DELETE FROM pulled WHERE scope = ? RETURNING id", scope)
        for scope in page.lost:
            self._connection.execute("DELETE FROM staged WHERE scope = ?", (scope,))
        self._connection.execute("INSERT OR REPLACE INTO pulled SELECT id, scope, position, record FROM staged")
        changed |= self._delete("DELETE FROM staged RETURNING id")
        self._connection.execute("DELETE FROM staged_lost")
        self._write("pulled", page.records)
        return changed.union(record.id for record in page.records)

    def forget_staged(self) -> None:
        """Drops a catch-up that is not finished."""
        self._connection.execute("DELETE FROM staged")
        self._connection.execute("DELETE FROM staged_lost")

    def _write(self, table: str, records: Iterable[Record]) -> None:
        rows = ((record.id, record.scope, record.position, encode(record)) for record in records)
        self._connection.executemany(_UPSERT.format(table=table), rows)

    def _delete(self, statement: str, *values: str) -> set[str]:
        return {row[0] for row in self._connection.execute(statement, values).fetchall()}
