"""The receipts this device owes: for each grant that ended, that nothing is left here of what it gave (I8).

An ending comes with a page and goes through three states, each reached in one transaction with what it stands for:

- **told**: a page of a catch-up that is not finished has named it.
- **dropped**: the scope's records are gone from every table.
- **given**: nothing of them is left in the file either. Now it is told to the server, until the server knows.

A device that dies in between goes on where it was. What is dropped without an ending to answer (`UNNAMED`: an older
server names none, and a device that starts over replaces everything) goes the same way, but for the telling; and so
does what the device itself has left out (`LEFT_OUT`), though no grant has ended there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

from homeport_sync.receipts import Ending, Receipt
from homeport_sync.wire import Page

TOLD: Final = 0
DROPPED: Final = 1
GIVEN: Final = 2
UNNAMED: Final = 0  # the position of an ending that no server asks about
LEFT_OUT: Final = -1  # that of none: the device was told to leave the scope out


def endings_of(page: Page) -> list[Ending]:
    """Where the grants ended that a page tells of, and of an older server's page the scopes."""
    named = {each.scope for each in page.endings}
    return [*page.endings, *(Ending(scope=scope, position=UNNAMED) for scope in page.lost if scope not in named)]


class Receipts:
    """The table `receipts`. Whether it is empty is held in memory, for it nearly always is: who rolls back calls
    `forget`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._empty: bool | None = None

    def begin(self) -> None:
        """The replica is new, and owes nothing."""
        self._empty = True

    @property
    def empty(self) -> bool:
        """Whether no grant has ended that this device still owes a receipt for."""
        if self._empty is None:
            self._empty = self._connection.execute("SELECT 1 FROM receipts LIMIT 1").fetchone() is None
        return self._empty

    def tell(self, endings: Iterable[Ending]) -> None:
        """A page of a catch-up that goes on named these."""
        self._add(endings, TOLD, 0)

    def drop(self, endings: Iterable[Ending], now_ms: int) -> None:
        """The catch-up is finished: the scopes of these, and of those that its pages told, are dropped."""
        if not self.empty:
            self._connection.execute("UPDATE receipts SET state = 1, dropped_ms = ? WHERE state = 0", (now_ms,))
        self._add(endings, DROPPED, now_ms)

    def forget_told(self) -> None:
        """The catch-up that named them begins again."""
        if not self.empty:
            self._connection.execute("DELETE FROM receipts WHERE state = 0")
            self._empty = None

    def dropped(self) -> dict[str, bool]:
        """The scopes of which something may be left in the file, each with whether a grant has ended there."""
        if self.empty:
            return {}
        rows = self._connection.execute(
            "SELECT scope, max(position) > ? FROM receipts WHERE state = 1 GROUP BY scope", (LEFT_OUT,)
        )
        return {scope: bool(ended) for scope, ended in rows}

    def withdraw(self, scopes: Iterable[str]) -> None:
        """These were dropped and are here again: nothing is to be cleared of them, and no receipt is owed."""
        self._connection.executemany(
            "DELETE FROM receipts WHERE state = 1 AND scope = ?", [(scope,) for scope in scopes]
        )
        self._empty = None

    def give(self, scopes: Iterable[str]) -> None:
        """Nothing of these is left."""
        self._connection.executemany(
            "UPDATE receipts SET state = 2 WHERE state = 1 AND scope = ?", [(scope,) for scope in scopes]
        )
        self._connection.execute("DELETE FROM receipts WHERE state = 2 AND position <= 0")
        self._empty = None

    def given(self, limit: int) -> list[Receipt]:
        """What is to be told to the server, at most `limit`."""
        if self.empty:
            return []
        rows = self._connection.execute(
            "SELECT scope, position, dropped_ms FROM receipts WHERE state = 2 ORDER BY scope, position LIMIT ?",
            (limit,),
        )
        return [Receipt(scope=scope, position=position, dropped_ms=at_ms) for scope, position, at_ms in rows]

    def settle(self, endings: Sequence[Ending]) -> None:
        """The server knows these."""
        if endings:
            self._connection.executemany(
                "DELETE FROM receipts WHERE state = 2 AND scope = ? AND position = ?",
                [(each.scope, each.position) for each in endings],
            )
            self._empty = None

    def forget(self) -> None:
        """What was written last may have been rolled back."""
        self._empty = None

    def _add(self, endings: Iterable[Ending], state: int, dropped_ms: int) -> None:
        rows = [(each.scope, each.position, state, dropped_ms) for each in endings]
        if rows:
            self._connection.executemany("INSERT OR IGNORE INTO receipts VALUES (?, ?, ?, ?)", rows)
            self._empty = False
