"""A bound: one threshold as it was asked for, and what becomes of it once there is a summary.

Where nothing was measured a bound is missed, whatever its operator: green without coverage means little. Only the
`count` of a trend is then 0, as that is what it says. A check that this fleet did not make and a share of nothing are
not measured either.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from homeport_client.fleet.report.metrics import Metric
from homeport_client.fleet.report.summary import Summary, Threshold, Trend
from homeport_client.fleet.report.units import SCALES, Unit, spoken

AGGREGATES: Mapping[str, Callable[[Trend], float]] = {
    "min": lambda trend: trend.min,
    "avg": lambda trend: trend.avg,
    "p50": lambda trend: trend.p50,
    "p90": lambda trend: trend.p90,
    "p95": lambda trend: trend.p95,
    "p99": lambda trend: trend.p99,
    "max": lambda trend: trend.max,
    "count": lambda trend: trend.count,
}
OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """`aggregate` is "" for a count and a check. `value` is in `unit`: one of `SCALES`, "%" of the metric's whole, or
    "" for a plain number."""

    metric: Metric
    aggregate: str
    operator: str
    value: Decimal
    unit: str

    @property
    def asked(self) -> str:
        """What is bounded, as "p95(sync_lag)" or "lost"."""
        return f"{self.aggregate}({self.metric.name})" if self.aggregate else self.metric.name

    @property
    def measured_in(self) -> Unit:
        """The unit of what is measured, before any share is taken of it."""
        return "" if self.aggregate == "count" else self.metric.unit

    @property
    def limit(self) -> float:
        """The value in the unit of what is measured, or in percent."""
        return float(self.value * SCALES[self.unit].size if self.unit in SCALES else self.value)

    def keeps(self, value: float) -> bool:
        """Whether a measured value keeps it."""
        return OPERATORS[self.operator](value, self.limit)

    def __str__(self) -> str:
        return f"{self.asked} {self.operator} {self.value:f}{self.unit}"


def judge(bound: Bound, summary: Summary) -> Threshold:
    """What became of it. Nothing measured: missed, and `measured` is None."""
    value = _measured(bound, summary)
    if value is None:
        return Threshold(asked=str(bound), kept=False, measured=None, limit=bound.limit)
    return Threshold(
        asked=str(bound), kept=bound.keeps(value), measured=_say(bound, value), value=value, limit=bound.limit
    )


def _measured(bound: Bound, summary: Summary) -> float | None:
    name = bound.metric.name
    match bound.metric.sort:
        case "check":
            return next((len(check.found) for check in summary.checks if check.name == name), None)
        case "count":
            return _share(bound.metric, summary.counts) if bound.unit == "%" else summary.counts.get(name)
        case "trend":
            trend = summary.trends.get(name)
            if trend is None or not trend.count:
                return 0 if bound.aggregate == "count" else None
            return AGGREGATES[bound.aggregate](trend)


def _share(metric: Metric, counts: Mapping[str, int]) -> float | None:
    """In percent."""
    part, whole = counts.get(metric.name), counts.get(metric.whole or "")
    return 100 * part / whole if whole and part is not None else None


def _say(bound: Bound, value: float) -> str:
    """A missed "< 500ms" is never said to have been 500 ms."""
    unit = "%" if bound.unit == "%" else bound.measured_in
    said, limit = spoken(value, unit), spoken(bound.limit, unit)
    if said != limit or value == bound.limit:
        return said
    return f"just {'over' if value > bound.limit else 'under'} {said}"
