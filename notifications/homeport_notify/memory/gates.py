"""The gates of the channels, in memory."""

from __future__ import annotations

from homeport_notify.address import ChannelName
from homeport_notify.gating import closed, opened, taken
from homeport_notify.memory.space import OnMemory
from homeport_notify.ports import Gate


class MemoryGates(OnMemory):
    """`Gates` in memory."""

    async def gate(self, channel: ChannelName) -> Gate:
        """See `ports.Gates`."""
        return self._gates[channel].gate

    async def close_gate(self, channel: ChannelName, until_ms: int, reason: str) -> None:
        """See `ports.Gates`."""
        self._gates[channel].gate = closed(self._gates[channel].gate, until_ms, reason)

    async def open_gate(self, channel: ChannelName, now_ms: int) -> None:
        """See `ports.Gates`."""
        self._gates[channel].gate = opened(self._gates[channel].gate, now_ms)

    async def take(self, channel: ChannelName, wanted: int, a_second: int, now_ms: int) -> int:
        """See `ports.Gates`."""
        kept = self._gates[channel]
        had, kept.share = taken(kept.gate, kept.share, wanted, a_second, now_ms)
        return had
