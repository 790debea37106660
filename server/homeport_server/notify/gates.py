"""The gates of the channels, as an operator sees them: a closed one is a warning of `/readyz` and a metric."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Final

from homeport_notify.address import ChannelName
from homeport_notify.ports import Gates
from homeport_server.observe.metrics import Metrics
from homeport_sync.entry import moment_of

LOOK_S: Final = 10.0


class GateWatch:
    """Looks at the gates of these channels now and then."""

    def __init__(
        self, gates: Gates, channels: Collection[ChannelName], metrics: Metrics, wall_ms: Callable[[], int]
    ) -> None:
        self._gates = gates
        self._channels = channels
        self._metrics = metrics
        self._wall_ms = wall_ms
        self._closed: dict[ChannelName, str] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            with suppress(Exception):  # a store that does not answer is told of elsewhere
                await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Look at each once."""
        for channel in self._channels:
            gate = await self._gates.gate(channel)
            is_closed = gate.closed_until_ms > self._wall_ms()
            self._metrics.channel_closed(channel, closed=is_closed)
            self._closed.pop(channel, None)
            if is_closed:
                self._closed[channel] = closed_says(channel, gate.closed_until_ms, gate.reason)

    def warnings(self) -> Sequence[str]:
        """One for each that is closed."""
        return tuple(self._closed.values())


def closed_says(channel: ChannelName, until_ms: int, reason: str) -> str:
    """That a channel is closed, until when and why."""
    return f"the channel {channel} is closed until {moment_of(until_ms):%Y-%m-%d %H:%M:%S} UTC: {reason}"
