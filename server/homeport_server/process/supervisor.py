"""The supervisor: one listening socket, N server processes that accept from it, always N that serve.

The socket is opened once and inherited. `SO_REUSEPORT`, the other way to share a port, would give each process a
queue of its own, and a process that stops drops what waits in it. Here what one process does not take, another does.

- A process that dies is replaced, after a pause that grows while they keep dying soon after their start, or before they
  serve. What cannot even be started counts as that, too.
- SIGHUP rolls: for each process a new one is started (with the app's file and the program as they are now), and only
  when it serves does the old one drain. If a new one does not come up, the old ones stay.
- SIGTERM and SIGINT are passed on, a second one kills. If the supervisor itself is killed, its processes see their
  pipe of orders end, and drain.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from homeport_server.observe import Log
from homeport_server.process.child import Child
from homeport_server.process.drain import STOPS, Stop

START_S = 60.0
STEADY_S = 30.0
PAUSE_FIRST_S = 0.1
PAUSE_MAX_S = 10.0


class _NotUp(Exception):
    """A process ended before it served, or could not be started. The log says so."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


def pause_s(deaths: int) -> float:
    """Seconds before the next process is started, when so many died young in a row."""
    return min(PAUSE_FIRST_S * (1 << min(deaths, 20)), PAUSE_MAX_S)


class Supervisor:
    """`workers` processes of `command`, all on `listening`, which is closed when they are told to stop.

    `ready` is called once, when all of them serve; `buried` with the process id of each that has ended. Whoever has
    been told to go is killed if it is still there after `gone_s` seconds.
    """

    def __init__(
        self,
        command: Sequence[str],
        listening: socket.socket,
        environment: Mapping[str, str],
        log: Log,
        *,
        workers: int,
        gone_s: float,
        ready: Callable[[], None],
        buried: Callable[[int], None],
    ) -> None:
        self._command = command
        self._listening = listening
        self._environment = environment
        self._log = log
        self._workers = workers
        self._gone_s = gone_s
        self._ready = ready
        self._buried = buried
        self._alive: set[Child] = set()
        self._serving: list[Child] = []
        self._deaths = 0
        self._failed = 0
        self._stop: Stop | None = None
        self._stopped = asyncio.Event()
        self._roll_wanted = asyncio.Event()
        self._work: set[asyncio.Task[None]] = set()

    async def run(self) -> int:
        """Supervise until told to stop and everyone is gone. The exit code, not 0 if that went wrong."""
        loop = asyncio.get_running_loop()
        for number, stop in STOPS.items():
            loop.add_signal_handler(number, self._told, stop)
        loop.add_signal_handler(signal.SIGHUP, self._roll_wanted.set)
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            self._begin(self._run())
            await self._stopped.wait()
            for task in self._work:
                task.cancel()
            await asyncio.gather(*(self._gone(child) for child in self._alive))
        return self._failed

    def stop(self, stop: Stop) -> None:
        """Tell every process to stop; harmless when they have been told."""
        if self._stop is None:
            self._stop = stop
            self._listening.close()  # or it would go on taking connections that nobody accepts
            for child in self._alive:
                child.tell(stop)
            self._stopped.set()

    def _told(self, stop: Stop) -> None:
        if self._stop is None:
            self.stop(stop)
        else:
            self._failed = 1
            for child in self._alive:
                child.kill()

    async def _run(self) -> None:
        """The first process starts alone: why it fails is said once, and it makes what the others share."""
        try:
            await self._start()
        except _NotUp as error:
            self._failed = error.exit_code or 1
            self.stop(Stop.NOW)
            return
        await asyncio.gather(*(self._add() for _ in range(self._workers - 1)))
        self._ready()
        while True:
            await self._roll_wanted.wait()
            self._roll_wanted.clear()
            await self._roll()

    async def _roll(self) -> None:
        """Replace one after the other; each goes only when its successor serves."""
        for old in tuple(self._serving):
            if old not in self._serving:
                continue  # it died meanwhile, so its successor is a new one already
            try:
                new = await self._start()
            except _NotUp:
                self._log.error("roll given up", reason="the new process did not come up")
                return
            if old in self._serving:
                await self._let_go(old)
            elif len(self._serving) > self._workers:  # it died meanwhile and was replaced, too
                await self._let_go(new)
        self._log.info("rolled", pids=[child.pid for child in self._serving])

    async def _let_go(self, child: Child) -> None:
        self._serving.remove(child)
        child.tell(Stop.HANDOVER)
        await self._gone(child)

    async def _gone(self, child: Child) -> int:
        """Wait until a process that is to go is gone, and kill it when its time is over: its exit code."""
        try:
            async with asyncio.timeout(self._gone_s):
                return await child.gone()
        except TimeoutError:
            self._log.error("server process killed", pid=child.pid, reason=f"it did not stop in {self._gone_s:.0f} s")
            if self._stop is not None:
                self._failed = self._failed or 1
            child.kill()
            return await child.gone()

    async def _add(self) -> Child | None:
        """One more that serves, however often it takes; each death makes the next pause longer.

        None: there are enough, because a roll was quicker.
        """
        while len(self._serving) < self._workers:
            try:
                child = await self._start()
            except _NotUp:
                self._deaths += 1
                again_in_s = pause_s(self._deaths)
                self._log.warning("server process missing", again_in_s=again_in_s)
                await asyncio.sleep(again_in_s)
                continue
            if len(self._serving) <= self._workers:
                return child
            await self._let_go(child)
        return None

    async def _start(self) -> Child:
        """A process more, which is among those that serve when this returns. Raises `_NotUp`."""
        try:
            child = await Child.start(self._command, self._listening, self._environment)
        except OSError as error:
            self._log.error("server process not started", reason=str(error))
            raise _NotUp(1) from error
        self._alive.add(child)
        self._tasks.create_task(self._attend(child))
        if await child.serves(START_S) and child in self._alive:
            self._serving.append(child)
            return child
        code = await self._gone(child)
        self._log.error("server process did not come up", pid=child.pid, exit_code=code)
        raise _NotUp(code)

    async def _attend(self, child: Child) -> None:
        """See a process to its end, and have it replaced if nobody told it to go."""
        code = await child.gone()
        self._alive.discard(child)
        try:
            self._buried(child.pid)
        except OSError as error:  # nothing there is worth stopping the servers for
            self._log.error("counts lost", pid=child.pid, reason=str(error))
        if child not in self._serving:
            return
        self._serving.remove(child)
        if self._stop is None:
            young = asyncio.get_running_loop().time() - child.started_at < STEADY_S
            self._deaths = self._deaths + 1 if young else 0
            again_in_s = pause_s(self._deaths)
            self._log.error("server process died", pid=child.pid, exit_code=code, again_in_s=again_in_s)
            self._begin(self._replace(again_in_s))

    async def _replace(self, after_s: float) -> None:
        await asyncio.sleep(after_s)
        new = await self._add()
        if new is not None:
            self._log.info("server process replaced", pid=new.pid)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Work that ends when the supervisor is told to stop."""
        task = self._tasks.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
