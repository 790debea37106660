"""What a provider has delivered to this device: kept so that it shows once, and until the server has its receipt.

A row is a delivery, by its name (`hp_delivery`). It is kept for `keep_ms`, and of more than `rows_max` the oldest go
first, those whose receipt is given before those whose receipt is owed. Receipts are counted by the server, and nothing
of the user's hangs on them: so they are bounded, while the outbox is not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from homeport_sync.telling import NotificationReceipt


class Deliveries:
    """The table `deliveries`. Whether a receipt is owed is held in memory: who rolls back calls `forget`."""

    def __init__(self, connection: sqlite3.Connection, *, rows_max: int, keep_ms: int) -> None:
        self._connection = connection
        self._rows_max = rows_max
        self._keep_ms = keep_ms
        self._owes: bool | None = None

    @property
    def owes(self) -> bool:
        """Whether a receipt is owed."""
        if self._owes is None:
            found = self._connection.execute("SELECT 1 FROM deliveries WHERE owed = 1 LIMIT 1").fetchone()
            self._owes = found is not None
        return self._owes

    def receive(self, delivery: str, notification: str, now_ms: int) -> bool:
        """It has come; whether for the first time, as far as that is kept. Without a notification nobody wants a
        receipt."""
        self._forget_old(now_ms)
        if self._connection.execute("SELECT 1 FROM deliveries WHERE delivery = ?", (delivery,)).fetchone():
            return False
        self._make_room()
        self._connection.execute(
            "INSERT INTO deliveries (delivery, notification, received_ms, owed) VALUES (?, ?, ?, ?)",
            (delivery, notification, now_ms, bool(notification)),
        )
        self._owes = self._owes or bool(notification)
        return True

    def open(self, delivery: str, now_ms: int) -> bool:
        """Somebody has opened it; whether for the first time."""
        opened = self._connection.execute(
            "UPDATE deliveries SET opened_ms = ?, owed = notification != '' WHERE delivery = ? AND opened_ms IS NULL",
            (now_ms, delivery),
        ).rowcount
        self._owes = None if opened else self._owes
        return bool(opened)

    def owed(self, limit: int) -> list[NotificationReceipt]:
        """The receipts that are owed, oldest first, at most `limit`."""
        if not self.owes:
            return []
        rows = self._connection.execute(
            "SELECT notification, received_ms, opened_ms FROM deliveries WHERE owed = 1"
            " ORDER BY received_ms, delivery LIMIT ?",
            (limit,),
        )
        return [NotificationReceipt(notification=of, received_at_ms=at, opened_at_ms=opened) for of, at, opened in rows]

    def settle(self, receipts: Sequence[NotificationReceipt]) -> None:
        """The server has these; what was opened meanwhile is owed still."""
        self._connection.executemany(
            "UPDATE deliveries SET owed = 0 WHERE notification = ? AND received_ms = ? AND opened_ms IS ?",
            [(each.notification, each.received_at_ms, each.opened_at_ms) for each in receipts],
        )
        self._owes = None

    def forget(self) -> None:
        """What was written last may have been rolled back."""
        self._owes = None

    def _forget_old(self, now_ms: int) -> None:
        gone = self._connection.execute("DELETE FROM deliveries WHERE received_ms < ?", (now_ms - self._keep_ms,))
        self._owes = None if gone.rowcount else self._owes

    def _make_room(self) -> None:
        """For one more."""
        (rows,) = self._connection.execute("SELECT count(*) FROM deliveries").fetchone()
        if rows >= self._rows_max:
            self._connection.execute(
                "DELETE FROM deliveries WHERE delivery IN"
                " (SELECT delivery FROM deliveries ORDER BY owed, received_ms, delivery LIMIT ?)",
                (rows - self._rows_max + 1,),
            )
            self._owes = None
