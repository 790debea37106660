"""Passage: how much of a provider a worker may use now. All workers share the gates, so that one that hears "too many"
stops them all, and none uses up another's share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from homeport_notify import limits
from homeport_notify.address import ChannelName
from homeport_notify.answer import Answer, Fate
from homeport_notify.backoff import ramp
from homeport_notify.notification import Lane
from homeport_notify.ports import Gates

# Of a second's messages: what goes to many leaves the rest to what one person waits for.
PARTS: Final[Mapping[Lane, float]] = {"transactional": 1.0, "wake": 0.9, "bulk": 0.8}
SECOND_MS: Final = 1_000


class Closed(Exception):
    """The channel's gate is closed until `until_ms`."""

    def __init__(self, until_ms: int) -> None:
        super().__init__(until_ms)
        self.until_ms = until_ms


class Passage:
    """Of one worker. `rates` are messages a second over all workers, by channel; a channel without one has no limit."""

    def __init__(self, gates: Gates, rates: Mapping[ChannelName, int], wall_ms: Callable[[], int]) -> None:
        self._gates = gates
        self._rates = rates
        self._wall_ms = wall_ms

    async def share(self, channel: ChannelName, wanted: int, lane: Lane) -> int:
        """How many of the `wanted` messages may go now; 0 if this second's share of the lane is used up. Raises
        `Closed`.

        The ramp is one of whole windows, not of what is left of a chunk: of a small one a tenth would be tried, and the
        next time a tenth of that, until every delivery was a chunk of its own.
        """
        gate, now_ms = await self._gates.gate(channel), self._wall_ms()
        if gate.closed_until_ms > now_ms:
            raise Closed(gate.closed_until_ms)
        speed = ramp(gate.opened_at_ms, now_ms)
        wanted = min(wanted, max(int(limits.WINDOW_MAX * speed), 1))
        if (rate := self._rates.get(channel)) is None:
            return wanted
        return await self._gates.take(channel, wanted, max(int(rate * speed * PARTS[lane]), 1), now_ms)

    async def speed(self, channel: ChannelName) -> float:
        """Which share of its speed the channel has now, 0.1 to 1."""
        return ramp((await self._gates.gate(channel)).opened_at_ms, self._wall_ms())

    async def wait(self) -> None:
        """Until it is worth asking again: the next second has its own share."""
        await asyncio.sleep((SECOND_MS - self._wall_ms() % SECOND_MS) / 1_000)

    async def close(self, channel: ChannelName, answer: Answer, reason: str) -> int:
        """The provider wants to be left alone, or has to be: until when."""
        usual_ms = limits.THROTTLED_MS if answer.fate is Fate.THROTTLED else limits.MISCONFIGURED_MS
        return await self._close(channel, answer.retry_after_ms or usual_ms, reason)

    async def rest(self, channel: ChannelName, answer: Answer, reason: str, random: Random) -> int:
        """The provider is in trouble: until when it is left alone."""
        usual_ms = int(limits.RETRY_FIRST_MS * (1 + random.random()))
        return await self._close(channel, max(answer.retry_after_ms or 0, usual_ms), reason)

    async def _close(self, channel: ChannelName, for_ms: int, reason: str) -> int:
        until_ms = self._wall_ms() + for_ms
        await self._gates.close_gate(channel, until_ms, reason)
        return until_ms
