"""What is measured, as verbs: the edge, the hub, the followers and the core say what happened, and nobody waits.

A reading costs 0.3 to 0.8 µs, and two to three times as much when several processes share one `/metrics`: a push
takes two readings, and a commit batch takes five for all its pushes together. Children of labels are kept, because
looking one up costs more than the reading itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, disable_created_metrics
from prometheus_client.metrics import MetricWrapperBase

from homeport_server.observe.exposition import check_sharing
from homeport_server.observe.families import Families

# Any other close code is the client's own choice, and no label may have as many values as clients can think of.
_CLOSE_CODES = frozenset(
    {1000, 1001, 1005, 1006, 1008, 1009, 1011, 1012, 1013, 4400, 4401, 4403, 4406, 4408, 4409, 4429}
)
Family = TypeVar("Family", bound=MetricWrapperBase)
_USUAL = ("applied", "merged", "superseded", "again")


class Metrics:
    """The readings of one process. It is the core's `Meter`, and has a verb for every other thing worth counting."""

    def __init__(self) -> None:
        """Raises `BadSetting` if processes mean to share their metrics and this one began too early to."""
        check_sharing()
        # Without this each counter has a second line beside it that says when it began, which nobody asks.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._families = families = Families(self.registry)
        self._changes = _Children(families.changes)
        self._push_errors = _Children(families.push_errors)
        self._pull_errors = _Children(families.pull_errors)
        self._refused = _Children(families.refused)
        self._told_to_wait = _Children(families.told_to_wait)
        self._commit_failures = _Children(families.commit_failures)
        self._sockets_refused = _Children(families.sockets_refused)
        self._sockets_closed = _Children(families.sockets_closed)
        self._poke_failures = _Children(families.poke_failures)
        self._follower_errors = _Children(families.follower_errors)
        self._follower_done = _Children(families.follower_done)
        self._follower_success = _Children(families.follower_success)
        self._leases: dict[str, int] = {}
        self._lag = _Children(families.lag)
        self._age = _Children(families.age)
        self._notifications = _Children(families.notifications)
        self._deliveries = _Children(families.deliveries)
        self._delivered: dict[tuple[str, ...], int] = {}
        self._under_way = _Children(families.deliveries_under_way)
        self._dead_letters = _Children(families.dead_letters)
        self._closed = _Children(families.channels_closed)
        self._found = families.pages.labels("cache")
        self._read = families.pages.labels("store")
        self._head = 0
        self._waiting = 0
        self._admitted = 0
        families.processes.labels(version("homeport")).set(1)
        for outcome in _USUAL:
            families.changes.labels(outcome, "")

    # The core's Meter.

    def committed(self, *, pushes: int, changes: int, load_s: float, decide_s: float, commit_s: float) -> None:
        """A commit batch went through: what it held, and how long its steps took, in seconds. It sends one signal."""
        families = self._families
        families.batch_pushes.observe(pushes)
        families.batch_changes.observe(changes)
        families.load_seconds.observe(load_s)
        families.decide_seconds.observe(decide_s)
        families.commit_seconds.observe(commit_s)
        families.signals_sent.inc()

    def commit_failed(self, code: str) -> None:
        """A commit batch failed in the store."""
        self._commit_failures[code,].inc()

    def batch_failed(self, tenant: str, code: str, error: Exception) -> None:
        """Each of its tries was counted."""

    def waiting(self, changes: int) -> None:
        """So many changes of all tenants wait for their turn now. Said at every push, shown by `settle`."""
        self._waiting = changes

    def page(self, *, found: bool) -> None:
        """A page was made; `found`: its rows were in the cache."""
        (self._found if found else self._read).inc()

    # The edge.

    def pushed(self, verdicts: Mapping[str, int], codes: Mapping[str, Mapping[str, int]], seconds: float) -> None:
        """A push was answered: how often each outcome stands in it, and for some how often with which code."""
        for outcome, count in verdicts.items():
            if outcome not in codes:
                self._changes[outcome, ""].inc(count)
        for outcome, counts in codes.items():
            for code, count in counts.items():
                self._changes[outcome, code].inc(count)
        self._families.push_seconds.observe(seconds)

    def push_failed(self, code: str, seconds: float) -> None:
        """A push failed as a whole."""
        self._push_errors[code,].inc()
        self._families.push_seconds.observe(seconds)

    def pulled(self, page_bytes: int, seconds: float) -> None:
        """A pull was answered."""
        self._families.page_bytes.inc(page_bytes)
        self._families.pull_seconds.observe(seconds)

    def pull_failed(self, code: str, seconds: float) -> None:
        """A pull failed."""
        self._pull_errors[code,].inc()
        self._families.pull_seconds.observe(seconds)

    def refused(self, code: str) -> None:
        """A request was refused before any operation ran."""
        self._refused[code,].inc()

    def admitted(self) -> None:
        """A request was let in at once. Said at every request, shown by `settle`."""
        self._admitted += 1

    def told_to_wait(self, code: str) -> None:
        """A request was told to come later."""
        self._told_to_wait[code,].inc()

    # Sockets and pokes.

    def socket_opened(self) -> None:
        """A socket was opened; nobody has said yet who it is."""
        self._families.sockets.inc()

    def socket_refused(self, code: str) -> None:
        """A socket did not get in."""
        self._sockets_refused[code,].inc()

    def socket_closed(self, code: int) -> None:
        """A socket has ended, with that close code."""
        self._families.sockets.dec()
        self._sockets_closed[str(code) if code in _CLOSE_CODES else "other",].inc()

    def listener_came(self) -> None:
        """A poke subscription began."""
        self._families.listeners.inc()

    def listener_left(self) -> None:
        """A poke subscription ended."""
        self._families.listeners.dec()

    def poked(self, listeners: int, delay_s: float) -> None:
        """So many listeners were poked, so long after the oldest change they are told of was accepted."""
        if listeners:
            self._families.pokes.inc(listeners)
            self._families.poke_delay.observe(max(delay_s, 0.0))

    def poke_failed(self, code: str) -> None:
        """The log could not be read for pokes; the next signal or poll tries again."""
        self._poke_failures[code,].inc()

    # Signals, followers and the log.

    def signal_received(self) -> None:
        """A signal came, from this process or another."""
        self._families.signals_received.inc()

    def signals_missed(self, positions: int) -> None:
        """The slow poll found so many positions of a log that no signal had told of."""
        self._families.signals_missed.inc(positions)

    def signals_connected(self, connected: bool) -> None:
        """Whether signals go to and come from other processes now."""
        self._families.signals_apart.set(not connected)

    def followed(self, follower: str, *, lag_positions: int, age_s: float) -> None:
        """Where a follower stands in the log it is furthest behind in; `age_s` of the oldest entry it has to do."""
        self._lag[follower,].set(lag_positions)
        self._age[follower,].set(age_s)

    def follower_failed(self, follower: str, code: str) -> None:
        """A follower's round failed; it tries again."""
        self._follower_errors[follower, code].inc()

    def follower_done(self, follower: str, unix_s: float) -> None:
        """The app's function returned, for an entry or a time of a schedule."""
        self._follower_done[follower, "done"].inc()
        self._follower_success[follower,].set(unix_s)

    def follower_gave_up(self, follower: str) -> None:
        """An entry is left out for good."""
        self._follower_done[follower, "given_up"].inc()

    def leases_held(self, follower: str, leases: int) -> None:
        """So many leases this process holds now for the follower."""
        self._leases[follower] = leases
        self._families.leases.set(sum(self._leases.values()))

    def lease_lost(self) -> None:
        """Another process has taken a lease over."""
        self._families.leases_lost.inc()

    def head(self, position: int) -> None:
        """Some tenant's log has reached this position."""
        if position > self._head:
            self._head = position
            self._families.head.set(position)

    def floor(self, position: int) -> None:
        """The lowest position from which a device can still go on."""
        self._families.floor.set(position)

    # Notifications.

    def notification_accepted(self, lane: str) -> None:
        """One came in that was not there before."""
        self._notifications[lane,].inc()

    def delivered(self, lane: str, channel: str, fate: str) -> None:
        """A provider said something of a delivery; or, with no `channel`, it was left out. Shown by `settle`."""
        key = (lane, channel, fate)
        self._delivered[key] = self._delivered.get(key, 0) + 1

    def sending(self, channel: str, deliveries: int) -> None:
        """So many more deliveries wait for their provider's answer; fewer, if it is below 0."""
        self._under_way[channel,].inc(deliveries)

    def sent(self, seconds: float) -> None:
        """All of a window were answered."""
        self._families.send_seconds.observe(seconds)

    def gave_up(self, lane: str, deliveries: int) -> None:
        """So many lie among the dead letters now."""
        self._dead_letters[lane,].inc(deliveries)

    def channel_closed(self, channel: str, *, closed: bool) -> None:
        """Whether nothing goes out through the channel now."""
        self._closed[channel,].set(closed)

    # The process.

    def draining(self) -> None:
        """This process takes no new traffic from now on."""
        self._families.draining.set(1)

    def started(self, unix_s: float) -> None:
        """This process began then."""
        self._families.started.set(unix_s)

    def loop_late(self, delay_s: float) -> None:
        """The event loop woke so late."""
        self._families.loop_delay.observe(max(delay_s, 0.0))

    def process_used(self, *, cpu_s: float, memory_bytes: int, files: int) -> None:
        """What the process uses: `cpu_s` since the last reading, the others now."""
        self._families.cpu.inc(cpu_s)
        self._families.memory.set(memory_bytes)
        self._families.files.set(files)

    def settle(self) -> None:
        """Show what is only kept in mind between two readings. For the event loop's thread alone."""
        self._families.waiting.set(self._waiting)
        self._families.admitted.inc(self._admitted)
        self._admitted = 0
        delivered, self._delivered = self._delivered, {}
        for labels, count in delivered.items():
            self._deliveries[labels].inc(count)


class _Children(dict[tuple[str, ...], Family], Generic[Family]):
    """A family's children by their labels' values, each made when it is first wanted."""

    def __init__(self, family: Family) -> None:
        super().__init__()
        self._family = family

    def __missing__(self, values: tuple[str, ...]) -> Family:
        child = self[values] = self._family.labels(*values)
        return child
