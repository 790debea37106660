"""The air between a phone and whatever it calls: there is some, or none, and a call that is under way can be ended.

A timeout without a time ends a call from outside as a task of its own would, and weighs much less.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from homeport_client.errors import Unreachable

Result = TypeVar("Result")
_NONE: Final = "There is no network here."


class Air:
    """There is some from the start."""

    def __init__(self) -> None:
        self.there = True
        self._under_way: dict[asyncio.Timeout, None] = {}

    def come(self) -> None:
        """There is a network."""
        self.there = True

    def go(self) -> None:
        """There is none any more: whatever is under way gets no answer."""
        self.there = False
        self.drop()

    def drop(self) -> None:
        """Whatever is under way gets no answer; what is called next does."""
        for call in self._under_way:
            if not call.expired():
                call.reschedule(0)  # which is over

    def check(self) -> None:
        """Raises `Unreachable` where there is none."""
        if not self.there:
            raise Unreachable(_NONE)

    async def through(self, call: Callable[[], Awaitable[Result]]) -> Result:
        """What the call brings, unless it is ended first. Raises `Unreachable`."""
        self.check()
        try:
            async with asyncio.timeout(None) as under_way:
                self._under_way[under_way] = None
                try:
                    return await call()
                finally:
                    del self._under_way[under_way]
        except TimeoutError:
            raise Unreachable(_NONE) from None
