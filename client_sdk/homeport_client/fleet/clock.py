"""Virtual time: an event loop whose clock jumps to the next timer when nothing is ready to run.

A simulated hour costs what its events cost, and two runs of one seed take the same steps in the same order,
because nothing in this world waits for a socket, a thread or the machine's clock. Where no timer is left and
somebody still waits, real time would stand still for ever: that is `Deadlock`.

The loop is asyncio's own with another selector (`selectors`), so the scheduling order is asyncio's; but of what is due
at the same moment the first comes that was set first. asyncio's heap has any order there, which depends on all other
timers: who else waits, and whether somebody watches, must not change what is played.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import selectors
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

Given = TypeVarTuple("Given")
Result = TypeVar("Result")
START_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
DAY_MS = 86_400_000


class Deadlock(RuntimeError):
    """Nothing is ready and no timer is left, but somebody still waits."""


class _Idle(selectors.SelectSelector):
    """Stands where sockets would be waited for, and moves the clock instead."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Deadlock(_waiting())
        self.now_s += max(timeout, 0.0)
        return []


class _Timer(asyncio.TimerHandle):
    """One that knows its turn."""

    __slots__ = ("turn",)
    turn: int

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, _Timer):
            return NotImplemented
        mine, others = self.when(), other.when()
        return mine < others if mine != others else self.turn < other.turn


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio's loop in virtual time, which starts at 0 seconds."""

    def __init__(self) -> None:
        self._idle = _Idle()
        super().__init__(self._idle)
        # asyncio runs a timer that is due within this; its own 1 ns is lost in the digits after a simulated month.
        self._clock_resolution = 1e-6
        self._turns = itertools.count()

    def call_at(
        self, when: float, callback: Callable[[*Given], object], *args: *Given, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As asyncio's, and in order."""
        timer = _Timer(when, callback, args, self, context)
        timer.turn = next(self._turns)
        heapq.heappush(self._scheduled, timer)  # type: ignore[attr-defined]  # asyncio's own
        timer._scheduled = True  # type: ignore[attr-defined]  # noqa: SLF001  # it counts those that are cancelled
        return timer

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._idle.now_s


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run `main` in a virtual time of its own. Raises `Deadlock`, naming those who wait for nothing."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def now_ms() -> int:
    """The true time of the simulated world, in milliseconds since 1970."""
    return START_MS + round(asyncio.get_running_loop().time() * 1_000)


class WallClock:
    """A device's own clock: `skew_ms` off the true time, and now and then somebody sets it."""

    def __init__(self, skew_ms: int = 0, true_ms: Callable[[], int] = now_ms) -> None:
        self.skew_ms = skew_ms
        self._true_ms = true_ms

    def __call__(self) -> int:
        """What the clock shows, in milliseconds since 1970."""
        return self._true_ms() + self.skew_ms

    def jump(self, by_ms: int) -> None:
        """Set the clock forward, or back for a negative `by_ms`."""
        self.skew_ms += by_ms


def _waiting() -> str:
    names = sorted(_place(task) for task in asyncio.all_tasks(asyncio.get_running_loop()) if not task.done())
    return f"Nothing is ready and no timer is left; {len(names)} tasks wait for ever: {'; '.join(names)}."


def _place(task: asyncio.Task[Any]) -> str:
    frames = task.get_stack(limit=1)
    where = f" at {frames[0].f_code.co_qualname}:{frames[0].f_lineno}" if frames else ""
    return f"{task.get_name()}{where}"
