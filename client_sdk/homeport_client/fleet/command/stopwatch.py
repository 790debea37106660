"""What a run costs on the machine it runs on. The only place where a fleet's report looks at a real clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from homeport_client.fleet.report.summary import Wall


class Stopwatch:
    """Runs from the moment it is made."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)
        self._wall_s = time.monotonic()
        self._cpu_s = time.process_time()

    def read(self) -> Wall:
        """What it has cost so far."""
        return Wall(
            began=self._began.isoformat(timespec="seconds"),
            wall_s=round(time.monotonic() - self._wall_s, 3),
            cpu_s=round(time.process_time() - self._cpu_s, 3),
        )
