"""Tells everyone who waits that something changed; who was busy meanwhile hears one ring for many."""

from __future__ import annotations

import asyncio


class Bell:
    """Take `next` before you look, wait for it after: then no ring is missed in between."""

    def __init__(self) -> None:
        self._next: asyncio.Event | None = None

    @property
    def next(self) -> asyncio.Event:
        """Set by the next ring. Made when somebody asks, for at most devices nobody does."""
        if self._next is None:
            self._next = asyncio.Event()
        return self._next

    def ring(self) -> None:
        """Wakes all who wait for `next`, and begins another one."""
        if self._next is not None:
            self._next.set()
            self._next = None
