"""Bounds: what becomes of a threshold when there is a summary."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from homeport_client.fleet.report.bound import AGGREGATES, judge
from homeport_client.fleet.report.summary import Summary, Threshold
from homeport_client.fleet.report.thresholds import parse
from tests.unit.client.finished import LAG, broken, finished


def judged(text: str, summary: Summary) -> Threshold:
    return judge(parse(text), summary)


def said(text: str, summary: Summary) -> tuple[bool, str | None]:
    """Whether it was kept, and what was measured, in words."""
    threshold = judged(text, summary)
    assert threshold.asked == text
    return threshold.kept, threshold.measured


@pytest.mark.parametrize(
    ("aggregate", "measured"),
    [
        ("min", "4 ms"),
        ("avg", "230 ms"),
        ("p50", "180 ms"),
        ("p90", "390 ms"),
        ("p95", "412 ms"),
        ("p99", "800 ms"),
        ("max", "1.9 s"),
    ],
)
def test_an_aggregate_is_that_of_its_trend(aggregate: str, measured: str) -> None:
    assert judged(f"{aggregate}(sync_lag) > 0", finished()).measured == measured


def test_every_aggregate_is_tried_above() -> None:
    assert [*AGGREGATES] == ["min", "avg", "p50", "p90", "p95", "p99", "max", "count"]


@pytest.mark.parametrize(
    ("operator", "kept_at"),
    [
        ("<", [411]),
        ("<=", [411, 412]),
        (">", [413]),
        (">=", [412, 413]),
        ("==", [412]),
        ("!=", [411, 413]),
    ],
)
def test_an_operator_keeps_what_it_says(operator: str, kept_at: list[int]) -> None:
    runs = {lag: finished(trends={"sync_lag": replace(LAG, p95=lag)}) for lag in (411, 412, 413)}
    bound = parse(f"p95(sync_lag) {operator} 412ms")
    assert [lag for lag, run in runs.items() if judge(bound, run).kept] == kept_at


def test_a_value_is_compared_in_one_unit_whatever_was_written() -> None:
    assert judged("p95(sync_lag) < 0.5s", finished()) == Threshold(
        asked="p95(sync_lag) < 0.5s", kept=True, measured="412 ms", value=412, limit=500
    )
    assert not judged("p95(sync_lag) > 0.5s", finished()).kept


def test_a_check_counts_its_violations() -> None:
    assert said("lost == 0", finished()) == (True, "0")
    assert said("lost == 0", broken()) == (False, "2")


def test_a_count_is_itself_or_a_share_of_its_whole() -> None:
    assert said("rejected <= 50", finished()) == (True, "50")
    assert said("rejected < 5%", finished()) == (True, "4.2%")
    assert not judged("rejected < 4%", finished()).kept


@pytest.mark.parametrize(
    "text",
    ["p95(heal) < 1h", "min(heal) >= 0", "flickering == 0", "pokes < 9", "rejected < 1%", "superseded < 1%"],
)
def test_nothing_measured_is_a_miss_whatever_was_asked(text: str) -> None:
    nothing = finished(trends={"heal": replace(LAG, count=0)}, counts={"written": 0, "rejected": 0})
    assert said(text, nothing) == (False, None)


def test_the_count_of_a_trend_with_nothing_in_it_is_0() -> None:
    assert said("count(heal) < 5", finished(trends={})) == (True, "0")
    assert not judged("count(heal) >= 5", finished(trends={"heal": replace(LAG, count=0)})).kept
    assert judged("count(sync_lag) == 90", finished()).kept


def test_a_miss_by_less_than_is_said_is_said_all_the_same() -> None:
    near = finished(trends={"sync_lag": replace(LAG, p95=500.2)})
    assert judged("p95(sync_lag) < 500ms", near).measured == "just over 500 ms"
    assert judged("p95(sync_lag) > 500.4ms", near).measured == "just under 500 ms"
    assert judged("p95(sync_lag) <= 500.2ms", near).measured == "500 ms"
