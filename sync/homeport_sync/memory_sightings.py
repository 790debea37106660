"""Sightings in memory: one part of the store in memory."""

from __future__ import annotations

from collections.abc import Sequence

from homeport_sync.sightings import Sighting, joined


class MemorySightings:
    """What was heard of devices, by (tenant, device)."""

    def __init__(self) -> None:
        self._sightings: dict[tuple[str, str], Sighting] = {}

    def _must_be_here(self, tenant: str) -> None:
        """Raises `Unavailable` if there is no such tenant."""
        raise NotImplementedError

    async def keep_sightings(self, tenant: str, sightings: Sequence[Sighting], now_ms: int) -> None:
        """See `sightings.Sightings`."""
        self._must_be_here(tenant)
        for heard in sightings:
            name = tenant, heard.device
            self._sightings[name] = joined(self._sightings.get(name), heard)
