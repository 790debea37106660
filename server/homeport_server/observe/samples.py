"""Samples for live charts: what this process did for a tenant in the last ten minutes, one sample every two seconds.

`/metrics` counts for as long as a process lives, of all tenants together, for whoever stores and draws that elsewhere.
These are for a page that somebody looks at now. Only so many tenants are sampled at once; one that is looked at always
is. Lag costs more than a count, so it is measured while somebody looks, and for a minute after.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from homeport_server.observe.lags import Lags
from homeport_sync.ports import LogEntry
from homeport_sync.wire import PullMessage

EVERY_S: Final = 2.0
SAMPLES_MAX: Final = 300
TENANTS_MAX: Final = 32
TIMES_MAX: Final = 1_000  # of each sort between two samples; the newest count
LOOKED_AT_MS: Final = 60_000
_NO_CHANGE = ("again", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What happened since the sample before. `at_ms` is when it was taken, in milliseconds since 1970.

    `changes_s`, `pushes_s` and `pulls_s` are rates a second; `changes_s` counts what was decided, rejected ones
    included, and `pushes_s` writes without a device, too. `sockets` are those of the tenant that are open. The times
    are in milliseconds, the middle one (p50) and the one that one in twenty exceeds (p95), None if there were none:
    of pushes, and of the lag of those who listen (`lags.py`).
    """

    at_ms: int
    changes_s: float
    pushes_s: float
    pulls_s: float
    sockets: int
    push_p50_ms: float | None
    push_p95_ms: float | None
    lag_p50_ms: float | None
    lag_p95_ms: float | None


def _times() -> deque[float]:
    return deque(maxlen=TIMES_MAX)


@dataclass(slots=True, eq=False)
class _Sampled:
    """What is gathered of a tenant until the next sample, and the samples that were taken."""

    changes: int = 0
    pushes: int = 0
    pulls: int = 0
    push_ms: deque[float] = field(default_factory=_times)
    lag_ms: deque[float] = field(default_factory=_times)
    lags: Lags = field(default_factory=Lags)
    looked_at_ms: int = 0
    is_looked_at: bool = False
    idle: int = 0  # samples in a row in which nothing happened
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=SAMPLES_MAX))

    def take(self, at_ms: int, elapsed_s: float, sockets: int) -> None:
        """Make a sample of what was gathered, and begin anew."""
        push_50, push_95 = _percentiles(self.push_ms)
        lag_50, lag_95 = _percentiles(self.lag_ms)
        self.samples.append(
            Sample(
                at_ms=at_ms,
                changes_s=round(self.changes / elapsed_s, 1),
                pushes_s=round(self.pushes / elapsed_s, 1),
                pulls_s=round(self.pulls / elapsed_s, 1),
                sockets=sockets,
                push_p50_ms=push_50,
                push_p95_ms=push_95,
                lag_p50_ms=lag_50,
                lag_p95_ms=lag_95,
            )
        )
        self.idle = 0 if self.pushes or self.pulls or sockets else self.idle + 1
        self.changes = self.pushes = self.pulls = 0
        self.push_ms.clear()
        self.lag_ms.clear()


class Samples:
    """The samples of this process. What happens is noted as it happens, which costs well under a microsecond.

    `place_of` tells where in a tenant's log a sealed cursor of a user stands, `since_ms` since when a device listens
    here; None if that cannot be told.
    """

    def __init__(
        self,
        wall_ms: Callable[[], int],
        *,
        place_of: Callable[[str, str, bytes], int | None],
        since_ms: Callable[[str, str], int | None],
    ) -> None:
        self._wall_ms = wall_ms
        self._place_of = place_of
        self._since_ms = since_ms
        self._tenants: dict[str, _Sampled] = {}
        self._sockets: Counter[str] = Counter()
        self._passed_over = _Sampled()  # takes what nobody has room for
        self._taken_ms = wall_ms()

    def look(self, tenant: str, after_ms: int = 0) -> Sequence[Sample]:
        """The tenant's samples, oldest first, that were taken after that time. Somebody looks at it from now on."""
        sampled = self._tenants.get(tenant)
        if sampled is None:
            if len(self._tenants) >= TENANTS_MAX:
                del self._tenants[min(self._tenants, key=lambda each: self._tenants[each].looked_at_ms)]
            sampled = self._tenants[tenant] = _Sampled()
        sampled.looked_at_ms, sampled.is_looked_at = self._wall_ms(), True
        return [each for each in sampled.samples if each.at_ms > after_ms]

    def pushed(self, tenant: str, verdicts: Mapping[str, int], seconds: float) -> None:
        """A push was answered, or a write without a device: how often each verdict is in it."""
        sampled = self._tenants.get(tenant) or self._new(tenant)
        sampled.pushes += 1
        sampled.push_ms.append(seconds * 1_000)
        for verdict, count in verdicts.items():
            if verdict not in _NO_CHANGE:
                sampled.changes += count

    def pulled(self, tenant: str, user: str, message: PullMessage, upto: bytes) -> None:
        """A pull was answered with a page that ends at this sealed cursor."""
        sampled = self._tenants.get(tenant) or self._new(tenant)
        sampled.pulls += 1
        if sampled.is_looked_at:
            self._time(sampled, tenant, user, message, upto)

    def announced(self, tenant: str, entries: Sequence[LogEntry]) -> None:
        """These changes were accepted, and the tenant's listeners are about to be told."""
        sampled = self._tenants.get(tenant)
        if sampled is not None and sampled.is_looked_at:
            sampled.lags.announced(entries)

    def socket_opened(self, tenant: str) -> None:
        """A socket of the tenant was opened."""
        self._sockets[tenant] += 1

    def socket_closed(self, tenant: str) -> None:
        """It was closed."""
        self._sockets[tenant] -= 1
        if not self._sockets[tenant]:
            del self._sockets[tenant]

    async def run(self) -> None:
        """Take samples until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            self.take()

    def take(self) -> None:
        """Take a sample of each tenant now. Those are let go in which nothing happened for as long as samples are
        kept, and at which nobody looks."""
        now_ms = self._wall_ms()
        elapsed_ms, self._taken_ms = now_ms - self._taken_ms, now_ms
        elapsed_s = elapsed_ms / 1_000 if elapsed_ms > 0 else EVERY_S  # the clock was set
        for tenant, sampled in tuple(self._tenants.items()):
            sampled.take(now_ms, elapsed_s, self._sockets.get(tenant, 0))
            if sampled.is_looked_at and now_ms - sampled.looked_at_ms > LOOKED_AT_MS:
                sampled.is_looked_at = False
                sampled.lags.forget()
            if sampled.idle >= SAMPLES_MAX and not sampled.is_looked_at:
                del self._tenants[tenant]

    def _new(self, tenant: str) -> _Sampled:
        """A tenant's first, which is passed over when there are too many."""
        if len(self._tenants) >= TENANTS_MAX:
            return self._passed_over
        sampled = self._tenants[tenant] = _Sampled()
        return sampled

    def _time(self, sampled: _Sampled, tenant: str, user: str, message: PullMessage, upto: bytes) -> None:
        """Note the lag of what the page has given, if the device listens and says from where it went on."""
        since_ms = self._since_ms(tenant, message.device)
        if since_ms is None or message.cursor is None:
            return
        after = self._place_of(tenant, user, message.cursor.encode())
        end = self._place_of(tenant, user, upto)
        if after is not None and end is not None:
            sampled.lag_ms.extend(sampled.lags.given(after, end, since_ms=since_ms, now_ms=self._wall_ms()))


def _percentiles(times_ms: Iterable[float]) -> tuple[float | None, float | None]:
    """The nearest ranks of 50 and 95 in a hundred; None if there are no times."""
    ordered = sorted(times_ms)
    if not ordered:
        return None, None
    middle, late = (ordered[ceil(len(ordered) * percent / 100) - 1] for percent in (50, 95))
    return round(middle, 2), round(late, 2)
