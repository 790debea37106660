"""Tasks that are alive as long as the application they run beside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette

from homeport_server.observe import Log


class Background:
    """Each `work` is a task that runs until it is cancelled; `at_end` runs, if given, when they are over.

    One that ends before is logged at once: nothing here can bring it back, only a new process can.
    """

    def __init__(
        self,
        log: Log,
        *work: Callable[[], Coroutine[Any, Any, None]],
        at_end: Callable[[], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        self._log = log
        self._work = work
        self._at_end = at_end
        self._at_death: Callable[[], None] = lambda: None
        self._tasks: list[asyncio.Task[None]] = []
        self._ending = False

    def at_death(self, told: Callable[[], None]) -> None:
        """Have `told` called for each work that ends although it was not told to."""
        self._at_death = told

    def runs(self) -> bool:
        """Whether all of them run."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """They run until the context is left, and have ended then."""
        self._tasks = [asyncio.create_task(work(), name=work.__qualname__) for work in self._work]
        for each in self._tasks:
            each.add_done_callback(self._over)
        try:
            yield
        finally:
            self._ending = True
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            if self._at_end:
                await self._at_end()

    def _over(self, task: asyncio.Task[None]) -> None:
        if self._ending:
            return
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._log.error("work stopped", work=task.get_name(), exc_info=error)
        else:
            how = "it was cancelled" if task.cancelled() else "it returned"
            self._log.error("work stopped", work=task.get_name(), reason=how)
        self._at_death()
