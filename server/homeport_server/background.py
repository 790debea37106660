"""Tasks that are alive as long as the application they run beside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette


class Background:
    """Each `work` is a task that runs until it is cancelled; `at_end` runs when they are over."""

    def __init__(
        self, *work: Callable[[], Coroutine[Any, Any, None]], at_end: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        self._work = work
        self._at_end = at_end
        self._tasks: list[asyncio.Task[None]] = []

    def runs(self) -> bool:
        """Whether all of them run."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """They run until the context is left, and have ended then."""
        self._tasks = [asyncio.create_task(work()) for work in self._work]
        try:
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._at_end()
