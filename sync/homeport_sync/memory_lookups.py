"""Lookups in memory: one part of the store in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from homeport_sync.change import Record
from homeport_sync.memory_log import OnMemory
from homeport_sync.scope import EVERYBODY
from homeport_sync.sightings import Sighting


class MemoryLookups(OnMemory):
    """`Lookups` in memory."""

    async def records(self, tenant: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """See `lookups.Lookups`."""
        kept = self._log(tenant).records
        return {id: kept[id].record for id in ids if id in kept}

    async def written(self, tenant: str, scope: str, after: int, limit: int) -> Sequence[Record]:
        """See `lookups.Lookups`."""
        log = self._log(tenant)
        found = [(position, log.records[row].record) for position, row in log.after(scope, after)]
        return [record for position, record in found if position == record.position and record.scope == scope][:limit]

    async def members(self, tenant: str, scope: str, after: str, limit: int) -> Sequence[str]:
        """See `lookups.Lookups`."""
        grants = [each for each in self._log(tenant).grants.values() if each.scope == scope and each.holds]
        users = sorted({each.user for each in grants} - {EVERYBODY}, key=str.encode)
        return [user for user in users if user.encode() > after.encode()][:limit]

    async def presences(self, tenant: str, devices: Sequence[str]) -> Mapping[str, Sighting]:
        """See `lookups.Lookups`."""
        kept = self._log(tenant).sightings
        return {device: kept[device] for device in devices if device in kept}
