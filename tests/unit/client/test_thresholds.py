"""Thresholds: what may be written, and what is said about all else."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_client.fleet.report.bound import AGGREGATES, OPERATORS, Bound
from homeport_client.fleet.report.metrics import METRICS, Metric
from homeport_client.fleet.report.thresholds import BOUND_CHARS_MAX, NotABound, parse
from homeport_client.fleet.report.units import SCALES


def wrong(text: str) -> str:
    with pytest.raises(NotABound) as caught:
        parse(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("p95(sync_lag) < 500ms", 500),
        ("max(heal) <= 30s", 30_000),
        ("avg(push_lag) < 1.5 m", 90_000),
        ("min(push_lag)>=1h", 3_600_000),
        ("p99(bytes_per_device_day) < 2MB", 2_000_000),
        ("bytes_up != 3KB", 3_000),
        ("count(sync_lag) > 100", 100),
        (" max ( outbox )  <  20 ", 20),
        ("rejected < 1%", 1),
        ("lost == 0", 0),
        ("max(heal) > 0", 0),
    ],
)
def test_a_threshold_bounds_in_the_unit_of_its_metric(text: str, limit: float) -> None:
    assert parse(text).limit == limit


def test_each_part_of_a_threshold_is_read() -> None:
    bound = parse("p95(sync_lag)<0.50s")
    assert (bound.metric, bound.aggregate, bound.operator) == (METRICS["sync_lag"], "p95", "<")
    assert (bound.value, bound.unit, str(bound)) == (Decimal("0.5"), "s", "p95(sync_lag) < 0.50s")


def test_a_number_of_a_tenth_is_no_binary_fraction_next_to_it() -> None:
    assert parse("p95(sync_lag) <= 0.29s").limit == 290


def _bounds_of(metric: Metric) -> st.SearchStrategy[Bound]:
    return st.sampled_from(list(AGGREGATES) if metric.sort == "trend" else [""]).flatmap(
        lambda aggregate: st.builds(
            Bound,
            metric=st.just(metric),
            aggregate=st.just(aggregate),
            operator=st.sampled_from(list(OPERATORS)),
            value=st.decimals(min_value=0, max_value=10**12, places=3),
            unit=st.sampled_from(_units(metric, aggregate)),
        )
    )


def _units(metric: Metric, aggregate: str) -> list[str]:
    measured_in = "" if aggregate == "count" else metric.unit
    if measured_in:
        return [word for word, scale in SCALES.items() if scale.unit == measured_in]
    return ["", "%"] if metric.whole else [""]


@given(bound=st.sampled_from(list(METRICS.values())).flatmap(_bounds_of))
def test_a_bound_that_is_written_down_is_read_back_the_same(bound: Bound) -> None:
    assert parse(str(bound)) == bound


@given(text=st.text(alphabet="pavg0159()<=>!.%ms KBlost_ync\n", max_size=30) | st.text(max_size=30))
def test_whatever_is_written_is_a_bound_or_is_told_why_not(text: str) -> None:
    try:
        bound = parse(text)
    except NotABound:
        return
    assert parse(str(bound)) == bound


@pytest.mark.parametrize(
    "text", ["", "lost", "lost 0", "p95 sync_lag < 5ms", "lost == -1", "lost == 1e3", "lost == 0; 1"]
)
def test_what_has_not_the_shape_is_shown_two_that_have(text: str) -> None:
    assert wrong(text) == (
        f"Expected a metric, an operator and a value, and found {text!r}: "
        "write it like 'p95(sync_lag) < 500ms' or 'lost == 0'."
    )


def test_a_threshold_is_no_longer_than_its_limit_and_neither_is_what_is_said_about_it() -> None:
    digits = BOUND_CHARS_MAX - len("written < ")
    assert parse("written < " + "1" * digits).metric is METRICS["written"]
    assert len(wrong("written < " + "1" * 100_000)) < 2 * BOUND_CHARS_MAX


def test_an_unknown_metric_is_told_the_names_near_it() -> None:
    assert wrong("p95(sync_leg) < 5ms") == "There is no metric 'sync_leg': did you mean sync_lag?"
    assert "did you mean lost?" in wrong("LOST == 0")


def test_an_unknown_metric_near_none_is_told_them_all() -> None:
    said = wrong("latency == 0")
    assert said.startswith("There is no metric 'latency': take one of sync_lag, push_lag,")
    assert all(name in said for name in METRICS)


def test_only_the_metrics_that_are_given_are_known() -> None:
    own = {"taps": Metric(name="taps", sort="count", unit="", says="the number of taps")}
    assert parse("taps < 3", own).metric is own["taps"]
    with pytest.raises(NotABound, match="take one of taps"):
        parse("lost == 0", own)


def test_a_trend_without_an_aggregate_is_told_those_there_are() -> None:
    assert wrong("sync_lag < 5ms") == (
        "sync_lag has many values, expected min, avg, p50, p90, p95, p99, max or count of it and found 'sync_lag': "
        "write it like 'p95(sync_lag) < …'."
    )


@pytest.mark.parametrize("aggregate", ["p75", "mean", "P95"])
def test_an_aggregate_that_no_trend_has_is_told_those_there_are(aggregate: str) -> None:
    assert f"p99, max or count of it and found '{aggregate}(sync_lag)'" in wrong(f"{aggregate}(sync_lag) < 5ms")


@pytest.mark.parametrize("name", ["rejected", "lost"])
def test_an_aggregate_of_one_number_is_told_to_go(name: str) -> None:
    assert wrong(f"max({name}) == 0") == (
        f"{name} is one number, expected it alone and found 'max({name})': write it like '{name} == …'."
    )


@pytest.mark.parametrize("operator", ["=", "=<", "<>", "==="])
def test_an_operator_that_is_none_is_told_those_there_are(operator: str) -> None:
    assert wrong(f"lost {operator} 0") == (
        f"There is no operator {operator!r}, as in 'lost {operator} 0': take one of <, <=, >, >=, == or !=."
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("p95(sync_lag) < 5KB", "p95(sync_lag) is a time, and 5KB was found: write ms, s, m or h behind the number."),
        ("p95(sync_lag) < 5%", "p95(sync_lag) is a time, and 5% was found: write ms, s, m or h behind the number."),
        (
            "p95(sync_lag) < 500",
            "p95(sync_lag) is a time, and 500 without a unit was found: write ms, s, m or h behind the number.",
        ),
        (
            "bytes_up < 2mb",
            "bytes_up is a number of bytes, and 2mb was found: write B, KB, MB or GB behind the number.",
        ),
        ("lost == 0ms", "lost is a plain number, and 0ms was found: write it alone."),
        ("requests < 5%", "requests is a plain number, and 5% was found: write it alone."),
        ("count(heal) > 5s", "count(heal) is a plain number, and 5s was found: write it alone."),
        (
            "rejected < 5s",
            "rejected is a plain number, and 5s was found: write the number alone, or with % as a share of written.",
        ),
    ],
)
def test_a_unit_that_does_not_fit_the_metric_is_told(text: str, said: str) -> None:
    assert wrong(text) == said
