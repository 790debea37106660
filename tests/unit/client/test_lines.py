"""The report in plain lines."""

from __future__ import annotations

from msgspec.structs import replace

from homeport_client.fleet.report.lines import lines
from homeport_client.fleet.report.sentences import SENTENCES_MAX, STEPS_MAX
from homeport_client.fleet.report.summary import Threshold
from homeport_client.fleet.report.words import verdict_words
from tests.unit.client.finished import FAILURE, FOUND, LAG, broken, finished


def test_a_good_run_is_told_line_by_line() -> None:
    assert lines(finished()) == [
        verdict_words(finished()),
        "What may never happen:",
        "  ok        lost: acknowledged writes that were lost",
        "  ok        twice: changes that were applied twice",
        "  ok        differing: devices that differ",
        "  ok        gaps: gaps in the log",
        "Thresholds:",
        "  ok        p95(sync_lag) < 500ms: 412 ms",
        "Trends:",
        "               p50     p95     p99    max",
        "  sync_lag  180 ms  412 ms  800 ms  1.9 s",
        "Outcomes: 1,150 accepted (1,040 as they were, 80 merged and 30 superseded), 50 rejected",
        "Reached: 1 of 40 pairs of state and event that lead on",
        "Seed: 7",
        "Again: homeport fleet run --seed 7",
    ]


def test_violations_stand_below_their_check() -> None:
    said = lines(broken())
    at = said.index("  FOUND 2   lost: acknowledged writes that were lost")
    assert said[at + 1 : at + 3] == [f"            - {sentence}" for sentence in FOUND]


def test_a_missed_threshold_is_told_from_one_that_was_kept() -> None:
    missed = Threshold(asked="max(heal) < 1s", kept=False, measured=None)
    assert "  MISSED    max(heal) < 1s: nothing to measure" in lines(finished(thresholds=(missed,)))


def test_a_failing_story_is_told_step_by_step_with_the_file_that_replays_it() -> None:
    said = lines(broken(failure=FAILURE))
    at = said.index("The failing story:")
    assert said[at + 2 : at + 4] == ["  1. phone-3 loses the network", "  2. phone-3 writes"]
    assert "  It is kept in a.story" in said


def test_a_huge_report_stays_a_report() -> None:
    many = tuple(f"Number {number}." for number in range(10_000))
    said = lines(broken(*many, failure=replace(FAILURE, steps=many, sentences=many, steps_before=10_000)))
    assert len(said) < 30 + STEPS_MAX + 2 * SENTENCES_MAX


def test_an_empty_report_leaves_out_the_parts_it_has_not() -> None:
    said = lines(finished(checks=(), thresholds=(), trends={}))
    assert not {"What may never happen:", "Thresholds:", "Trends:", "The failing story:"} & set(said)


def test_the_columns_of_trends_are_as_wide_as_what_is_in_them() -> None:
    trends = {"outbox": replace(LAG, unit=""), "bytes_per_device_day": replace(LAG, unit="bytes", max=123_456_789)}
    header, *rows = lines(finished(trends=trends))[-7:-4]
    assert {len(row) for row in rows} == {len(header)}


def test_no_line_has_a_line_inside() -> None:
    assert all(line.isprintable() for line in lines(broken("a\nb\x1b[2J")))
