"""A failed commit batch leaves a line in the log: the core tells its meter, and logs nothing itself."""

from __future__ import annotations

from homeport_server.observe.log import Log
from homeport_sync.meter import Meter


class FailedCommits:
    """The core's `Meter` over another one: what failed is told in the log, all else goes straight on."""

    def __init__(self, meter: Meter, log: Log) -> None:
        self.committed = meter.committed
        self.waiting = meter.waiting
        self.page = meter.page
        self._meter = meter
        self._log = log

    def commit_failed(self, code: str) -> None:
        """See `Meter`."""
        self._meter.commit_failed(code)
        self._log.warning("commit failed", error=code)
