"""Where a new follower begins: behind everything that was accepted before it began, in every log.

It begins once, in all logs, when a worker that has it first starts; that moment is kept. So what is accepted from then
on is not missed, be it that no worker runs for a while, or in the log of a tenant that is made later.
"""

from __future__ import annotations

from typing import Final

from homeport_sync.ports import LogStore, Places

_NOBODY: Final = ""


class Beginning:
    """Of one follower. `now_ms` is the time at which this worker started, in milliseconds since 1970."""

    def __init__(self, name: str, log: LogStore, places: Places, *, now_ms: int) -> None:
        self._name = name
        self._log = log
        self._places = places
        self._now_ms = now_ms
        self._began_ms: int | None = None

    async def began_ms(self) -> int:
        """When it began: now, if it never did."""
        if self._began_ms is None:
            self._began_ms = await self._places.began_ms(self._name, self._now_ms)
        return self._began_ms

    async def begin(self, tenant: str) -> int:
        """Its place in that log, which it has from now on."""
        position = await position_at(self._log, tenant, await self.began_ms())
        return await self._places.begin(tenant, self._name, position)


async def position_at(log: LogStore, tenant: str, time_ms: int) -> int:
    """The last position that was accepted up to a time; 0 if there is none. Halves the log until it is found."""
    low, high = 0, (await log.standing(tenant, _NOBODY, _NOBODY)).head.position
    while low < high:
        middle = (low + high + 1) // 2
        (entry,) = await log.read(tenant, middle - 1, 1)
        low, high = (middle, high) if entry.accepted_at_ms <= time_ms else (low, middle - 1)
    return low
