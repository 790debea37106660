"""Where this device can be reached: what it was given by a provider, and what of that the server knows.

An address is told when it is new, when the device goes on under another id or with another token, and at least once a
week, so that the server can tell a phone that is there from one that lies in a drawer. One that is given up stays in
the table until the server knows: else the next user of the phone would be told what was meant for the former one.
"""

from __future__ import annotations

import sqlite3
from typing import Final

import msgspec

REFRESH_MS: Final = 7 * 86_400_000
_COLUMNS: Final = "channel, target, target_kind, platform, timezone, locale, retiring, told_ms, told_as"


class OwnAddress(msgspec.Struct, frozen=True, kw_only=True):
    """`told_ms` is when the server was told last (0: not of it as it is now), `told_as` the device's id by which it
    has known it at some time ("": never). One that is `retiring` is given up."""

    channel: str
    target: str
    target_kind: str = "token"
    platform: str = "other"
    timezone: str = ""
    locale: str = ""
    retiring: bool = False
    told_ms: int = 0
    told_as: str = ""

    def is_owed(self, device: str, now_ms: int) -> bool:
        """Whether the server has to be told. A clock that was set back tells it at once, and not in years."""
        knows = self.told_ms > 0 and self.told_as == device
        return self.retiring or not knows or abs(now_ms - self.told_ms) >= REFRESH_MS

    def same(self, other: OwnAddress) -> bool:
        """Whether a provider reaches the same device the same way."""
        return self == msgspec.structs.replace(
            other, told_ms=self.told_ms, told_as=self.told_as, retiring=self.retiring
        )


class Addresses:
    """The table `addresses`, one row a channel. Whether it is empty is held in memory: who rolls back calls
    `forget`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._empty: bool | None = None

    @property
    def empty(self) -> bool:
        """Whether there is none."""
        if self._empty is None:
            self._empty = self._connection.execute("SELECT 1 FROM addresses LIMIT 1").fetchone() is None
        return self._empty

    def all(self) -> list[OwnAddress]:
        """All of them, in the order of their channels."""
        if self.empty:
            return []
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM addresses ORDER BY channel")  # noqa: S608  # ours
        return [_read(row) for row in rows]

    def keep(self, address: OwnAddress) -> None:
        """In the place of what there was of its channel. The same again is told again only when that is due."""
        held = {each.channel: each for each in self.all()}.get(address.channel)
        if held is not None:
            told_ms = held.told_ms if held.same(address) and not held.retiring else 0
            address = msgspec.structs.replace(address, told_ms=told_ms, told_as=held.told_as)
        self._write(address)

    def told(self, address: OwnAddress, device: str, now_ms: int) -> None:
        """The server knows it, unless it has become another one meanwhile."""
        held = {each.channel: each for each in self.all()}.get(address.channel)
        if held is not None:
            told_ms = now_ms if held == address else 0
            self._write(msgspec.structs.replace(held, told_ms=told_ms, told_as=device))

    def give_up(self) -> None:
        """All of them are retiring."""
        if not self.empty:
            self._connection.execute("UPDATE addresses SET retiring = 1")

    def retired(self) -> None:
        """The server knows that: those that are still retiring are gone, and the others are to be told again."""
        self._connection.execute("DELETE FROM addresses WHERE retiring = 1")
        self.tell_again()
        self._empty = None

    def tell_again(self) -> None:
        """The server may know them as another user's."""
        if not self.empty:
            self._connection.execute("UPDATE addresses SET told_ms = 0")

    def forget(self) -> None:
        """What was written last may have been rolled back."""
        self._empty = None

    def _write(self, address: OwnAddress) -> None:
        self._connection.execute(
            f"INSERT OR REPLACE INTO addresses ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608  # ours
            msgspec.structs.astuple(address),
        )
        self._empty = False


def _read(row: tuple[str, str, str, str, str, str, int, int, str]) -> OwnAddress:
    channel, target, kind, platform, timezone, locale, retiring, told_ms, told_as = row
    return OwnAddress(
        channel=channel,
        target=target,
        target_kind=kind,
        platform=platform,
        timezone=timezone,
        locale=locale,
        retiring=bool(retiring),
        told_ms=told_ms,
        told_as=told_as,
    )
