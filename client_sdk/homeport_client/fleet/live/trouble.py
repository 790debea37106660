"""What may happen to a site while phones write: all at once in the middle, or one thing after the other, all along."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeAlias

from homeport_client.fleet.live.site import Part, Site

DOWN_S = 1.5
REST_S = (1.0, 4.0)
GONE_S = (0.1, 3.0)
Trouble: TypeAlias = Callable[[Site, float], Awaitable[None]]  # a site, and for how many seconds the phones write


async def kill(part: Part) -> None:
    """As `Part.kill`, once nobody else kills or starts it: what is about to be ready is not killed on the way there."""
    async with part.turn:
        await part.kill()


async def revive(part: Part) -> None:
    """As `Part.start`, unless somebody else who killed it was quicker."""
    async with part.turn:
        if not part.running:
            await part.start()


async def nothing(site: Site, for_s: float) -> None:
    """No trouble at all."""


def killing(*names: str) -> Trouble:
    """In the middle of the writing these parts are killed at once; a while later they come back, in that order."""

    async def trouble(site: Site, for_s: float) -> None:
        await asyncio.sleep(for_s / 2)
        await asyncio.gather(*(kill(site.parts[name]) for name in names))
        await asyncio.sleep(DOWN_S)
        for name in names:
            await revive(site.parts[name])

    return trouble


class EndlessTrouble:
    """A part drawn from the stream is killed every few seconds and comes back a while later, until the time is over.

    `killed` counts how often each was.
    """

    def __init__(self, chance: Random) -> None:
        self.killed: Counter[str] = Counter()
        self._chance = chance

    async def __call__(self, site: Site, for_s: float) -> None:
        """A `Trouble`."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + for_s
        while loop.time() < end_s:
            await asyncio.sleep(self._chance.uniform(*REST_S))
            name = self._chance.choice(sorted(site.parts))
            part = site.parts[name]
            await kill(part)
            self.killed[name] += 1
            await asyncio.sleep(self._chance.uniform(*GONE_S))
            await revive(part)
