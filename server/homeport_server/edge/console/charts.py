"""What the charts of the pulse show: in which units, as columns for the script and as a table for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from homeport_server.observe.samples import Sample

MINUTES_SHOWN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line of a chart: the name of a field of `Sample`, and what people call it."""

    field: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One of them. `says` tells what it shows, in a sentence."""

    id: str
    title: str
    unit: str
    says: str
    series: tuple[Series, ...]


CHARTS: Final[tuple[Chart, ...]] = (
    Chart(
        id="changes",
        title="Changes",
        unit="a second",
        says="Changes of this tenant that were decided, rejected ones included.",
        series=(Series(field="changes_s", name="changes"),),
    ),
    Chart(
        id="sockets",
        title="Sockets",
        unit="open",
        says="Sockets of this tenant that are open: devices that listen for pokes.",
        series=(Series(field="sockets", name="sockets"),),
    ),
    Chart(
        id="push",
        title="Push",
        unit="ms",
        says="From a push's message to its answer.",
        series=(Series(field="push_p50_ms", name="p50"), Series(field="push_p95_ms", name="p95")),
    ),
    Chart(
        id="lag",
        title="Lag",
        unit="ms",
        says="From a change's acceptance until it was given to a device that listens.",
        series=(Series(field="lag_p50_ms", name="p50"), Series(field="lag_p95_ms", name="p95")),
    ),
)
_FIELDS: Final = tuple(series.field for chart in CHARTS for series in chart.series)


def columns(samples: Sequence[Sample]) -> Mapping[str, Sequence[float | None]]:
    """A column for each series, and one for the moments: `at_ms`, in milliseconds since 1970."""
    told: dict[str, Sequence[float | None]] = {"at_ms": [each.at_ms for each in samples]}
    for field in _FIELDS:
        told[field] = [getattr(each, field) for each in samples]
    return told


def minutes(samples: Sequence[Sample]) -> Sequence[Sample]:
    """The last sample of each of the last minutes, the newest first."""
    found = dict[int, Sample]()
    for each in samples:
        found[each.at_ms // 60_000] = each
    return list(found.values())[: -MINUTES_SHOWN - 1 : -1]
