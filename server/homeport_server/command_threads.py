"""Commands of the app, each in a thread of its own, so that the event loop goes on and a slow one can be left behind.

A thread cannot be ended from outside. One whose time is over is told to stop at its next line of Python; one that waits
inside a C function stops when that returns. Neither has any effect any more: what a command writes counts only once it
has ended in time.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from time import monotonic
from typing import TypeVar

from homeport_sync.calling import Body, Halted
from homeport_sync.errors import HomeportError, Overloaded
from homeport_sync.limits import Limits
from homeport_sync.rejections import CommandFailed, CommandTimedOut

T = TypeVar("T")
LEFT_BEHIND_MAX = 16


class _Stopped(Halted):
    """Raised in the thread of a command whose time is over."""


class CommandThreads:
    """See `homeport_sync.calling.Runner`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        at_once_max = limits.commits_at_once_max + limits.commands_at_once_max  # none waits: it may hold a lock
        self._batches = ThreadPoolExecutor(at_once_max, thread_name_prefix="homeport-batch")
        self._left_behind: list[Thread] = []

    def allowance(self) -> CommandTime:
        """See `Runner`."""
        return CommandTime(self._limits, self._left_behind)

    async def aside(self, work: Callable[[], T]) -> T:
        """See `Runner`."""
        return await asyncio.get_running_loop().run_in_executor(self._batches, work)

    @property
    def left_behind(self) -> int:
        """How many threads are still busy with a command whose time is over."""
        return sum(thread.is_alive() for thread in self._left_behind)


class CommandTime:
    """See `homeport_sync.calling.Allowance`."""

    def __init__(self, limits: Limits, left_behind: list[Thread]) -> None:
        self._limits = limits
        self._left_behind = left_behind
        self._used_s = 0.0
        self._used_before_s = 0.0  # when what is being decided as one began

    @property
    def spent(self) -> bool:
        """See `Allowance`."""
        return self._left_s <= 0 or self._crowded

    def begin_unit(self) -> None:
        """See `Allowance`."""
        self._used_before_s = self._used_s

    def call(self, body: Body) -> None:
        """See `Allowance`."""
        own_s = self._limits.command_ms_max / 1_000
        if self._crowded:
            raise self._overloaded()
        if self._left_s <= 0:
            raise self._too_long(cut=True)
        end = _End()
        thread = Thread(target=_run, args=(body, end), name="homeport-command", daemon=True)
        began_s, wait_s = monotonic(), min(own_s, self._left_s)
        thread.start()
        in_time = end.came.wait(wait_s)
        self._used_s += monotonic() - began_s
        if not in_time:
            self._left_behind.append(thread)
            _stop(thread)
            raise self._too_long(cut=wait_s < own_s)
        if end.raised is not None:
            raise end.raised
        if not end.reached:
            raise CommandFailed("The command's thread ended before the command did, and nothing of it took effect.")

    @property
    def _left_s(self) -> float:
        return self._limits.commands_ms_max / 1_000 - self._used_s

    @property
    def _crowded(self) -> bool:
        """Whether too many are still running: of those one can only wait that they end."""
        self._left_behind[:] = [thread for thread in self._left_behind if thread.is_alive()]
        return len(self._left_behind) >= LEFT_BEHIND_MAX

    def _too_long(self, *, cut: bool) -> HomeportError:
        """What is told of a command that did not end in time; `cut`: in what was left of the batch's."""
        if not cut:
            took = f"The command took longer than {self._limits.command_ms_max:,} ms"
        elif not self._used_before_s:  # it would come again and again: the group alone takes more than there is
            took = f"The commands of its group took longer than {self._limits.commands_ms_max:,} ms together"
        else:
            return self._overloaded()
        return CommandTimedOut(f"{took}, and nothing of it took effect: let it do less at once.")

    def _overloaded(self) -> Overloaded:
        return Overloaded(retryAfterMs=self._limits.overload_retry_ms)


@dataclass(slots=True)
class _End:
    """How a body ended, once it `came`: it `raised`, or `reached` its end; neither: nothing of it counts."""

    came: Event = field(default_factory=Event)
    raised: Exception | None = None
    reached: bool = False


def _run(body: Body, end: _End) -> None:
    with suppress(BaseException):  # a thread has nobody to raise it to
        try:
            body()
            end.reached = True
        except Exception as error:  # noqa: BLE001  # raised again where it is waited for
            end.raised = error
        finally:
            end.came.set()


def _stop(thread: Thread) -> None:
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(_Stopped))
