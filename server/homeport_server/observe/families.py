"""Every metric of the server, declared once: its name, what it counts, its labels and its buckets.

What each is for, and what to do when it is high, stands in docs/metrics.md; a house test holds the two equal. No
label can grow without bound: there is none for a tenant, a user, a device or a request.

Gauges say how those of several processes become one: `livesum` adds those of the living, `livemax` takes the largest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

Joined: TypeAlias = Literal["livesum", "livemax"]
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_STEP_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)


class Families:
    """The metrics of one process, in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._exchange()
        self._intake()
        self._listening()
        self._following()
        self._notifying()
        self._process()

    def _exchange(self) -> None:
        self.changes = self._counter("changes_total", "Changes answered, by what became of them.", "outcome", "code")
        self.push_seconds = self._histogram("push_seconds", "A push, from its message to its answer.", _SECONDS)
        self.push_errors = self._counter("push_errors_total", "Pushes that failed as a whole, by error code.", "code")
        self.pull_seconds = self._histogram("pull_seconds", "A pull, from its message to its page.", _SECONDS)
        self.pull_errors = self._counter("pull_errors_total", "Pulls that failed, by error code.", "code")
        self.page_bytes = self._counter("pull_page_bytes_total", "Bytes of the pages that pulls were answered with.")
        self.pages = self._counter("pages_total", "Pages made, by where their rows were found.", "source")
        self.refused = self._counter("requests_refused_total", "Requests refused before any operation ran.", "code")
        self.admitted = self._counter("admitted_total", "Requests that were let in at once.")
        self.told_to_wait = self._counter("told_to_wait_total", "Requests told to come later, by error code.", "code")

    def _intake(self) -> None:
        self.batch_pushes = self._histogram("batch_pushes", "Pushes in a commit batch.", _SIZES)
        self.batch_changes = self._histogram("batch_changes", "Changes in a commit batch.", _SIZES)
        self.load_seconds = self._histogram("batch_load_seconds", "A batch's lock and reading.", _STEP_SECONDS)
        self.decide_seconds = self._histogram("batch_decide_seconds", "A batch's decision.", _STEP_SECONDS)
        self.commit_seconds = self._histogram("batch_commit_seconds", "A batch's durable writing.", _STEP_SECONDS)
        self.commit_failures = self._counter("commit_failures_total", "Commit batches the store refused.", "code")
        self.waiting = self._gauge("intake_waiting_changes", "Changes that wait for a commit batch.", "livesum")

    def _listening(self) -> None:
        self.sockets = self._gauge("sockets_open", "Sockets that are open.", "livesum")
        self.sockets_refused = self._counter("sockets_refused_total", "Sockets refused at their opening.", "code")
        self.sockets_closed = self._counter("sockets_closed_total", "Sockets that closed, by close code.", "code")
        self.listeners = self._gauge("listeners", "Poke subscriptions that listen.", "livesum")
        self.pokes = self._counter("pokes_total", "Pokes given to listeners.")
        self.poke_delay = self._histogram("poke_delay_seconds", "From a change's acceptance to its poke.", _SECONDS)
        self.poke_failures = self._counter("poke_failures_total", "Readings of the log that poked nobody.", "code")
        self.signals_sent = self._counter("signals_sent_total", "Signals sent, one a commit batch.")
        self.signals_received = self._counter("signals_received_total", "Signals that came, from any process.")
        self.signals_apart = self._gauge("signals_disconnected_processes", "Processes no signal reaches.", "livesum")
        self.signals_missed = self._counter("signals_missed_positions_total", "Positions found by the slow poll.")

    def _following(self) -> None:
        self.lag = self._gauge("follower_lag_positions", "How far a follower is behind.", "livemax", "follower")
        self.age = self._gauge("follower_age_seconds", "Age of what it has not done.", "livemax", "follower")
        self.follower_errors = self._counter(
            "follower_errors_total", "Rounds of a follower that failed.", "follower", "code"
        )
        self.follower_done = self._counter(
            "follower_done_total", "What an app's followers and schedules have behind them.", "follower", "result"
        )
        self.follower_success = self._gauge(
            "follower_success_time_seconds", "When one last went well (Unix time).", "livemax", "follower"
        )
        self.leases = self._gauge("leases_held", "Leases held, one a follower and tenant.", "livesum")
        self.leases_lost = self._counter("leases_lost_total", "Leases that another process took over.")
        self.head = self._gauge("log_head_position", "The highest position any log was seen to reach.", "livemax")
        self.floor = self._gauge("log_floor_position", "The lowest position still served.", "livemax")

    def _notifying(self) -> None:
        self.notifications = self._counter("notifications_total", "Notifications that came in, by lane.", "lane")
        self.deliveries = self._counter(
            "deliveries_total",
            "Answers of providers, and deliveries left out, by what was said.",
            "lane",
            "channel",
            "fate",
        )
        self.deliveries_under_way = self._gauge(
            "deliveries_under_way", "Deliveries that a provider has not answered yet.", "livesum", "channel"
        )
        self.send_seconds = self._histogram(
            "send_seconds", "A window, from its first byte to its last answer.", _SECONDS
        )
        self.dead_letters = self._counter("dead_letters_total", "Deliveries that were given up, by lane.", "lane")
        self.channels_closed = self._gauge(
            "channel_closed", "Whether a channel's gate is closed.", "livemax", "channel"
        )

    def _process(self) -> None:
        self.processes = self._gauge("processes", "Processes that run, by version.", "livesum", "version")
        self.draining = self._gauge("draining_processes", "Processes that take no new traffic.", "livesum")
        self.loop_delay = self._histogram("loop_delay_seconds", "How late the event loop woke.", _STEP_SECONDS)
        self.cpu = self._counter("process_cpu_seconds_total", "Processor time spent, user and system.")
        self.memory = self._gauge("process_resident_memory_bytes", "Memory held.", "livesum")
        self.files = self._gauge("process_open_fds", "Files and sockets held open.", "livesum")
        self.started = self._gauge("process_start_time_seconds", "When the youngest began (Unix time).", "livemax")

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"homeport_{name}", says, labels, registry=self._registry)

    def _gauge(self, name: str, says: str, joined: Joined, *labels: str) -> Gauge:
        return Gauge(f"homeport_{name}", says, labels, registry=self._registry, multiprocess_mode=joined)

    def _histogram(self, name: str, says: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(f"homeport_{name}", says, buckets=buckets, registry=self._registry)
