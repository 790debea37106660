"""Slices: a log's changes, shared out by their scopes, so that several workers can tell of one large tenant's changes.

The changes of one scope are all in one slice, in their order. Each slice has a place of its own in the log. How many
there are may be changed at any time: a slice that is new goes on from where the whole had got to, and what is read
twice by that is told once, because a change's notifications have names of their own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from zlib import crc32

from homeport_sync.beginning import Beginning
from homeport_sync.ports import Places


@dataclass(frozen=True, slots=True)
class Slice:
    """The `at`-th `of` so many (0 is the first)."""

    at: int = 0
    of: int = 1

    def holds(self, scope: str) -> bool:
        """Whether changes in the scope are in it."""
        return self.of == 1 or crc32(scope.encode()) % self.of == self.at

    def named(self, name: str) -> str:
        """What the place of this slice of the follower `name` is kept under."""
        return name if self.of == 1 else f"{name}:{self.at + 1}/{self.of}"


def slices(count: int) -> list[Slice]:
    """All of them."""
    return [Slice(at, count) for at in range(count)]


def begins(whole: str, each: Slice, places: Places, beginning: Beginning) -> Callable[[str], Awaitable[int]]:
    """Where a slice of the follower `whole` begins in a log in which it has no place yet."""

    async def begin(tenant: str) -> int:
        if each.of > 1 and (place := await places.place(tenant, whole)):
            return await places.begin(tenant, each.named(whole), place)
        return await beginning.begin(tenant)

    return begin
