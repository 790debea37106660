"""Reads the changes of pushes in turn, so that many long pushes that arrive at once do not hold the event loop.

A turn of the loop reads so many changes and no more. What does not fit waits for the next ones, tenant after tenant,
and a long push is read in parts. A short push never waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

import msgspec

from homeport_sync.limits import Limits
from homeport_sync.wire import Sent, check_push, read_changes


class Reading:
    """Gives out turns to read. `Limits.read_changes_max` bounds what a turn of the event loop reads."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._room = limits.read_changes_max
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # in the order of their turns
        self._resets = False

    async def changes(self, tenant: str, raw: Sequence[msgspec.Raw]) -> list[Sent]:
        """What `read_changes` makes of them. Raises `TooLarge` when the push as a whole is over its limits."""
        check_push(raw, self._limits)
        size = len(raw)
        if size <= self._limits.read_at_once_max:
            return read_changes(raw, self._limits)
        if size <= self._room and tenant not in self._waiting:
            self._spend(size)
            return read_changes(raw, self._limits)
        read: list[Sent] = []
        while len(read) < size:
            await self._turn(tenant)  # which has spent a part's room
            part = raw[len(read) : len(read) + self._part_max]
            read.extend(read_changes(part, self._limits))
        return read

    @property
    def _part_max(self) -> int:
        """Two tenants find room in a turn of the loop."""
        return max(self._limits.read_changes_max // 2, 1)

    async def _turn(self, tenant: str) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant, deque()).append(turn)
        self._reset_soon()
        await turn

    def _spend(self, changes: int) -> None:
        self._room -= changes
        self._reset_soon()

    def _reset_soon(self) -> None:
        if not self._resets:
            self._resets = True
            asyncio.get_running_loop().call_soon(self._reset)

    def _reset(self) -> None:
        """A new turn of the loop: there is room again, and those who wait get it first, each tenant once at a time."""
        self._resets = False
        self._room = self._limits.read_changes_max
        granted = 0
        while self._waiting and granted < self._room:
            tenant, turns = next(iter(self._waiting.items()))
            del self._waiting[tenant]
            turn = turns.popleft()
            if turns:
                self._waiting[tenant] = turns
            if not turn.done():
                turn.set_result(None)
                granted += self._part_max
        if granted:
            self._room -= granted
            self._reset_soon()
