"""Timers: a tenant is looked at again when its next chunk is due.

The slow poll stands behind them: a timer is lost with its process, and one that is early costs a question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

TIMERS_MAX: Final = 10_000  # tenants; who comes later waits for the poll


class Timers:
    """At most one a tenant: the next."""

    def __init__(self, wall_ms: Callable[[], int], within_s: float) -> None:
        """`within_s`: what is due later than the poll is left to it."""
        self._wall_ms = wall_ms
        self._within_s = within_s
        self._want: Callable[[str], None] = lambda _: None
        self._waiting: dict[str, asyncio.TimerHandle] = {}

    def tell(self, want: Callable[[str], None]) -> None:
        """Whom to tell when a tenant's time has come."""
        self._want = want

    def set(self, tenant: str, due_ms: int | None) -> None:
        """The tenant is to be looked at then, and no more at the time that was set before; None: not at all."""
        if former := self._waiting.pop(tenant, None):
            former.cancel()
        if due_ms is None or len(self._waiting) >= TIMERS_MAX:
            return
        after_s = max(due_ms - self._wall_ms(), 0) / 1_000
        if after_s < self._within_s:
            self._waiting[tenant] = asyncio.get_running_loop().call_later(after_s, self._ring, tenant)

    def end(self) -> None:
        """None rings any more."""
        for each in self._waiting.values():
            each.cancel()
        self._waiting.clear()

    def _ring(self, tenant: str) -> None:
        del self._waiting[tenant]
        self._want(tenant)
