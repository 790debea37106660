"""What a replica knows of itself: who it is, how far it has counted, and how far it has pulled."""

from __future__ import annotations

import sqlite3

import msgspec
from msgspec.structs import replace

from homeport_sync.clock import NEVER, Stamp


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """`device` and `next_number` name the next change; `stamp` and `offset_ms` are the clock's last state.

    `cursor` is where the app's view stands. While a catch-up is not finished, `staged_cursor` is where that stands,
    or, with `replacing`, it started without a cursor and will replace all that was pulled. `fingerprint` is that of
    the declaration by which the view was derived.
    """

    app: str
    fingerprint: str = ""
    device: str
    next_number: int = 1
    stamp: Stamp = NEVER
    offset_ms: int = 0
    cursor: str | None = None
    staged_cursor: str | None = None
    replacing: bool = False

    @property
    def pull_cursor(self) -> str | None:
        """From where to pull next."""
        return self.staged_cursor if self.replacing or self.staged_cursor else self.cursor

    @property
    def shows_pulled(self) -> bool:
        """Whether the view stands on a catch-up, though it may be one that is to be replaced."""
        return self.cursor is not None or self.replacing

    def staged(self, cursor: str) -> Meta:
        """A catch-up has come as far as `cursor`."""
        return replace(self, staged_cursor=cursor)

    def caught_up(self, cursor: str) -> Meta:
        """A catch-up is finished: the view stands at `cursor`."""
        return replace(self, cursor=cursor, staged_cursor=None, replacing=False)

    def started_over(self) -> Meta:
        """The next catch-up starts from nothing and replaces everything."""
        return replace(self, cursor=None, staged_cursor=None, replacing=True)


class MetaTable:
    """The one row of `meta`. It is held in memory, for a replica has one owner: who rolls back calls `forget`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._held: Meta | None = None

    def begin(self, *, app: str, device: str) -> Meta:
        """The row, made for `app` and `device` if there is none."""
        made = self._connection.execute(
            "INSERT OR IGNORE INTO meta (only, app, device) VALUES (1, ?, ?)", (app, device)
        ).rowcount
        if made:
            self._held = Meta(app=app, device=device)  # the defaults here are those of the table
        return self.read()

    def read(self) -> Meta:
        """The row as it is now."""
        if self._held is None:
            row = self._connection.execute(
                "SELECT app, fingerprint, device, next_number, stamp, offset_ms, cursor, staged_cursor, replacing"
                " FROM meta"
            ).fetchone()
            self._held = Meta(
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
        return self._held

    def write(self, meta: Meta) -> None:
        """Puts the row in the place of the one there is, in the transaction under way."""
        if meta != self._held:
            self._connection.execute(
                "UPDATE meta SET fingerprint = ?, device = ?, next_number = ?, stamp = ?, offset_ms = ?, cursor = ?,"
                " staged_cursor = ?, replacing = ?",
                (
                    meta.fingerprint,
                    meta.device,
                    meta.next_number,
                    meta.stamp,
                    meta.offset_ms,
                    meta.cursor,
                    meta.staged_cursor,
                    meta.replacing,
                ),
            )
            self._held = meta

    def forget(self) -> None:
        """What was written last may have been rolled back: the row is read again."""
        self._held = None
