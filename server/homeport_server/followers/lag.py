"""How far the followers of this worker are behind, where they did not catch up in one turn."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from homeport_server.observe.metrics import Metrics
from homeport_sync.ports import LogStore, Places

_NOBODY = ""


@dataclass(frozen=True, slots=True)
class _Behind:
    positions: int
    since_ms: int


class Lag:
    """Asks only about logs that were not worked through: in all others a follower is where the log ends."""

    def __init__(self, log: LogStore, places: Places, metrics: Metrics, wall_ms: Callable[[], int]) -> None:
        self._log = log
        self._places = places
        self._metrics = metrics
        self._wall_ms = wall_ms
        self._behind: dict[str, dict[str, _Behind]] = {}

    async def behind(self, follower: str, tenant: str) -> None:
        """The follower was left with more to do, or failed."""
        with suppress(Exception):  # a store that does not answer is told of elsewhere
            place = await self._places.place(tenant, follower)
            head = (await self._log.standing(tenant, _NOBODY, _NOBODY)).head.position
            for oldest in await self._log.read(tenant, place, 1):
                found = _Behind(max(head - place, 1), oldest.accepted_at_ms)
                self._behind.setdefault(follower, {})[tenant] = found
        self._show(follower)

    def caught_up(self, follower: str, tenant: str) -> None:
        """The follower is at the log's end, or another worker's."""
        self._behind.setdefault(follower, {}).pop(tenant, None)
        self._show(follower)

    def _show(self, follower: str) -> None:
        logs = self._behind.get(follower, {}).values()
        oldest_ms = min((each.since_ms for each in logs), default=None)
        self._metrics.followed(
            follower,
            lag_positions=max((each.positions for each in logs), default=0),
            age_s=0.0 if oldest_ms is None else max(self._wall_ms() - oldest_ms, 0) / 1_000,
        )
