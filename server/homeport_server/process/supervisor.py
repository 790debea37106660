"""The supervisor: one listening socket, N server processes that accept from it, always N that serve.

The socket is opened once and inherited. `SO_REUSEPORT`, the other way to share a port, would give each process a
queue of its own, and a process that stops drops what waits in it. Here what one process does not take, another does.

- A process that dies is replaced, after a pause that grows while they keep dying.
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
from homeport_server.process.drain import Stop

START_S = 60.0
STEADY_S = 30.0
PAUSE_FIRST_S = 0.1
PAUSE_MAX_S = 10.0
_STOPS = {signal.SIGTERM: Stop.PLANNED, signal.SIGINT: Stop.NOW}


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
        for number, stop in _STOPS.items():
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
        first = await self._start()
        if first not in self._serving:
            self._failed = await first.gone() or 1
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
            new = await self._start()
            if new not in self._serving:
                self._log.error("roll given up", pid=new.pid, reason="the new process did not come up")
                return
            self._serving.remove(old)
            old.tell(Stop.HANDOVER)
            await self._gone(old)
        self._log.info("rolled", pids=[child.pid for child in self._serving])

    async def _gone(self, child: Child) -> None:
        """Wait until a process that was told to go is gone; kill it when its time is over."""
        try:
            async with asyncio.timeout(self._gone_s):
                await child.gone()
        except TimeoutError:
            self._log.error("server process killed", pid=child.pid, reason=f"it did not stop in {self._gone_s:.0f} s")
            child.kill()
            await child.gone()

    async def _add(self) -> None:
        """One more that serves, however often it takes; each death makes the next pause longer."""
        while (await self._start()) not in self._serving:
            self._deaths += 1
            await asyncio.sleep(min(PAUSE_FIRST_S * 2 ** min(self._deaths, 20), PAUSE_MAX_S))

    async def _start(self) -> Child:
        """A process more. It is among those that serve when this returns, or did not come up."""
        child = await Child.start(self._command, self._listening, self._environment)
        self._alive.add(child)
        self._tasks.create_task(self._attend(child))
        if await child.serves(START_S) and child in self._alive:
            self._serving.append(child)
        return child

    async def _attend(self, child: Child) -> None:
        """See a process to its end, and have it replaced if nobody told it to go."""
        code = await child.gone()
        self._alive.discard(child)
        self._buried(child.pid)
        if child not in self._serving:
            return
        self._serving.remove(child)
        if self._stop is None:
            self._log.error("server process died", pid=child.pid, exit_code=code)
            if asyncio.get_running_loop().time() - child.started_at > STEADY_S:
                self._deaths = 0
            self._begin(self._replace())

    async def _replace(self) -> None:
        await asyncio.sleep(PAUSE_FIRST_S)
        await self._add()
        self._log.info("server process replaced", pid=self._serving[-1].pid)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Work that ends when the supervisor is told to stop."""
        task = self._tasks.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
