"""Under way: the chunks that this worker has in hand in one lane, some of each tenant at once.

A provider takes its time to answer, so whoever sent one chunk after the other would tell one person in each round trip.
No tenant has more than its part in hand, so that a large one leaves room for others.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

FINISH_S: Final = 3.0  # how long what is on its way is waited for when the worker ends; then it is cut


class Hand(Protocol):
    """A chunk in hand."""

    async def work(self) -> None:
        """Send it. Cancelled, it writes what it knows and gives the rest back."""


Take: TypeAlias = Callable[[str], Awaitable[Hand | None]]


@dataclass(frozen=True, slots=True)
class Room:
    """How many chunks are in hand at once, of one tenant and of all."""

    of_tenant: int
    of_all: int


class UnderWay:
    """`take` leases a tenant's next chunk; `stop` has no more windows begun."""

    def __init__(self, take: Take, stop: Callable[[], None], room: Room) -> None:
        self._take = take
        self._stop = stop
        self._room = room
        self._want: Callable[[str], None] = lambda _: None
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._taking: Counter[str] = Counter()
        self._refused: set[str] = set()
        self._failed: dict[str, Exception] = {}
        self._ended = False

    def tell(self, want: Callable[[str], None]) -> None:
        """Whom to tell of a tenant for which there is room again."""
        self._want = want

    def is_full(self, tenant: str) -> bool:
        """Whether there is no room for what the tenant has due. It is told of when there is."""
        taking = self._taking
        of_tenant = sum(each == tenant for each in self._tasks.values()) + taking[tenant]
        full = of_tenant >= self._room.of_tenant or len(self._tasks) + taking.total() >= self._room.of_all
        if full:
            self._refused.add(tenant)
        return full or self._ended

    async def begin(self, tenant: str) -> bool:
        """Take the tenant's next chunk in hand, if there is room; whether there was one. Raises what one of the tenant
        has failed with since."""
        if error := self._failed.pop(tenant, None):
            raise error
        if self.is_full(tenant):
            return False
        self._taking[tenant] += 1
        try:
            hand = await self._take(tenant)
        finally:
            self._taking[tenant] -= 1
        if hand is None:
            return False
        task = asyncio.create_task(hand.work())
        self._tasks[task] = tenant
        task.add_done_callback(self._done)
        if self._ended:
            task.cancel()
        return True

    async def end(self) -> None:
        """Let what is on its way come to its end, for a while; what is not begun is given back."""
        self._ended = True
        self._stop()
        if self._tasks:
            _, late = await asyncio.wait(tuple(self._tasks), timeout=FINISH_S)
            for each in late:
                each.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        tenant = self._tasks.pop(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self._failed[tenant] = error
        again, self._refused = {tenant, *self._refused}, set()
        if not self._ended:
            for each in again:
                self._want(each)
