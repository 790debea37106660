"""How far the followers of this worker are behind, where they did not catch up in one turn.

What hangs says nothing of itself, so whatever is left open is looked at every few seconds, and grows older by that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from homeport_server.observe.metrics import Metrics
from homeport_sync.ports import LogStore, Places

_NOBODY = ""


@dataclass(frozen=True, slots=True)
class _Behind:
    positions: int  # 0: not known
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

    def look(self, follower: str, open_now: Iterable[str]) -> None:
        """These tenants' logs the follower has not come to the end of: it waits for its turn, works, or rests after
        trouble. Where nobody could ask how old that is, it is as old as the first look at it."""
        logs, now_ms = self._behind.setdefault(follower, {}), self._wall_ms()
        for tenant in open_now:
            logs.setdefault(tenant, _Behind(0, now_ms))
        self._show(follower)

    def _show(self, follower: str) -> None:
        logs = self._behind.get(follower, {}).values()
        oldest_ms = min((each.since_ms for each in logs), default=None)
        self._metrics.followed(
            follower,
            lag_positions=max((each.positions for each in logs), default=0),
            age_s=0.0 if oldest_ms is None else max(self._wall_ms() - oldest_ms, 0) / 1_000,
        )
