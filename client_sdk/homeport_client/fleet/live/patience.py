"""Asking a server that may be on its way back: again and again, and not everybody at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from homeport_client import ServerError, Unreachable

Result = TypeVar("Result")
AT_ONCE = 50
RETRY_S = 0.1


async def until_answered(call: Callable[[], Awaitable[Result]], turns: asyncio.Semaphore) -> Result:
    """What the call brings when the server answers. Whoever waits for the next try leaves the turn to others."""
    while True:
        try:
            async with turns:
                return await call()
        except (Unreachable, ServerError):
            await asyncio.sleep(RETRY_S)
