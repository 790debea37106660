"""Several things at once, of which the first to end is enough."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine


async def first(*ways: Coroutine[object, object, None]) -> None:
    """Until one of them ends, in whatever way, which is how this ends; the others are cancelled.

    Of two that end at once the one named first counts.
    """
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        next(task for task in tasks if task.done()).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
