"""What the app does after a write: each of its followers and schedules in a worker of its own.

So a function that hangs, for however many tenants, keeps no other follower waiting, and none of Homeport's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from homeport_server.database import Store
from homeport_server.followers.begun import Run, begun
from homeport_server.followers.lag import Lag
from homeport_server.followers.told import LoggedFollowers
from homeport_server.followers.worker import Worker
from homeport_server.observe import Log
from homeport_server.observe.metrics import Metrics
from homeport_server.settings import Settings
from homeport_sync import App
from homeport_sync.afterwards import AppFollower
from homeport_sync.beginning import Beginning
from homeport_sync.deliver import ENTRIES_MAX, Delivery
from homeport_sync.follow import Duty, Follower
from homeport_sync.ports import Signals
from homeport_sync.schedule import Schedule
from homeport_sync.timekeeper import Timekeeper

PACE_S: Final = 0.5
PAUSE_LONGEST_S: Final = 300.0  # between two tries at what the app's function fails at
TURN_READS_MAX: Final = 2  # a turn is over before a worker that is told to stop is cut
SCHEDULE_POLL_S: Final = 15.0  # how late a schedule may be when workers are not busy


@dataclass(frozen=True, slots=True, kw_only=True)
class AppWork:
    """Builds the workers of one app in one process, whose name is `holder`."""

    app: App
    settings: Settings
    store: Store
    signals: Signals
    log: Log
    metrics: Metrics
    wall_ms: Callable[[], int]
    holder: str

    def runs(self) -> Iterator[Run]:
        """What runs until it is cancelled, one for each follower and schedule."""
        for follower in self.app.followers:
            yield self._following(follower)
        for schedule in self.app.schedules:
            yield self._worker(self._timekeeper(schedule), SCHEDULE_POLL_S).run

    def _told(self) -> LoggedFollowers:
        return LoggedFollowers(self.metrics, self.log, self.wall_ms)

    def _following(self, follower: AppFollower) -> Run:
        name, store = follower.place_name, self.store
        beginning = Beginning(name, store, store, now_ms=self.wall_ms())
        follows = Follower(
            name,
            store,
            store,
            Delivery(follower, self.app.catalog, store, self._told()).work,
            holder=self.holder,
            ttl_ms=self.settings.lease_ms,
            now_s=time.monotonic,
            begin=None if follower.from_start else beginning.begin,
            read_max=ENTRIES_MAX,
            turn_reads_max=TURN_READS_MAX,
        )
        worker = self._worker(follows, self.settings.work_poll_s)
        return begun({name: beginning}, worker.run, self.log)

    def _timekeeper(self, schedule: Schedule) -> Timekeeper:
        return Timekeeper(
            schedule,
            self.store,
            self._told(),
            holder=self.holder,
            ttl_ms=self.settings.lease_ms,
            wall_ms=self.wall_ms,
        )

    def _worker(self, duty: Duty, poll_s: float) -> Worker:
        return Worker(
            [duty],
            self.store,
            self.signals,
            self.log,
            lag=Lag(self.store, self.store, self.metrics, self.wall_ms),
            metrics=self.metrics,
            poll_s=poll_s,
            pace_s=PACE_S,
            at_once_max=self.settings.work_at_once_max,
            random=Random(),
            app_pause_longest_s=PAUSE_LONGEST_S,
        )
