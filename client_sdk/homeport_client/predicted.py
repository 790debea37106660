"""What this device expects of its commands, and to go with its deletes, shown until the server has decided (I5).

It hangs on the `place` of the command or the delete in the outbox. When that is rejected it goes, too, and what it
showed is undone; when it is applied it stays until a catch-up contains what the server made of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from homeport_sync.change import Change, decode_change, encode


class Predicted:
    """The table `predicted`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, place: int, changes: Iterable[Change]) -> None:
        """Expects this of what is at that place: at most one change a record, the last that is said."""
        rows = ((change.id, place, encode(change)) for change in changes)
        self._connection.executemany("INSERT OR REPLACE INTO predicted (record, place, change) VALUES (?, ?, ?)", rows)

    def of(self, record_id: str) -> list[tuple[int, Change]]:
        """What is expected of a record, each with its place, in the order of the places."""
        rows = self._connection.execute(
            "SELECT place, change FROM predicted WHERE record = ? ORDER BY place", (record_id,)
        )
        return [(place, decode_change(change)) for place, change in rows]

    def records(self) -> set[str]:
        """The ids of all records of which something is expected."""
        return {row[0] for row in self._connection.execute("SELECT DISTINCT record FROM predicted")}

    def drop(self, places: Iterable[int]) -> set[str]:
        """Expects nothing of these any more; the ids of their records."""
        found = [
            self._connection.execute("DELETE FROM predicted WHERE place = ? RETURNING record", (place,)).fetchall()
            for place in places
        ]
        return {row[0] for rows in found for row in rows}
