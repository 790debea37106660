"""A failed commit batch leaves a line in the log: the core tells its meter, and logs nothing itself."""

from __future__ import annotations

from homeport_server.observe.troubles import Troubles
from homeport_sync.meter import Meter


class FailedCommits:
    """The core's `Meter` over another one: what failed for good is told in the log, all else goes straight on."""

    def __init__(self, meter: Meter, troubles: Troubles) -> None:
        self.committed = meter.committed
        self.commit_failed = meter.commit_failed
        self.waiting = meter.waiting
        self.page = meter.page
        self._meter = meter
        self._troubles = troubles

    def batch_failed(self, tenant: str, code: str, error: Exception) -> None:
        """See `Meter`."""
        self._meter.batch_failed(tenant, code, error)
        self._troubles.seldom("commit failed", error, tenant=tenant, error=code)
