"""Thresholds: what a fleet must keep to, in the language that users of k6 and Locust know.

    p95(sync_lag) < 500ms     an aggregate of a trend: min, avg, p50, p90, p95, p99, max or count
    rejected <= 20            a count
    rejected < 1%             … as a share, where the table of metrics names its whole
    differing == 0            a check: the number of its violations

A threshold is read before the fleet runs, so that a slip of the pen costs a second and not an hour. Times are written
in ms, s, m (minutes) or h, bytes in B, KB, MB or GB; only 0 needs no unit. Each check has the threshold `name == 0`
anyhow; one that is written beside it takes nothing away from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches

from homeport_client.fleet.report.bound import AGGREGATES, OPERATORS, Bound
from homeport_client.fleet.report.metrics import METRICS, Metric
from homeport_client.fleet.report.units import NOUNS, SCALES, either, words_of

BOUND_CHARS_MAX = 200
NEAR_NAMES_MAX = 3

_SHAPE = re.compile(
    r"\s*(?:(?P<aggregate>\w+)\s*\(\s*(?P<inner>\w+)\s*\)|(?P<bare>\w+))"
    r"\s*(?P<operator>[<>=!]+)\s*(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>[a-z]*|%)\s*",
    re.ASCII | re.IGNORECASE,
)


class NotABound(ValueError):
    """This is no threshold: the message says what was expected, what was found, and what to write instead."""


def parse(text: str, metrics: Mapping[str, Metric] = METRICS) -> Bound:
    """Read one threshold over the metrics that there are going to be. Raises `NotABound`."""
    found = _SHAPE.fullmatch(text) if len(text) <= BOUND_CHARS_MAX else None
    if found is None:
        raise NotABound(
            "Expected a metric, an operator and a value, and found "
            f"{text[:BOUND_CHARS_MAX]!r}: write it like 'p95(sync_lag) < 500ms' or 'lost == 0'."
        )
    bound = Bound(
        metric=_metric(found["inner"] or found["bare"], metrics),
        aggregate=found["aggregate"] or "",
        operator=found["operator"],
        value=Decimal(found["value"]),
        unit=found["unit"],
    )
    _check_aggregate(bound)
    _check_operator(bound)
    _check_unit(bound)
    return bound


def _metric(name: str, metrics: Mapping[str, Metric]) -> Metric:
    if name in metrics:
        return metrics[name]
    near = get_close_matches(name.lower(), metrics, n=NEAR_NAMES_MAX)
    advice = f"did you mean {either(near)}?" if near else f"take one of {', '.join(metrics)}."
    raise NotABound(f"There is no metric {name!r}: {advice}")


def _check_aggregate(bound: Bound) -> None:
    name = bound.metric.name
    if bound.metric.sort == "trend" and bound.aggregate not in AGGREGATES:
        raise NotABound(
            f"{name} has many values, expected {either(AGGREGATES)} of it and found {bound.asked!r}: "
            f"write it like 'p95({name}) {bound.operator} …'."
        )
    if bound.metric.sort != "trend" and bound.aggregate:
        raise NotABound(
            f"{name} is one number, expected it alone and found {bound.asked!r}: "
            f"write it like '{name} {bound.operator} …'."
        )


def _check_operator(bound: Bound) -> None:
    if bound.operator not in OPERATORS:
        raise NotABound(f"There is no operator {bound.operator!r}, as in '{bound}': take one of {either(OPERATORS)}.")


def _check_unit(bound: Bound) -> None:
    if not _has_fitting_unit(bound):
        found = f"{bound.value:f}{bound.unit}" if bound.unit else f"{bound.value:f} without a unit"
        raise NotABound(
            f"{bound.asked} is {NOUNS[bound.measured_in]}, and {found} was found: write {_fitting_units(bound)}."
        )


def _has_fitting_unit(bound: Bound) -> bool:
    """0 needs no unit, whatever it is 0 of."""
    if bound.unit == "%":
        return bound.metric.whole is not None
    if bound.unit in SCALES:
        return SCALES[bound.unit].unit == bound.measured_in
    return not bound.unit and (bound.value == 0 or not bound.measured_in)


def _fitting_units(bound: Bound) -> str:
    if bound.measured_in:
        return f"{words_of(bound.measured_in)} behind the number"
    return f"the number alone, or with % as a share of {bound.metric.whole}" if bound.metric.whole else "it alone"
