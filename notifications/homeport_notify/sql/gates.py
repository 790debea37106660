"""The gates of the channels, in SQL: of no tenant, for all use the same account."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from homeport_notify.address import ChannelName
from homeport_notify.gating import Share, closed, opened, taken
from homeport_notify.ports import Gate
from homeport_notify.sql.dialect import Statement
from homeport_notify.sql.on_door import OnDoor, Work

NO_TENANT: Final = ""
GATE: Final = Statement("SELECT closed_until, opened_at, reason, second, taken FROM gates WHERE channel = :channel")
MAKE: Final = Statement(
    """
    INSERT INTO gates (channel, closed_until, opened_at, reason, second, taken, created_at, updated_at)
    VALUES (:channel, 0, 0, '', 0, 0, {now}, {now}) ON CONFLICT (channel) DO NOTHING"""
)
LOCK_GATE: Final = Statement(
    """
    SELECT closed_until, opened_at, reason, second, taken FROM gates WHERE channel = :channel {lock}"""
)
KEEP: Final = Statement(
    """
    UPDATE gates SET closed_until = :until, opened_at = :opened, reason = :reason, updated_at = {now}
    WHERE channel = :channel"""
)
TAKE: Final = Statement(
    """
    UPDATE gates SET second = :second, taken = :taken, updated_at = {now} WHERE channel = :channel"""
)


class SqlGates(OnDoor):
    """`Gates` in SQL."""

    async def gate(self, channel: ChannelName) -> Gate:
        """See `ports.Gates`."""
        found = await self._read(NO_TENANT, GATE, channel=channel)
        return _gate(*found[0]) if found else Gate()

    async def close_gate(self, channel: ChannelName, until_ms: int, reason: str) -> None:
        """See `ports.Gates`."""
        async with self._locked(channel) as (work, gate, _):
            await _keep(work, channel, closed(gate, until_ms, reason))

    async def open_gate(self, channel: ChannelName, now_ms: int) -> None:
        """See `ports.Gates`."""
        async with self._locked(channel) as (work, gate, _):
            await _keep(work, channel, opened(gate, now_ms))

    async def take(self, channel: ChannelName, wanted: int, a_second: int, now_ms: int) -> int:
        """See `ports.Gates`."""
        async with self._locked(channel) as (work, gate, share):
            had, after = taken(gate, share, wanted, a_second, now_ms)
            if after != share:
                await work.execute(TAKE, channel=channel, second=after.second, taken=after.taken)
        return had

    @asynccontextmanager
    async def _locked(self, channel: ChannelName) -> AsyncIterator[tuple[Work, Gate, Share]]:
        async with self._work(NO_TENANT) as work:
            found = await work.first(LOCK_GATE, channel=channel)
            if found is None:
                await work.execute(MAKE, channel=channel)
                ((*found,),) = await work.fetch(LOCK_GATE, channel=channel)
            yield work, _gate(*found), Share(second=found[3], taken=found[4])


def _gate(closed_until: int, opened_at: int, reason: str, _second: int, _taken: int) -> Gate:
    return Gate(closed_until_ms=closed_until, opened_at_ms=opened_at, reason=reason)


async def _keep(work: Work, channel: ChannelName, gate: Gate) -> None:
    await work.execute(KEEP, channel=channel, until=gate.closed_until_ms, opened=gate.opened_at_ms, reason=gate.reason)
