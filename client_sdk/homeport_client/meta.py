"""What a replica knows of itself: who it is, how far it has counted, and how far it has pulled."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from homeport_sync.clock import Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """`device` and `next_number` name the next change; `stamp` and `offset_ms` are the clock's last state.

    `cursor` is where the app's view stands. While a catch-up is not finished, `staged_cursor` is where that stands,
    or, with `replacing`, it started without a cursor and will replace all that was pulled.
    """

    app: str
    fingerprint: str
    device: str
    next_number: int
    stamp: Stamp
    offset_ms: int
    cursor: str | None
    staged_cursor: str | None
    replacing: bool

    @property
    def pull_cursor(self) -> str | None:
        """From where to pull next."""
        return self.staged_cursor if self.replacing or self.staged_cursor else self.cursor


class MetaTable:
    """The one row of `meta`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def begin(self, *, app: str, device: str) -> Meta:
        """The row, made for `app` and `device` if there is none."""
        self._connection.execute("INSERT OR IGNORE INTO meta (only, app, device) VALUES (1, ?, ?)", (app, device))
        return self.read()

    def read(self) -> Meta:
        """The row as it is now."""
        row = self._connection.execute(
            "SELECT app, fingerprint, device, next_number, stamp, offset_ms, cursor, staged_cursor, replacing FROM meta"
        ).fetchone()
        return Meta(
            app=row[0],
            fingerprint=row[1],
            device=row[2],
            next_number=row[3],
            stamp=Stamp(row[4]),
            offset_ms=row[5],
            cursor=row[6],
            staged_cursor=row[7],
            replacing=bool(row[8]),
        )

    def keep_clock(self, stamp: Stamp, offset_ms: int) -> None:
        """The clock's state, without which a restarted device could stamp before itself."""
        self._connection.execute("UPDATE meta SET stamp = ?, offset_ms = ?", (stamp, offset_ms))

    def keep_fingerprint(self, fingerprint: str) -> None:
        """Which declaration the view was derived by."""
        self._connection.execute("UPDATE meta SET fingerprint = ?", (fingerprint,))

    def name(self, device: str, next_number: int) -> None:
        """Who writes, and the number of the next change."""
        self._connection.execute("UPDATE meta SET device = ?, next_number = ?", (device, next_number))

    def staged(self, cursor: str) -> None:
        """A catch-up has come as far as `cursor`."""
        self._connection.execute("UPDATE meta SET staged_cursor = ?", (cursor,))

    def caught_up(self, cursor: str) -> None:
        """A catch-up is finished: the view stands at `cursor`."""
        self._connection.execute("UPDATE meta SET cursor = ?, staged_cursor = NULL, replacing = 0", (cursor,))

    def start_over(self) -> None:
        """The next catch-up starts from nothing and replaces everything."""
        self._connection.execute("UPDATE meta SET cursor = NULL, staged_cursor = NULL, replacing = 1")
