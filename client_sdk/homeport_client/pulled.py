"""What was pulled, exactly as the server sent it, and the pages of a catch-up that is not finished.

While a page says that there is more, its rows are only staged: nobody sees half of a catch-up (I6). The last page
brings all of it into `pulled` at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

from homeport_sync.change import Record, decode_record, encode
from homeport_sync.wire import Page

# A record that was moved is told of twice, where it was and where it is, in any order: what is newer counts.
_NEWER = (
    " ON CONFLICT (id) DO UPDATE SET scope = excluded.scope, position = excluded.position, record = excluded.record"
    " WHERE excluded.position > position"
)
_UPSERT = "INSERT INTO {table} (id, scope, position, record) VALUES (?, ?, ?, ?)" + _NEWER  # noqa: S608  # all of it stands above
_BRING = "INSERT INTO pulled SELECT id, scope, position, record FROM staged WHERE true" + _NEWER  # noqa: S608


class Pulled:
    """The tables `pulled`, `staged` and `staged_lost`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, record_id: str) -> Record | None:
        """The record as pulled; None if it was not."""
        row = self._connection.execute("SELECT record FROM pulled WHERE id = ?", (record_id,)).fetchone()
        return decode_record(row[0]) if row else None

    def position(self, record_id: str) -> int:
        """Where the log last changed the record as pulled; 0 if it was not."""
        row = self._connection.execute("SELECT position FROM pulled WHERE id = ?", (record_id,)).fetchone()
        return int(row[0]) if row else 0

    def is_deleted(self, record_id: str) -> bool:
        """Whether the record was pulled as deleted."""
        record = self.get(record_id)
        return record is not None and bool(record.deleted)

    def scope(self, record_id: str) -> str:
        """The scope in which the record was pulled; "" if it was not."""
        row = self._connection.execute("SELECT scope FROM pulled WHERE id = ?", (record_id,)).fetchone()
        return row[0] if row else ""

    def has_scope(self, scope: str) -> bool:
        """Whether anything of the scope was pulled."""
        found = self._connection.execute("SELECT 1 FROM pulled WHERE scope = ? LIMIT 1", (scope,)).fetchone()
        return found is not None

    def ids(self) -> set[str]:
        """The ids of all that was pulled."""
        return {row[0] for row in self._connection.execute("SELECT id FROM pulled")}

    def stage(self, page: Page) -> None:
        """Keeps a page of a catch-up that goes on."""
        for scope in page.lost:
            self._connection.execute("INSERT OR IGNORE INTO staged_lost VALUES (?)", (scope,))
        self._unstage(page.lost)
        self._write("staged", page.records)

    def finish(self, page: Page, *, staged: bool, replacing: bool) -> set[str]:
        """Brings what is `staged`, if anything is, and the last page into `pulled`; the ids of all that changed.

        With `replacing`, nothing of what was pulled before stays.
        """
        changed: set[str] = set()
        if replacing:
            changed |= self._delete("DELETE FROM pulled RETURNING id")
        for scope in self._staged_lost().union(page.lost) if staged else page.lost:
            changed |= self.drop(scope)
        if staged:
            changed |= self._bring_staged(page.lost)
        self._write("pulled", page.records)
        return changed.union(record.id for record in page.records)

    def scopes_but(self, takes: Callable[[str], bool]) -> list[str]:
        """The scopes of what was pulled, or is staged, but those it takes."""
        rows = self._connection.execute("SELECT scope FROM pulled UNION SELECT scope FROM staged ORDER BY scope")
        return [row[0] for row in rows if not takes(row[0])]

    def drop(self, scope: str) -> set[str]:
        """Drops a scope; the ids of what was in it."""
        return self._delete("DELETE FROM pulled WHERE scope = ? RETURNING id", scope)

    def forget_staged(self) -> None:
        """Drops a catch-up that is not finished."""
        self._connection.execute("DELETE FROM staged")
        self._connection.execute("DELETE FROM staged_lost")

    def _staged_lost(self) -> set[str]:
        return {row[0] for row in self._connection.execute("SELECT scope FROM staged_lost")}

    def _unstage(self, lost: Iterable[str]) -> None:
        """Drops what is staged of lost scopes. A record that had been moved there has left the one where it was pulled,
        and may be told of there no more: the row that said so was the older one of the two."""
        gone = self._staged_lost().union(lost)
        for scope in lost:
            rows = self._connection.execute("DELETE FROM staged WHERE scope = ? RETURNING id, position", (scope,))
            for record_id, position in rows.fetchall():
                was = self.get(record_id)
                if was is not None and was.scope not in gone:
                    self._write("staged", [_left(was, position)])

    def _bring_staged(self, lost: Iterable[str]) -> set[str]:
        self._unstage(lost)
        self._connection.execute(_BRING)
        self._connection.execute("DELETE FROM staged_lost")
        return self._delete("DELETE FROM staged RETURNING id")

    def _write(self, table: str, records: Iterable[Record]) -> None:
        rows = ((record.id, record.scope, record.position, encode(record)) for record in records)
        self._connection.executemany(_UPSERT.format(table=table), rows)

    def _delete(self, statement: str, *values: str) -> set[str]:
        return {row[0] for row in self._connection.execute(statement, values).fetchall()}


def _left(was: Record, position: int) -> Record:
    """The row that says that a record is not where it was."""
    return Record(
        id=was.id, kind=was.kind, scope=was.scope, stamp=was.stamp, position=position, deleted=was.deleted or was.newest
    )
