"""Signals within one process: "the tenant's log has reached this position", to every task that listens.

Level-triggered: a listener that is slow sees only the newest position of each tenant, so nothing can pile up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from homeport_sync.ports import EVERY_TENANT

NEWEST_MAX = 10_000  # tenants; about 1.5 MB


class Newest:
    """The newest position of each tenant that nobody has taken yet.

    When more than `NEWEST_MAX` tenants wait, they are forgotten for one word that says no less: look at every tenant.
    """

    def __init__(self) -> None:
        self._positions: dict[str, int] = {}
        self._told = asyncio.Event()

    def __len__(self) -> int:
        return len(self._positions)

    def tell(self, tenant: str, position: int) -> None:
        """The tenant's log has reached `position`."""
        if len(self._positions) >= NEWEST_MAX and tenant not in self._positions:
            self._positions.clear()
            tenant, position = EVERY_TENANT, 0
        self._positions[tenant] = max(position, self._positions.get(tenant, 0))
        self._told.set()

    async def waiting(self) -> None:
        """Return when there is something to take."""
        while not self._positions:
            self._told.clear()
            await self._told.wait()

    def first(self) -> tuple[str, int]:
        """The tenant that waits longest, and its position. Call it only when there is one."""
        return next(iter(self._positions.items()))

    def take(self) -> tuple[str, int]:
        """The same, which waits no longer then."""
        tenant, position = self.first()
        del self._positions[tenant]
        return tenant, position


class LocalSignals:
    """The `Signals` port for one process."""

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()

    def publish(self, tenant: str, position: int) -> None:
        """Tell every listener; none is waited for."""
        for listener in self._listeners:
            listener.newest.tell(tenant, position)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[tuple[str, int]]]:
        """What is published from now on, until the context is left."""
        listener = _Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def connected(self) -> bool:
        """Always: there is no way on which anything could be lost."""
        return True


class _Listener:
    def __init__(self) -> None:
        self.newest = Newest()

    def __aiter__(self) -> AsyncIterator[tuple[str, int]]:
        return self

    async def __anext__(self) -> tuple[str, int]:
        await self.newest.waiting()
        return self.newest.take()
