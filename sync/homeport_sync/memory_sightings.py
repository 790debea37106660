"""Sightings in memory: one part of the store in memory."""

from __future__ import annotations

from collections.abc import Sequence

from homeport_sync.memory_log import OnMemory
from homeport_sync.memory_quarantine import held_in
from homeport_sync.scope import EVERYBODY
from homeport_sync.sightings import REFUSED_SHOWN_MAX, DeviceFacts, Sighting, joined, user_of


class MemorySightings(OnMemory):
    """`Sightings` in memory."""

    async def keep_sightings(self, tenant: str, sightings: Sequence[Sighting], now_ms: int) -> None:
        """See `sightings.Sightings`."""
        kept = self._log(tenant).sightings
        for heard in sightings:
            kept[heard.device] = joined(kept.get(heard.device), heard)
            self._log(tenant).sighted_at.setdefault(heard.device, now_ms)

    async def device(self, tenant: str, device: str) -> DeviceFacts | None:
        """See `sightings.Sightings`."""
        log = self._log(tenant)
        known, sighting = log.devices.get(device), log.sightings.get(device)
        if known is None and sighting is None:
            return None
        first, last = log.pushes.get(device, (None, None))
        decided = log.outcomes.get((device, known.last_number)) if known else None
        refused = [each.change for each in held_in(log) if each.change.device == device and each.open]
        refused.sort(key=lambda each: -each.number)
        user = user_of(known, sighting)
        return DeviceFacts(
            known=known,
            first_push_ms=first,
            last_push_ms=last,
            last_decided_ms=decided.decided_at_ms if decided else None,
            sighting=sighting,
            refused=refused[:REFUSED_SHOWN_MAX],
            refused_count=len(refused),
            grants=len({each.scope for name in (user, EVERYBODY) for each in log.grants_held_by(name) if each.holds}),
            head=log.head,
        )
