"""What goes on beside something else: it is over when that is, and what fails in it is not lost.

Nobody waits for such a task, so nobody would hear of its failure: here somebody always asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """`work` goes on beside what is done in here, and is over with it. Raises what failed in it, unless something
    failed in here."""
    task = asyncio.create_task(work)
    try:
        yield
    except BaseException:
        await _over([task])
        raise
    await ended([task])


async def ended(tasks: Iterable[asyncio.Task[None]]) -> None:
    """All of these are over when this returns. Raises what failed in the first of those that had failed."""
    for failure in await _over(tasks):
        raise failure


def failure_of(task: asyncio.Task[None]) -> BaseException | None:
    """What failed in a task that is done; None if it came to its end, or was ended."""
    return None if task.cancelled() else task.exception()


async def _over(tasks: Iterable[asyncio.Task[None]]) -> list[BaseException]:
    ending = list(tasks)
    for task in ending:
        task.cancel()
    for task in ending:
        if not task.done():
            await asyncio.wait([task])
    return [failure for failure in map(failure_of, ending) if failure is not None]
