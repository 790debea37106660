"""Holds: a refusal for want of room is sent a little later than it is known.

A client that ignores `retryAfterMs` asks again the moment it is refused, and some hundred of them would have the server
do nothing but refuse, ten thousand times a second. While it waits for its answer a connection asks nothing, so each can
cost one refusal per hold at most. Whoever is polite loses nothing: what it was held is taken off its wait.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from homeport_sync.errors import Overloaded

RETRY_AFTER_MIN_MS = 1


class Holds:
    """Holds at most `held_max` refusals at once, each for `hold_ms` milliseconds; none while the process drains."""

    def __init__(self, hold_ms: int, held_max: int) -> None:
        self._hold_ms = hold_ms
        self._held_max = held_max
        self._held = 0
        self._released = asyncio.Event()

    def release(self) -> None:
        """Let all go at once, and hold no more: whoever is here must have its answer before the process ends."""
        self._released.set()

    async def hold(self, refused: Overloaded) -> Overloaded:
        """Wait; then the refusal as it is told, or at once if too many are held or the process drains."""
        after_ms = refused.values.get("retryAfterMs")
        if self._held >= self._held_max or self._released.is_set() or not self._hold_ms or after_ms is None:
            return refused
        now_s = asyncio.get_running_loop().time
        began = now_s()
        self._held += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._hold_ms / 1_000):
                    await self._released.wait()
        finally:
            self._held -= 1
        held_ms = round((now_s() - began) * 1_000)
        left_ms = max(int(after_ms) - held_ms, RETRY_AFTER_MIN_MS)
        return Overloaded(refused.message, **{**refused.values, "retryAfterMs": left_ms})
