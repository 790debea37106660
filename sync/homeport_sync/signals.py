"""Signals within one process: "the tenant's log has reached this position", to every task that listens.

Level-triggered: a listener that is slow sees only the newest position of each tenant, so nothing can pile up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class LocalSignals:
    """The `Signals` port for one process."""

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()

    def publish(self, tenant: str, position: int) -> None:
        """Tell every listener; none is waited for."""
        for listener in self._listeners:
            listener.tell(tenant, position)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[tuple[str, int]]]:
        """What is published from now on, until the context is left."""
        listener = _Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)


class _Listener:
    """The newest position of each tenant that was not read yet."""

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}
        self._told = asyncio.Event()

    def tell(self, tenant: str, position: int) -> None:
        self._newest[tenant] = max(position, self._newest.get(tenant, 0))
        self._told.set()

    def __aiter__(self) -> AsyncIterator[tuple[str, int]]:
        return self

    async def __anext__(self) -> tuple[str, int]:
        while not self._newest:
            self._told.clear()
            await self._told.wait()
        tenant = next(iter(self._newest))
        return tenant, self._newest.pop(tenant)
