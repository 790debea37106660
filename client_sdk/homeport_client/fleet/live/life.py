"""Programs and their lives: one ends by our hand, or by itself, and then somebody is told."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import weakref
from collections.abc import Callable

from homeport_client.fleet.live import process
from homeport_client.fleet.live.process import ProcessFailed


class Life:
    """From the program's start to its end. `said` gives its last words, for whoever is told that it failed."""

    def __init__(self, name: str, started: subprocess.Popen[bytes], said: Callable[[], str]) -> None:
        self.pid = started.pid
        self._name = name
        self._started = started
        self._said = said
        self._doomed = False
        weakref.finalize(self, _leave_nobody, started)  # also at our own exit, which a second Ctrl-C may hurry

    @property
    def running(self) -> bool:
        """Whether there is a process, and nobody is about to end it."""
        return not self._doomed and self._started.poll() is None

    @property
    def fallen(self) -> str:
        """How it ended, if by itself; nothing if it runs, or we ended it."""
        if self._doomed or self._started.poll() is None:
            return ""
        return f"{self._name} ended by itself with exit code {self._started.returncode}. {self._said()}".strip()

    async def stop(self, how: signal.Signals, *, within_s: float) -> int:
        """Ask it to end, and its exit code when it has. Raises `ProcessFailed` if it does not, or had by itself."""
        fallen, self._doomed = self.fallen, True
        self._started.send_signal(how)
        await self._over(within_s)
        _told(fallen)
        return self._started.returncode

    async def kill(self) -> None:
        """SIGKILL to it and its children. Harmless when we have ended it; raises `ProcessFailed` if it had ended by
        itself, or does not end."""
        fallen, self._doomed = self.fallen, True
        if self._started.poll() is None:
            await process.kill(self.pid)
            await self._over(process.KILL_S)
        _told(fallen)

    async def _over(self, within_s: float) -> None:
        await process.until(
            lambda: self._started.poll() is not None, within_s=within_s, awaited=f"{self._name} has ended"
        )


class Program:
    """A program that lives one life after the other, on the same data and at the same address.

    A kind of it says how it starts: `start` sets `_life`, and counts `lives` when it is ready.
    """

    def __init__(self, name: str) -> None:
        self.lives = 0
        self.turn = asyncio.Lock()  # see `Part`
        self._name = name
        self._life: Life | None = None

    @property
    def running(self) -> bool:
        """See `Part`. Frozen or not."""
        return self._life is not None and self._life.running

    @property
    def fallen(self) -> str:
        """See `Part`."""
        return self._life.fallen if self._life else ""

    @property
    def pid(self) -> int:
        """The id of the process. Raises `ProcessFailed` if there is none."""
        if self._life is None or not self._life.running:
            raise ProcessFailed(f"{self._name} does not run: start it first.")
        return self._life.pid

    async def kill(self) -> None:
        """See `Part`. All its children too, frozen or not."""
        if self._life is not None:
            await self._life.kill()

    async def freeze(self) -> None:
        """SIGSTOP to all its processes: connections stay open, nothing comes through, and new ones get no answer."""
        await process.freeze(self.pid)

    def thaw(self) -> None:
        """SIGCONT to all its processes. Harmless when they are not frozen."""
        process.thaw(self.pid)

    def _must_be_over(self) -> None:
        """Raises `ProcessFailed` if it runs, or has ended by itself."""
        if self.running or self.fallen:
            raise ProcessFailed(self.fallen or f"{self._name} is running already: stop it or kill it first.")

    async def _end(self, how: signal.Signals, *, within_s: float) -> int:
        """Ask it to end, frozen or not, and its exit code when it has; 0 when nothing has run."""
        if self._life is None:
            return 0
        process.thaw(self._life.pid)
        return await self._life.stop(how, within_s=within_s)


def _told(fallen: str) -> None:
    if fallen:
        raise ProcessFailed(fallen)


def _leave_nobody(started: subprocess.Popen[bytes]) -> None:
    if started.poll() is None:
        process.kill_group(started.pid)
        started.kill()  # where it leads no group
        started.wait()
