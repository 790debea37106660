"""Samples as they are drawn: a long run has more of them than a plot has room, so neighbours are drawn as one.

Nothing that stands out is lost: of two neighbours, counts add up, the worse lag and the fuller outbox stay, and what
is a state of things is taken from the later one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

from homeport_client.fleet.report.summary import Sample

SAMPLES_MAX: Final = 240


def drawn(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """At most `SAMPLES_MAX` samples that tell the same."""
    ordered = sorted(samples, key=lambda sample: sample.at_s)
    size = -(-len(ordered) // SAMPLES_MAX) or 1
    return tuple(_one(ordered[start : start + size]) for start in range(0, len(ordered), size))


def lengths_s(samples: Sequence[Sample]) -> tuple[float, ...]:
    """How long before each sample the one before it was taken; the first looks back to the start."""
    moments = (0.0, *(sample.at_s for sample in samples))
    return tuple(after - before for before, after in pairwise(moments))


def _one(samples: Sequence[Sample]) -> Sample:
    return msgspec.structs.replace(
        samples[-1],
        waiting_max=max(sample.waiting_max for sample in samples),
        bytes_up=sum(sample.bytes_up for sample in samples),
        bytes_down=sum(sample.bytes_down for sample in samples),
        requests=sum(sample.requests for sample in samples),
        lag_p50_ms=_worst([sample.lag_p50_ms for sample in samples]),
        lag_p95_ms=_worst([sample.lag_p95_ms for sample in samples]),
    )


def _worst(lags_ms: Sequence[float | None]) -> float | None:
    return max((lag for lag in lags_ms if lag is not None), default=None)
