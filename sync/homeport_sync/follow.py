"""Followers read the log, each at its own pace with its own durable place, after the write is over.

A follower does its work for some entries, then keeps its place: a crash between the two repeats the work, so it is
done at least once, and nothing is ever skipped. Signals make it quick; the slow poll behind them makes it certain.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from homeport_sync.ports import LogEntry, LogStore, Places

Work: TypeAlias = Callable[[str, Sequence[LogEntry]], Awaitable[None]]
READ_MAX = 500


class Follower:
    """One reader of the log. `name` is what its place is kept under; `work` gets (tenant, entries in order)."""

    def __init__(self, name: str, store: LogStore, places: Places, work: Work) -> None:
        self._name = name
        self._store = store
        self._places = places
        self._work = work

    async def catch_up(self, tenant: str) -> int:
        """Work through everything the log holds now; the place reached. What `work` raises stops it there."""
        place = await self._places.place(tenant, self._name)
        while entries := await self._store.read(tenant, place, READ_MAX):
            await self._work(tenant, entries)
            place = entries[-1].position
            await self._places.keep_place(tenant, self._name, place)
        return place
