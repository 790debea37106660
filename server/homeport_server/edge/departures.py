"""Departures: who has a socket open here, and how they are let go before the process stops.

Nobody is cut and no two leave at once. Every socket gets a slot of its own, spread evenly and in random order over
the time there is, and is told of it: a `ping` of graphql-transport-ws with `goAwayMs`. Our SDK opens its next socket
within that time, then lets this one go; a stock client answers with a pong and stays. Whoever is still here a grace
after their slot is closed with 1012, which every client takes as "reconnect"; with an operation under way, after its
answer or when the time is over. So the processes that take over meet a stream and never a storm, whatever the clients
understand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from random import Random
from typing import Any, Protocol

STEP_S = 0.05
SLOTS_SHARE = 0.5
GRACE_SHARE = 0.45
LATE_S = 0.25
TOLD_PER_STEP = 500
_NEVER = float("inf")


class Departing(Protocol):
    """An open socket. Either call may wait for as long as its client does not read."""

    async def go_away(self, within_ms: int) -> None:
        """Ask the client to leave by itself within so many milliseconds."""

    async def restart(self) -> None:
        """Close with 1012."""

    def busy(self) -> bool:
        """Whether an operation is under way whose answer a close would cut off."""


class Departures:
    """The open sockets of this process."""

    def __init__(self, random: Random | None = None) -> None:
        self._random = random or Random()
        self._slots: dict[Departing, float] = {}
        self._closing: set[Departing] = set()
        self._last_slot = _NEVER
        self._talking: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many sockets are open."""
        return len(self._slots) + len(self._closing)

    def enter(self, socket: Departing) -> None:
        """A socket was opened; one that comes while the others leave is given a slot at once.

        Those that come after the last slot are spread over `LATE_S`.
        """
        self._slots[socket] = _NEVER
        if self._last_slot < _NEVER:
            now = asyncio.get_running_loop().time()
            self._tell(socket, self._random.uniform(now, max(now + LATE_S, self._last_slot)))

    def leave(self, socket: Departing) -> None:
        """A socket is over; harmless when it never came."""
        self._slots.pop(socket, None)
        self._closing.discard(socket)

    async def let_go(self, within_s: float) -> int:
        """Let everybody go; how many did not even take their close.

        Returns when nobody is left, after `within_s` seconds at the latest. Slots are spread evenly, so each step of
        `STEP_S` closes no more than its share: of 5,000 sockets in 10 s, 50.
        """
        loop = asyncio.get_running_loop()
        start = loop.time()
        self._last_slot = start + within_s * SLOTS_SHARE
        try:
            await self._tell_all(start)
            while len(self) and (now := loop.time()) < start + within_s:
                self._close(due=now - within_s * GRACE_SHARE)
                await asyncio.sleep(STEP_S)
            if self._slots:  # a loop that was late, or sockets that came late
                self._close(due=_NEVER, busy=True)
                await asyncio.sleep(STEP_S)
        finally:
            for task in self._talking:
                task.cancel()
        return len(self)

    async def _tell_all(self, start: float) -> None:
        waiting = list(self._slots)
        self._random.shuffle(waiting)
        for index, (socket, share) in enumerate(zip(waiting, _spread(len(waiting), self._random), strict=True), 1):
            if socket in self._slots:
                self._tell(socket, start + share * (self._last_slot - start))
            if index % TOLD_PER_STEP == 0:
                await asyncio.sleep(0)

    def _tell(self, socket: Departing, slot: float) -> None:
        self._slots[socket] = slot
        left_s = max(slot - asyncio.get_running_loop().time(), 0)
        self._talk(socket.go_away(int(left_s * 1_000)))

    def _close(self, *, due: float, busy: bool = False) -> None:
        """Close those whose slot was at `due` or before; those who are busy only if told so."""
        for socket in [socket for socket, slot in self._slots.items() if slot <= due and (busy or not socket.busy())]:
            del self._slots[socket]
            self._closing.add(socket)  # it leaves when its close is written
            self._talk(socket.restart())

    def _talk(self, saying: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(_said(saying))
        self._talking.add(task)
        task.add_done_callback(self._talking.discard)


async def _said(saying: Coroutine[Any, Any, None]) -> None:
    with suppress(Exception):  # a socket that fails is closing by itself, which is what was wanted
        await saying


def _spread(count: int, random: Random) -> Iterator[float]:
    """That many moments of 0 to 1 in order: each random in its own slice, so that none is crowded."""
    return ((index + random.random()) / count for index in range(count))
