"""The followers' places and what the usage follower counts, in memory: one part of the store in memory."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace

from homeport_sync.errors import LeaseLost
from homeport_sync.lease import Lease
from homeport_sync.memory_log import NOBODY, OnMemory, Place
from homeport_sync.usage import Heading


class MemoryPlaces(OnMemory):
    """`Places` and `Usage` in memory. The clock of this database is the process's own."""

    async def place(self, tenant: str, follower: str) -> int:
        """See `ports.Places`."""
        place = self._log(tenant).places.get(follower)
        return place.position if place else 0

    async def begin(self, tenant: str, follower: str, position: int) -> int:
        """See `ports.Places`."""
        return self._log(tenant).places.setdefault(follower, Place(position=position)).position

    async def began_ms(self, follower: str, now_ms: int) -> int:
        """See `ports.Places`."""
        return self._began_ms.setdefault(follower, now_ms)

    async def lease(self, tenant: str, follower: str, holder: str, ttl_ms: int) -> Lease | None:
        """See `ports.Places`."""
        place = self._place(tenant, follower)
        if place.holder not in {NOBODY, holder} and place.until_ms > _now_ms():
            return None
        place.fence += place.holder != holder
        place.holder, place.until_ms = holder, _now_ms() + ttl_ms
        return Lease(
            tenant=tenant,
            follower=follower,
            holder=holder,
            fence=place.fence,
            position=place.position,
            ttl_ms=ttl_ms,
        )

    async def keep_place(self, lease: Lease, position: int) -> Lease:
        """See `ports.Places`."""
        place = self._under(lease)
        place.position = max(position, place.position)
        place.until_ms = _now_ms() + lease.ttl_ms
        return replace(lease, position=place.position)

    async def give_back(self, lease: Lease) -> None:
        """See `ports.Places`."""
        place = self._place(lease.tenant, lease.follower)
        if (place.holder, place.fence) == (lease.holder, lease.fence):
            place.holder, place.until_ms = NOBODY, 0

    async def add_usage(self, lease: Lease, position: int, counts: Mapping[Heading, int]) -> Lease:
        """See `usage.Usage`."""
        if self._under(lease).position != lease.position:
            raise LeaseLost
        self._log(lease.tenant).usage.update(counts)
        return await self.keep_place(lease, position)

    async def usage(self, tenant: str, after: Heading, limit: int) -> Sequence[tuple[Heading, int]]:
        """See `usage.Usage`."""
        counts = sorted(self._log(tenant).usage.items())
        start = bisect_right(counts, after, key=lambda each: each[0])
        return counts[start : start + limit]

    def _place(self, tenant: str, follower: str) -> Place:
        return self._log(tenant).places.setdefault(follower, Place())

    def _under(self, lease: Lease) -> Place:
        place = self._place(lease.tenant, lease.follower)
        if (place.holder, place.fence) != (lease.holder, lease.fence):
            raise LeaseLost
        return place


def _now_ms() -> float:
    return time.monotonic() * 1_000
