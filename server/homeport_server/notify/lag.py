"""How late the lanes of this worker are: since when the oldest of what is due waits (see `worker.Lags`).

A lane whose hands are full of a tenant is through with it for now, and what waits behind them is late all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from homeport_server.notify.lanes import NextDue
from homeport_server.observe.metrics import Metrics


class LaneLag:
    """Of one lane, whose `next_due_ms` says since when."""

    def __init__(self, next_due_ms: NextDue, metrics: Metrics, wall_ms: Callable[[], int]) -> None:
        self._next_due_ms = next_due_ms
        self._metrics = metrics
        self._wall_ms = wall_ms
        self._since_ms: dict[str, int] = {}
        self._no_room: dict[str, int] = {}  # since when the oldest that waits for free hands is due, by tenant

    def room(self, tenant: str) -> None:
        """Nothing of the tenant waits for free hands."""
        self._no_room.pop(tenant, None)

    def no_room(self, tenant: str, due_ms: int) -> None:
        """What was due then waits for free hands."""
        self._no_room[tenant] = due_ms

    async def behind(self, follower: str, tenant: str) -> None:
        """It was left with more to do, or failed."""
        with suppress(Exception):  # a store that does not answer is told of elsewhere
            if (due_ms := await self._next_due_ms(tenant)) is not None:
                self._since_ms[tenant] = due_ms
        self._show(follower)

    def caught_up(self, follower: str, tenant: str) -> None:
        """Nothing is due there now."""
        self._since_ms.pop(tenant, None)
        self._show(follower)

    def look(self, follower: str, open_now: Iterable[str]) -> None:
        """It is not through with these tenants: nobody knows yet whether anything is due, but they wait from now on."""
        for tenant in open_now:
            self._since_ms.setdefault(tenant, self._wall_ms())
        self._show(follower)

    def _show(self, follower: str) -> None:
        now_ms = self._wall_ms()
        late_ms = now_ms - min((*self._since_ms.values(), *self._no_room.values()), default=now_ms)
        self._metrics.followed(follower, lag_positions=0, age_s=max(late_ms, 0) / 1_000)
