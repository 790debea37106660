"""Metrics: the table holds together."""

from __future__ import annotations

from dataclasses import fields

from homeport_client.fleet.check import Verdict
from homeport_client.fleet.check.judge import CHECKS
from homeport_client.fleet.report.metrics import METRICS


def test_every_promise_that_a_verdict_judges_is_a_check_that_can_be_asked_for() -> None:
    checks = {name for name, metric in METRICS.items() if metric.sort == "check"}
    assert set(CHECKS) == checks == {each.name for each in fields(Verdict)} - {"unmade"}


def test_the_whole_of_a_share_is_a_count_itself() -> None:
    shares = [metric for metric in METRICS.values() if metric.whole is not None]
    assert shares
    assert all(METRICS[metric.whole or ""].sort == "count" for metric in shares)
    assert all(metric.sort == "count" for metric in shares)


def test_a_description_goes_on_in_its_sentence() -> None:
    """It follows "is", so it begins small and ends without a point."""
    assert all(metric.says[0].islower() and metric.says[-1] != "." for metric in METRICS.values())
