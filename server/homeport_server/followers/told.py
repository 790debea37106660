"""What following says of itself, of functions of the app: counted, and logged where somebody has to look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from homeport_server.observe import Log
from homeport_server.observe.metrics import Metrics
from homeport_sync.errors import FollowerFailed


@dataclass(frozen=True, slots=True)
class LoggedFollowers:
    """See `deliver.Told`. `wall_ms` is the clock."""

    metrics: Metrics
    log: Log
    wall_ms: Callable[[], int]

    def done(self, name: str) -> None:
        """See `deliver.Told`."""
        self.metrics.follower_done(name, self.wall_ms() / 1_000)

    def gave_up(self, name: str, tenant: str, failed: FollowerFailed) -> None:
        """See `deliver.Told`."""
        self.metrics.follower_failed(name, failed.code)
        self.metrics.follower_gave_up(name)
        where = {"follower": name, "tenant": tenant, "error": failed.code, **failed.values}
        self.log.error("follower gave up", **where, exc_info=failed.__cause__)
