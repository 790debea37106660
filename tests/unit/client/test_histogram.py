"""The histogram: percentiles within 2% of the true ones, whatever the values, and parts that add up."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_client.fleet.measure.histogram import Histogram

VALUES = st.lists(st.floats(min_value=0.001, max_value=1e12), min_size=1, max_size=60)


def of(values: list[float]) -> Histogram:
    made = Histogram("ms")
    for value in values:
        made.add(value)
    return made


@given(VALUES, st.sampled_from([0.01, 0.5, 0.9, 0.95, 0.99, 1.0]))
def test_a_percentile_is_within_two_percent_of_the_true_one(values: list[float], share: float) -> None:
    true = sorted(values)[max(math.ceil(share * len(values)), 1) - 1]
    assert of(values).percentile(share) == pytest.approx(true, rel=0.02)


@given(VALUES, VALUES)
def test_two_histograms_add_up_to_one_of_all_values(some: list[float], more: list[float]) -> None:
    whole, merged = of(some + more), of(some)
    merged.merge(of(more))
    assert (merged.count, merged.percentile(0.5)) == (whole.count, whole.percentile(0.5))
    assert (merged.trend().min, merged.trend().max) == (whole.trend().min, whole.trend().max)


def test_nothing_is_a_value_and_none_at_all_is_zero() -> None:
    assert of([0.0, 0.0, 5.0]).percentile(0.5) == 0.0
    empty = Histogram("ms").trend()
    assert (empty.count, empty.min, empty.avg, empty.p99, empty.max) == (0, 0, 0, 0, 0)
