"""Errands: what waits to be looked at, each once, however often it is asked for while it waits.

An errand is waiting, under way, or resting. Asked for while it waits, it is done once; while it is under way, it is
done once more after that; while it rests, it is done once when the rest is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Set
from typing import Generic, TypeVar

Errand = TypeVar("Errand", bound=Hashable)
WAITING_MAX = 1_000  # above that, whoever goes round the whole roster waits; signals never do


class Errands(Generic[Errand]):
    """The errands of one worker. Those that wait are handed out in the order in which they were asked for."""

    def __init__(self) -> None:
        self._waiting: dict[Errand, None] = {}
        self._under_way: set[Errand] = set()
        self._again: set[Errand] = set()
        self._resting: dict[Errand, asyncio.TimerHandle] = {}
        self._changed = asyncio.Event()
        self._ended = False

    def want(self, errand: Errand) -> None:
        """Have it looked at."""
        if errand in self._under_way or errand in self._resting:
            self._again.add(errand)
        else:
            self._wait(errand)

    async def next(self) -> Errand:
        """The errand that waits longest, which is under way from now on."""
        while not self._waiting:
            await self._change()
        errand = next(iter(self._waiting))
        del self._waiting[errand]
        self._under_way.add(errand)
        self._changed.set()
        return errand

    def open(self) -> Set[Errand]:
        """All that wait or are under way."""
        return self._under_way | self._waiting.keys()

    def done(self, errand: Errand, *, rest_s: float = 0.0, again: bool = False) -> None:
        """It is not under way any more, and rests for so many seconds. It is looked at `again` after that, or if it
        was asked for meanwhile."""
        self._under_way.discard(errand)
        self._changed.set()
        if again and not self._ended:
            self._again.add(errand)
        if rest_s > 0 and not self._ended:
            self._resting[errand] = asyncio.get_running_loop().call_later(rest_s, self._rested, errand)
        else:
            self._once_more(errand)

    def wake(self) -> None:
        """End every rest."""
        for errand, timer in tuple(self._resting.items()):
            timer.cancel()
            self._rested(errand)

    async def room(self) -> None:
        """Return when fewer than `WAITING_MAX` wait."""
        while len(self._waiting) >= WAITING_MAX:
            await self._change()

    async def idle(self) -> None:
        """Return when nothing is under way."""
        while self._under_way:
            await self._change()

    def end(self) -> None:
        """Nothing waits or rests any more, and nothing that is wanted later will."""
        self._ended = True
        for timer in self._resting.values():
            timer.cancel()
        self._resting.clear()
        self._waiting.clear()
        self._again.clear()

    def _rested(self, errand: Errand) -> None:
        del self._resting[errand]
        self._once_more(errand)

    def _once_more(self, errand: Errand) -> None:
        if errand in self._again:
            self._again.discard(errand)
            self._wait(errand)

    def _wait(self, errand: Errand) -> None:
        if not self._ended:
            self._waiting[errand] = None
            self._changed.set()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
