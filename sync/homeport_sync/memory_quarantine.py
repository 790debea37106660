"""Quarantine in memory: one part of the store in memory."""

from __future__ import annotations

from collections.abc import Sequence

from homeport_sync.memory_log import MemoryLog, OnMemory
from homeport_sync.quarantine import Chosen, Held, QuarantinePlace


class MemoryQuarantine(OnMemory):
    """`Quarantine` in memory."""

    async def quarantine(self, tenant: str, chosen: Chosen, after: QuarantinePlace, limit: int) -> Sequence[Held]:
        """See `quarantine.Quarantine`."""
        found = sorted(held_in(self._log(tenant)), key=lambda held: held.place)
        return [held for held in found if held.place > after and _fits(held, chosen)][:limit]

    async def held(self, tenant: str, device: str, number: int) -> Held | None:
        """See `quarantine.Quarantine`."""
        every = held_in(self._log(tenant))
        return next((held for held in every if (held.change.device, held.change.number) == (device, number)), None)

    async def held_later(self, tenant: str, device: str, number: int, limit: int) -> Sequence[Held]:
        """See `quarantine.Quarantine`."""
        every = held_in(self._log(tenant))
        later = (held for held in every if held.change.device == device and held.change.number > number)
        return sorted(later, key=lambda held: held.change.number)[:limit]

    async def held_of(self, tenant: str, record: str, limit: int) -> Sequence[Held]:
        """See `quarantine.Quarantine`."""
        return [held for held in held_in(self._log(tenant)) if held.change.record == record][:limit]


def held_in(log: MemoryLog) -> list[Held]:
    """All that lies in the quarantine of a log."""
    held = []
    for change in log.quarantine:
        device = log.devices.get(change.device)
        by, at_ms = log.replayed.get((change.device, change.number), ("", None))
        held.append(Held(change=change, user=device.user if device else "", replayed_by=by, replayed_at_ms=at_ms))
    return held


def _fits(held: Held, chosen: Chosen) -> bool:
    change = held.change
    asked = ((chosen.user, held.user), (chosen.device, change.device), (chosen.record, change.record))
    return (chosen.closed or held.open) and all(wanted in ("", here) for wanted, here in asked)
