"""The summary: all that a fleet's report is made of, as one plain value that travels as JSON.

The same seed of the simulated world gives the same summary, byte for byte, but for `wall`. Whoever draws, prints or
judges thresholds reads this and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

World: TypeAlias = Literal["simulated", "real"]
LaneState: TypeAlias = Literal[
    "off", "asleep", "away", "offline", "pushing", "pulling", "live", "backing_off", "refused", "closed"
]


class Check(Struct, frozen=True, kw_only=True):
    """One thing that may never happen: `name` for machines, `says` for people, and a sentence for each violation."""

    name: str
    says: str
    found: tuple[str, ...] = ()


class Trend(Struct, frozen=True, kw_only=True):
    """The distribution of one metric, in its `unit` ("ms", "bytes", "" for a count); percentiles are within 2%."""

    unit: str
    count: int
    min: float
    avg: float
    p50: float
    p90: float
    p95: float
    p99: float
    max: float


class Sample(Struct, frozen=True, kw_only=True):
    """How the fleet stood at one moment. `states` counts the phones in each; `lag_p50_ms` and `lag_p95_ms` are of the
    changes that arrived since the sample before (None: none did); the byte and request counts are since then too.
    `sleeping_p95_ms` is of those that came to devices whose app slept, `unwoken_p95_ms` the same without wakes."""

    at_s: float
    states: Mapping[LaneState, int]
    written: int
    waiting: int
    waiting_max: int
    logged: int
    bytes_up: int = 0
    bytes_down: int = 0
    requests: int = 0
    lag_p50_ms: float | None = None
    lag_p95_ms: float | None = None
    sleeping_p95_ms: float | None = None
    unwoken_p95_ms: float | None = None


class Contested(Struct, frozen=True, kw_only=True):
    """How often concurrent writes met on one field, and what its merge rule made of the later arrival."""

    kind: str
    field: str
    rule: str
    outcome: Literal["merged", "superseded"]
    times: int


class Span(Struct, frozen=True, kw_only=True):
    """A phone was in one state for a while."""

    from_s: float
    to_s: float
    state: LaneState


class Mark(Struct, frozen=True, kw_only=True):
    """Something happened on a phone at one moment: `what` is the step's verb, such as "update" or "kill"."""

    at_s: float
    what: str
    says: str


class Lane(Struct, frozen=True, kw_only=True):
    """One phone's line in the timeline."""

    phone: str
    user: str
    persona: str
    network: str
    spans: tuple[Span, ...] = ()
    marks: tuple[Mark, ...] = ()


class Reached(Struct, frozen=True, kw_only=True):
    """What was reached: green without coverage means little.

    `pairs` counts (state, event) pairs of the syncer's table, as "state/event"; `pairs_possible` is how many of the
    table's pairs lead anywhere else.
    """

    pairs: Mapping[str, int]
    pairs_possible: int
    outcomes: Mapping[str, int]
    error_codes: Mapping[str, int]
    incidents: Mapping[str, int]
    steps: Mapping[str, int]


class Threshold(Struct, frozen=True, kw_only=True):
    """One threshold and what became of it; `measured` is in words and with a unit (None: nothing to measure), `value`
    the same as a number, and `limit` what it was to keep to: in ms, bytes, percent, or as it is counted."""

    asked: str
    kept: bool
    measured: str | None
    value: float | None = None
    limit: float | None = None


class Failure(Struct, frozen=True, kw_only=True):
    """The shortest story found that still fails: what it violates, its steps in words, the file that replays it.
    `left_after` is what ended the search before it was done ("": nothing)."""

    sentences: tuple[str, ...]
    steps: tuple[str, ...]
    steps_before: int
    tries: int
    left_after: str = ""
    file: str | None = None
    lanes: tuple[Lane, ...] = ()


class Wall(Struct, frozen=True, kw_only=True):
    """What the run cost on the machine it ran on; differs from run to run. `began` is an ISO moment in UTC."""

    began: str
    wall_s: float
    cpu_s: float


class Summary(Struct, frozen=True, kw_only=True):
    """See the module. `trends` and `counts` are the metrics by name; `server` are marks of the server's own life.

    Of a `partial` run `duration_s` is when it was stopped, and `planned_s` how long it was to last.
    """

    app: str
    world: World
    seed: int
    devices: int
    users: int
    network: str
    duration_s: float
    healed_s: float | None
    partial: bool
    checks: tuple[Check, ...]
    thresholds: tuple[Threshold, ...]
    trends: Mapping[str, Trend]
    counts: Mapping[str, int]
    samples: tuple[Sample, ...]
    contested: tuple[Contested, ...]
    reached: Reached
    lanes: tuple[Lane, ...]
    server: tuple[Mark, ...]
    again: str
    failure: Failure | None = None
    wall: Wall | None = None
    planned_s: float | None = None

    @property
    def kept(self) -> bool:
        """Whether no check found anything, and no threshold was missed."""
        return not self.violations and all(threshold.kept for threshold in self.thresholds)

    @property
    def violations(self) -> tuple[str, ...]:
        """All sentences of all checks."""
        return tuple(sentence for check in self.checks for sentence in check.found)


def to_json(summary: Summary) -> bytes:
    """The summary as JSON, its keys in a fixed order."""
    return msgspec.json.format(msgspec.json.encode(summary, order="deterministic"), indent=2)


def from_json(text: bytes) -> Summary:
    """Read it back. Raises `msgspec.ValidationError` for anything else."""
    return msgspec.json.decode(text, type=Summary)
