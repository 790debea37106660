"""Running what needs an event loop of its own from anywhere, also from a test that is a coroutine itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def aside(work: Callable[[], Result]) -> Result:
    """What `work` returns. In a thread if there is a loop in this one already: there can be only one."""
    if _in_a_loop():
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()
    return work()


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
