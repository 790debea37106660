"""Exit codes: what a report deserves."""

from __future__ import annotations

from msgspec.structs import replace

from homeport_client.fleet.report.exits import Exit, exit_of
from homeport_client.fleet.report.summary import Threshold
from tests.unit.client.finished import broken, finished

MISSED = Threshold(asked="max(heal) < 1s", kept=False, measured="2 s")


def test_a_report_with_nothing_wrong_ends_with_0() -> None:
    assert (exit_of(finished()), int(Exit.KEPT)) == (Exit.KEPT, 0)


def test_a_missed_threshold_and_a_broken_promise_end_alike() -> None:
    assert (exit_of(finished(thresholds=(MISSED,))), int(Exit.MISSED)) == (Exit.MISSED, 99)
    assert exit_of(broken(thresholds=())) == Exit.MISSED


def test_a_partial_report_has_no_checks_and_gets_the_code_it_deserves() -> None:
    stopped = finished(partial=True, checks=(), healed_s=None)
    assert exit_of(stopped) == Exit.KEPT
    assert exit_of(replace(stopped, thresholds=(MISSED,))) == Exit.MISSED
