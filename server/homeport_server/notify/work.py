"""The work of notifications in one process: the app's rules, wakes, and a worker for each lane.

On SQLite the server's own process does it; on PostgreSQL `homeport work` does, of which there may be any number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from homeport_notify.address import ChannelName
from homeport_notify.channel import Channel
from homeport_notify.deliver import Deliverer
from homeport_notify.expand import Expander
from homeport_notify.notification import LANES, Lane
from homeport_notify.ports import NotifyStore, Presences
from homeport_notify.waking import Waker
from homeport_server.database import Store
from homeport_server.followers.app_work import PAUSE_LONGEST_S, TURN_READS_MAX
from homeport_server.followers.begun import Run, begun
from homeport_server.followers.lag import Lag
from homeport_server.followers.told import LoggedFollowers
from homeport_server.followers.worker import Lags, Worker
from homeport_server.notify.lag import LaneLag
from homeport_server.notify.lanes import LaneDuty, NextDue, Step
from homeport_server.notify.nudges import LaneSignals, LogSignals
from homeport_server.notify.rules import RuleFollower
from homeport_server.notify.slices import Slice, begins, slices
from homeport_server.notify.submit import Submitter
from homeport_server.notify.timers import Timers
from homeport_server.notify.told import LoggedDeliveries, MeteredChannel
from homeport_server.notify.under_way import Room, UnderWay
from homeport_server.notify.wakes import FOLLOWER, WAKING, News, WakeWork
from homeport_server.observe import Log
from homeport_server.observe.metrics import Metrics
from homeport_server.settings import Settings
from homeport_sync import App
from homeport_sync.beginning import Beginning
from homeport_sync.deliver import ENTRIES_MAX, Delivery
from homeport_sync.follow import Duty, Follower, Work
from homeport_sync.ports import Signals
from homeport_sync.tell import Rule

RULES_PACE_S: Final = 0.2  # many small commits become one piece of work
WAKES_PACE_S: Final = 1.0
LANE_PACE_S: Final = 0.05  # what one person waits for is on its way within a second
SQLITE_POLL_S: Final = 5.0  # so late the server finds what a command put into its file
LANE_HANDS: Final = 8  # tenants at once in each lane
# A chunk of what one person waits for is one message mostly; of a campaign it is a thousand.
IN_HAND: Final[Mapping[Lane, Room]] = {
    "transactional": Room(of_tenant=50, of_all=200),
    "wake": Room(of_tenant=4, of_all=32),
    "bulk": Room(of_tenant=2, of_all=16),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifying:
    """What a process needs to notify: `signals` are those of all processes, with the nudges of lanes among them."""

    store: NotifyStore
    channels: Mapping[ChannelName, Channel]
    presences: Presences
    signals: Signals


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyWork:
    """Builds the workers of one app in one process, whose name is `holder`."""

    app: App
    settings: Settings
    store: Store
    notifying: Notifying
    log: Log
    metrics: Metrics
    wall_ms: Callable[[], int]
    holder: str

    def runs(self) -> Iterator[Run]:
        """What runs until it is cancelled."""
        if rules := self.app.notifications:
            yield self._following([self._rule(each, part) for each in rules for part in self._slices()], RULES_PACE_S)
        if WAKING & self.notifying.channels.keys():  # nobody can be woken otherwise
            yield self._following([self._wakes(part) for part in self._slices()], WAKES_PACE_S)
        for lane in LANES:
            yield self._lane(lane)

    def _told(self) -> LoggedFollowers:
        return LoggedFollowers(self.metrics, self.log, self.wall_ms)

    def _slices(self) -> Sequence[Slice]:
        return slices(self.settings.notify_slices)

    def _rule(self, rule: Rule, part: Slice) -> tuple[Follower, Beginning]:
        follower = RuleFollower(
            rule,
            part,
            self.app.catalog.kinds,
            self.store,
            self._submitter(),
            wall_ms=self.wall_ms,
            random=Random(),
        )
        work = Delivery(follower, self.app.catalog, self.store, self._told()).work
        return self._follower(rule.place_name, part, work, read_max=ENTRIES_MAX)

    def _wakes(self, part: Slice) -> tuple[Follower, Beginning]:
        store, signals = self.notifying.store, self.notifying.signals
        work = WakeWork(part, News(self.store, store), self.store, store, signals, now_s=time.monotonic).work
        return self._follower(FOLLOWER, part, work)

    def _follower(self, name: str, part: Slice, work: Work, read_max: int = 500) -> tuple[Follower, Beginning]:
        beginning = Beginning(name, self.store, self.store, now_ms=self.wall_ms())
        follower = Follower(
            part.named(name),
            self.store,
            self.store,
            work,
            holder=self.holder,
            ttl_ms=self.settings.lease_ms,
            now_s=time.monotonic,
            begin=begins(name, part, self.store, beginning),
            read_max=read_max,
            turn_reads_max=TURN_READS_MAX,
        )
        return follower, beginning

    def _following(self, followers: Sequence[tuple[Follower, Beginning]], pace_s: float) -> Run:
        duties = [follower for follower, _ in followers]
        lag = Lag(self.store, self.store, self.metrics, self.wall_ms)
        worker = self._worker(
            duties,
            LogSignals(self.notifying.signals),
            lag,
            pace_s=pace_s,
            hands=self.settings.work_at_once_max,
            poll_s=self.settings.work_poll_s,
        )

        beginnings = {follower.name: beginning for follower, beginning in followers}
        return begun(beginnings, worker.run, self.log)

    def _lane(self, lane: Lane) -> Run:
        poll_s = self.settings.work_poll_s if self.settings.database_url else SQLITE_POLL_S
        timers = Timers(self.wall_ms, poll_s)
        next_due_ms, under_way = self._next_due_ms(lane), self._under_way(lane)
        lag = LaneLag(next_due_ms, self.metrics, self.wall_ms)

        async def due_ms(tenant: str) -> int | None:
            lag.room(tenant)
            at_ms = await next_due_ms(tenant)
            if at_ms is None or at_ms > self.wall_ms() or not under_way.is_full(tenant):
                return at_ms
            lag.no_room(tenant, at_ms)
            return None

        duty = LaneDuty(
            lane=lane,
            steps=self._steps(lane, under_way),
            next_due_ms=due_ms,
            timers=timers,
            wall_ms=self.wall_ms,
            now_s=time.monotonic,
            end=under_way.end,
            ttl_ms=self.settings.lease_ms,
        )
        worker = self._worker(
            [duty],
            LaneSignals(self.notifying.signals, lane),
            lag,
            pace_s=LANE_PACE_S,
            hands=LANE_HANDS,
            poll_s=poll_s,
        )
        timers.tell(worker.want)
        under_way.tell(worker.want)
        return worker.run

    def _under_way(self, lane: Lane) -> UnderWay:
        deliverer = Deliverer(
            self.notifying.store,
            {name: MeteredChannel(channel, self.metrics) for name, channel in self.notifying.channels.items()},
            self.notifying.presences,
            LoggedDeliveries(self.metrics, self.log),
            holder=self.holder,
            wall_ms=self.wall_ms,
            random=Random(),
            rates=rates(self.settings),
            ttl_ms=self.settings.lease_ms,
        )
        return UnderWay(lambda tenant: deliverer.take(tenant, lane), deliverer.stop, IN_HAND[lane])

    def _steps(self, lane: Lane, under_way: UnderWay) -> Sequence[Step]:
        expander = Expander(self.notifying.store, self.store)

        async def expand(tenant: str) -> bool:
            return await expander.step(tenant, lane, self.wall_ms())

        if lane != "wake":
            return [expand, under_way.begin]
        waker = Waker(self.notifying.store, self.notifying.presences, wall_ms=self.wall_ms, random=Random())
        return [waker.step, expand, under_way.begin]

    def _next_due_ms(self, lane: Lane) -> NextDue:
        store = self.notifying.store

        async def next_due_ms(tenant: str) -> int | None:
            due = [await store.next_due_ms(tenant, lane)]
            if lane == "wake":
                due.append(await store.next_wake_ms(tenant))
            return min((each for each in due if each is not None), default=None)

        return next_due_ms

    def _submitter(self) -> Submitter:
        return Submitter(
            store=self.notifying.store,
            signals=self.notifying.signals,
            counted=self.metrics,
            log=self.log,
            wall_ms=self.wall_ms,
        )

    def _worker(
        self, duties: Sequence[Duty], signals: Signals, lag: Lags, *, pace_s: float, hands: int, poll_s: float
    ) -> Worker:
        return Worker(
            duties,
            self.store,
            signals,
            self.log,
            lag=lag,
            metrics=self.metrics,
            poll_s=poll_s,
            pace_s=pace_s,
            at_once_max=hands,
            random=Random(),
            app_pause_longest_s=PAUSE_LONGEST_S,
        )


def rates(settings: Settings) -> Mapping[ChannelName, int]:
    """The messages a second of each channel that has a limit."""
    named: Mapping[ChannelName, int] = {
        "fcm": settings.fcm_a_second,
        "apns": settings.apns_a_second,
        "webhook": settings.webhook_a_second,
    }
    return {name: a_second for name, a_second in named.items() if a_second}
