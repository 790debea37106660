"""Tells everyone who waits that something changed; who was busy meanwhile hears one ring for many."""

from __future__ import annotations

import asyncio


class Bell:
    """Take `next` before you look, wait for it after: then no ring is missed in between."""

    def __init__(self) -> None:
        self.next = asyncio.Event()

    def ring(self) -> None:
        """Wakes all who wait for `next`, and begins another one."""
        rung, self.next = self.next, asyncio.Event()
        rung.set()
