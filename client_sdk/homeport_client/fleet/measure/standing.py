"""How the phones of one process stand at a moment, and how those of all processes do together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from homeport_client.fleet.measure.histogram import Histogram
from homeport_client.fleet.report.summary import LaneState


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`states` counts the phones in each. `lag` has the sync lags since the last standing, and `asleep` those where the
    app slept, with the wakes there were and without. The others are totals so far, and `waiting_max` is the most that
    waits on one phone."""

    states: Mapping[LaneState, int]
    written: int
    waiting: int
    waiting_max: int
    bytes_up: int
    bytes_down: int
    requests: int
    incidents: int
    lag: Histogram
    asleep: tuple[Histogram, Histogram] = field(default_factory=lambda: (Histogram("ms"), Histogram("ms")))


def together(standings: Sequence[Standing]) -> Standing:
    """All of them as one."""
    states: Counter[LaneState] = Counter()
    lag, asleep = Histogram("ms"), (Histogram("ms"), Histogram("ms"))
    for each in standings:
        states.update(each.states)
        lag.merge(each.lag)
        for mine, theirs in zip(asleep, each.asleep, strict=True):
            mine.merge(theirs)
    return Standing(
        states=dict(sorted(states.items())),
        written=sum(each.written for each in standings),
        waiting=sum(each.waiting for each in standings),
        waiting_max=max((each.waiting_max for each in standings), default=0),
        bytes_up=sum(each.bytes_up for each in standings),
        bytes_down=sum(each.bytes_down for each in standings),
        requests=sum(each.requests for each in standings),
        incidents=sum(each.incidents for each in standings),
        lag=lag,
        asleep=asleep,
    )
