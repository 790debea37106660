"""A phone's meter: what its radio did, how long its changes took, and where its syncer went.

Lags count from the moment at which the phone could have known: who sat in a tunnel is not late before it comes out.
Bytes are those of the bodies; heads, TLS and TCP come on top of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

from homeport_client.fleet.measure.histogram import Histogram
from homeport_client.fleet.measure.reading import Reading
from homeport_client.state import Event, State
from homeport_sync.wire import Page, PushAnswer

Accepted: TypeAlias = Callable[[int], tuple[int, str] | None]
Arrival: TypeAlias = tuple[int, str, int, int]
QUIET_MS = 10_000  # after so long without a request the radio of a phone has gone to sleep


class Tally:
    """What a whole fleet is measured by; its phones' meters add to it."""

    def __init__(self) -> None:
        self.sync_lag = Histogram("ms")
        self.push_lag = Histogram("ms")
        self.recent = Histogram("ms")
        self.outbox = Histogram("")
        self.pairs: Counter[tuple[State, Event]] = Counter()
        self.error_codes: Counter[str] = Counter()
        self.incidents: Counter[str] = Counter()
        self.pokes = 0
        self.sleeping_lag = Histogram("ms")
        self.unwoken_lag = Histogram("ms")
        self.recent_asleep = (Histogram("ms"), Histogram("ms"))
        self.arrivals: list[Arrival] = []

    def settle(self, accepted: Accepted) -> None:
        """The sync lags of what has arrived, now that it is known when each position was accepted."""
        for position, device, now, reachable in self.arrivals:
            self.arrived(accepted(position), device, now, reachable)
        self.arrivals = []

    def arrived(self, accepted: tuple[int, str] | None, device: str, now_ms: int, reachable_ms: int) -> None:
        """A change that was accepted then, and came from there, has come to another device."""
        if accepted is not None and accepted[1] != device:
            lag = max(now_ms - max(accepted[0], reachable_ms), 0)
            self.sync_lag.add(lag)
            self.recent.add(lag)

    def take_recent(self) -> Histogram:
        """The sync lags since this was last asked."""
        recent, self.recent = self.recent, Histogram("ms")
        return recent

    def arrived_asleep(self, lag_ms: int) -> None:
        """A change came to a device whose app slept when it was accepted."""
        self.sleeping_lag.add(lag_ms)
        self.recent_asleep[0].add(lag_ms)

    def would_arrive(self, lag_ms: int) -> None:
        """It would have come then without wakes."""
        self.unwoken_lag.add(lag_ms)
        self.recent_asleep[1].add(lag_ms)

    def take_asleep(self) -> tuple[Histogram, Histogram]:
        """Both since this was last asked."""
        recent, self.recent_asleep = self.recent_asleep, (Histogram("ms"), Histogram("ms"))
        return recent

    def merge(self, other: Tally) -> None:
        """All that another one has measured."""
        for mine, others in (
            (self.sync_lag, other.sync_lag),
            (self.push_lag, other.push_lag),
            (self.recent, other.recent),
            (self.outbox, other.outbox),
            (self.sleeping_lag, other.sleeping_lag),
            (self.unwoken_lag, other.unwoken_lag),
        ):
            mine.merge(others)
        self.pairs.update(other.pairs)
        self.error_codes.update(other.error_codes)
        self.incidents.update(other.incidents)
        self.pokes += other.pokes
        self.arrivals += other.arrivals


class Meter:
    """One phone's. `now_ms` is the true time. `accepted` tells when a position was accepted, and from which device;
    where nobody knows that yet (None), `Tally.settle` does it later. While it is `catching_up`, more pages are to come
    before what it has shows."""

    __slots__ = (
        "_accepted",
        "_answered",
        "_busy_ms",
        "_now_ms",
        "_reachable_ms",
        "_seen",
        "_seen_before",
        "_slept_ms",
        "_unwoken_ms",
        "_woke_ms",
        "_written_ms",
        "bytes_down",
        "bytes_up",
        "catching_up",
        "last_news_ms",
        "radio_wakes",
        "requests",
        "tally",
    )

    def __init__(self, tally: Tally, now_ms: Callable[[], int], accepted: Accepted | None) -> None:
        self.tally = tally
        self.bytes_up = self.bytes_down = self.requests = self.radio_wakes = 0
        self.last_news_ms = 0
        self.catching_up = False
        self._now_ms = now_ms
        self._accepted = accepted
        self._reachable_ms = now_ms()
        self._busy_ms = -QUIET_MS
        self._written_ms: list[int] = []  # a deque of none weighs 0.6 KB
        self._answered: tuple[str, int] = ("", 0)
        self._seen = self._seen_before = 0
        self._slept_ms: int | None = None  # since when the app sleeps, or slept last
        self._woke_ms: int | None = None  # when it was opened after that
        self._unwoken_ms: list[int] = []

    @property
    def waiting(self) -> int:
        """How many changes the phone has written and not yet been answered."""
        return len(self._written_ms)

    def reading(self) -> Reading:
        """What it shows now."""
        return Reading(
            bytes_up=self.bytes_up,
            bytes_down=self.bytes_down,
            requests=self.requests,
            radio_wakes=self.radio_wakes,
            waiting=self.waiting,
        )

    def swap(self, written_ms: list[int]) -> list[int]:
        """Another replica is on the phone: when what waits in it was written, for the same of the one that was."""
        before, self._written_ms = self._written_ms, written_ms
        return before

    def reached(self) -> None:
        """From now on there is a network."""
        self._reachable_ms = self._now_ms()

    def slept(self) -> None:
        """The app sleeps from now on."""
        self._slept_ms, self._woke_ms = self._now_ms(), None

    def woke(self) -> None:
        """It is opened, or the system lets it fetch what is new: what wakes have brought in between would come now."""
        self._woke_ms = self._now_ms()
        for accepted_ms in self._unwoken_ms:
            self.tally.would_arrive(self._woke_ms - accepted_ms)
        self._unwoken_ms = []

    def sleeps_on(self) -> None:
        """It has fetched what there was."""
        self._woke_ms = None

    def wrote(self) -> None:
        """A change was written."""
        self._written_ms.append(self._now_ms())

    def sent(self, size: int) -> None:
        """A request of so many bytes goes out."""
        now = self._now_ms()
        self.radio_wakes += now - self._busy_ms >= QUIET_MS
        self._busy_ms = now
        self.requests += 1
        self.bytes_up += size

    def received(self, size: int) -> None:
        """So many bytes came in."""
        self._busy_ms = self._now_ms()
        self.bytes_down += size

    def answered(self, device: str, answer: PushAnswer) -> None:
        """The outcomes of a push: each is new that goes beyond those seen of this device id."""
        now, (known, last) = self._now_ms(), self._answered
        last = last if device == known else 0
        for outcome in answer.outcomes:
            self.last_news_ms = now
            if outcome.number > last:
                last = outcome.number
                if self._written_ms:
                    self.tally.push_lag.add(now - max(self._written_ms.pop(0), self._reachable_ms))
        self._answered = (device, last)
        if answer.pull is not None:
            self.pulled(device, answer.pull)

    def pulled(self, device: str, page: Page) -> None:
        """A page came. What it brings of before is a backfill, and late for nobody; one's own is no news."""
        now = self._now_ms()
        for record in page.records:
            self.last_news_ms = now
            if record.position > self._seen_before:
                self._arrived(record.position, device, now)
            self._seen = max(self._seen, record.position)
        self.catching_up = page.more
        if not page.more:
            self._seen_before = self._seen

    def failed(self, code: str) -> None:
        """A request failed."""
        self.tally.error_codes[code] += 1

    def _arrived(self, position: int, device: str, now_ms: int) -> None:
        if self._accepted is None:
            self.tally.arrivals.append((position, device, now_ms, self._reachable_ms))
        else:
            accepted = self._accepted(position)
            self.tally.arrived(accepted, device, now_ms, self._reachable_ms)
            if accepted is not None and accepted[1] != device:
                self._arrived_asleep(accepted[0], now_ms)

    def _arrived_asleep(self, accepted_ms: int, now_ms: int) -> None:
        """What was accepted while the app slept, wherever it had a network by then: with the wakes there were, and when
        it would have come without."""
        woke_ms = now_ms if self._woke_ms is None else self._woke_ms
        if self._slept_ms is not None and self._slept_ms <= accepted_ms <= woke_ms:
            self.tally.arrived_asleep(now_ms - accepted_ms)
            if self._woke_ms is None:
                self._unwoken_ms.append(accepted_ms)
            else:
                self.tally.would_arrive(now_ms - accepted_ms)
