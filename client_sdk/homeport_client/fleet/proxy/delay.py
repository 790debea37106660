"""What waits on its way: each piece is due at its own moment, so pieces that set out together arrive together.

They never overtake each other, as in a TCP connection, and no more of them wait than the limits say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from homeport_client.fleet.proxy.road import Road


class Delay:
    """One way of a connection. `write` is where pieces come out, while `carry` runs."""

    def __init__(self, write: Callable[[bytes], Awaitable[None]], road: Road) -> None:
        self._write = write
        self._road = road
        self._waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(road.limits.pieces_max)

    async def put(self, data: bytes, delay_s: float) -> None:
        """Sets out now, and arrives so much later. Waits while too many are on their way."""
        await self._waiting.put((self._road.now_s() + delay_s, data))

    async def end(self) -> None:
        """Waits until all have arrived."""
        await self._waiting.join()

    async def carry(self) -> None:
        """Brings them, until it is cancelled."""
        while True:
            due_s, data = await self._waiting.get()
            if (left_s := due_s - self._road.now_s()) > 0:
                await self._road.sleep(left_s)
            await self._write(data)
            self._waiting.task_done()
