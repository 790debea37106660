"""Sightings in memory: one part of the store in memory."""

from __future__ import annotations

from collections.abc import Sequence

from homeport_sync.memory_log import MemoryLog, OnMemory
from homeport_sync.memory_quarantine import held_in
from homeport_sync.scope import EVERYBODY
from homeport_sync.sightings import (
    REFUSED_COUNTED_MAX,
    REFUSED_SHOWN_MAX,
    DeviceFacts,
    DevicePage,
    DevicePlace,
    ListedDevice,
    Sighting,
    joined,
    listed_at_ms,
    page_of,
    user_of,
)
from homeport_sync.writer_ids import is_writer


class MemorySightings(OnMemory):
    """`Sightings` in memory."""

    async def keep_sightings(self, tenant: str, sightings: Sequence[Sighting], now_ms: int) -> None:
        """See `sightings.Sightings`."""
        log = self._log(tenant)
        for heard in sightings:
            log.sightings[heard.device] = joined(log.sightings.get(heard.device), heard)
            log.sighted_at.setdefault(heard.device, now_ms)
            log.listed_at[heard.device] = listed_at_ms(log.listed_at.get(heard.device), now_ms)

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

    async def devices(self, tenant: str, after: DevicePlace, limit: int) -> DevicePage:
        """See `sightings.Sightings`."""
        log = self._log(tenant)
        places = sorted(((at_ms, device) for device, at_ms in log.listed_at.items()), reverse=True)
        found = [place for place in places if place < after and not is_writer(place[1])][:limit]
        return page_of([_listed(log, place) for place in found], limit, log.head)


def _listed(log: MemoryLog, place: DevicePlace) -> ListedDevice:
    device = place[1]
    refused = sum(each.open for each in held_in(log) if each.change.device == device)
    return ListedDevice(
        sighting=log.sightings[device],
        known=log.devices.get(device),
        refused_count=min(refused, REFUSED_COUNTED_MAX),
        place=place,
    )
