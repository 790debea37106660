"""How far devices are: what the store was told of all servers' devices, and what this process has heard since.

In the one process that serves SQLite that is exact. On PostgreSQL a worker knows it as late as servers keep it
(`HOMEPORT_SIGHTINGS_EVERY_S`): at worst somebody who has pulled is told, or woken, all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from homeport_notify.ports import Presence
from homeport_server.listening import CONNECTED_MS, Listening
from homeport_server.sightings import Heard, position_of
from homeport_sync.cursor import CursorSeal
from homeport_sync.lookups import Lookups
from homeport_sync.sightings import Sighting

LOOK_AGAIN_MS: Final = 5_000  # after that it is looked at anew whether one that listens here still does


class KeptPresences:
    """As the store knows it (`ports.Presences`)."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups

    async def presences(self, tenant: str, devices: Sequence[str]) -> Mapping[str, Presence]:
        """See `ports.Presences`."""
        kept = await self._lookups.presences(tenant, devices)
        return {device: _presence(sighting) for device, sighting in kept.items()}


class LivePresences:
    """The same, with what this process knows better."""

    def __init__(
        self, lookups: Lookups, heard: Heard, listening: Listening, seal: CursorSeal, wall_ms: Callable[[], int]
    ) -> None:
        self._kept = KeptPresences(lookups)
        self._heard = heard
        self._listening = listening
        self._seal = seal
        self._wall_ms = wall_ms

    async def presences(self, tenant: str, devices: Sequence[str]) -> Mapping[str, Presence]:
        """See `ports.Presences`."""
        kept = await self._kept.presences(tenant, devices)
        found = {device: self._now(tenant, device, kept.get(device, Presence())) for device in devices}
        return {device: presence for device, presence in found.items() if presence != Presence()}

    def _now(self, tenant: str, device: str, kept: Presence) -> Presence:
        user, cursor = self._heard.pulled_to(tenant, device)
        position = position_of(self._seal, tenant, user, cursor)
        listens = self._wall_ms() + LOOK_AGAIN_MS if self._listening.listens(tenant, device) else kept.listens_until_ms
        return Presence(
            pulled_position=kept.pulled_position if position is None else position, listens_until_ms=listens
        )


def _presence(sighting: Sighting) -> Presence:
    until_ms = (sighting.connected_at_ms or 0) + CONNECTED_MS if sighting.connected else 0
    return Presence(pulled_position=sighting.pulled_position or 0, listens_until_ms=until_ms)
