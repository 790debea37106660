"""The report on a terminal: all of it is there, and any terminal will do."""

from __future__ import annotations

import io
import re

import pytest
from msgspec.structs import replace
from rich.console import Console

from homeport_client.fleet.report.lines import lines
from homeport_client.fleet.report.sentences import STEPS_MAX
from homeport_client.fleet.report.summary import Summary, Threshold
from homeport_client.fleet.report.terminal import TABLE_WIDTH_MIN, draw
from tests.unit.client.finished import FAILURE, FOUND, LOST, broken, finished

THRESHOLDS = (
    Threshold(asked="p95(sync_lag) < 500ms", kept=True, measured="412 ms"),
    Threshold(asked="max(heal) < 1s", kept=False, measured=None),
)


def drawn(summary: Summary, *, width: int = 100, colour: bool = False) -> str:
    out = io.StringIO()
    draw(Console(file=out, width=width, force_terminal=colour, color_system="truecolor" if colour else None), summary)
    return out.getvalue()


def rows(summary: Summary) -> list[list[str]]:
    """The cells of all tables, told apart by the space between them."""
    return [re.split(r"\s{2,}", line.strip()) for line in drawn(summary).splitlines()]


def test_a_table_says_of_each_check_what_it_found() -> None:
    table = rows(broken())
    assert ["What may never happen", "found"] in table
    assert ["lost", "acknowledged writes that were lost", "2"] in table
    assert ["gaps", "gaps in the log", "0"] in table


def test_thresholds_are_ticked_or_crossed() -> None:
    table = rows(finished(thresholds=THRESHOLDS))
    assert ["p95(sync_lag) < 500ms", "412 ms", "✓"] in table
    assert ["max(heal) < 1s", "nothing to measure", "✗"] in table


def test_trends_stand_in_a_row_each() -> None:
    table = rows(finished())
    assert ["Trend", "p50", "p95", "p99", "max"] in table
    assert ["sync_lag", "180 ms", "412 ms", "800 ms", "1.9 s"] in table


def test_outcomes_the_seed_and_the_command_that_replays_it_are_told() -> None:
    said = drawn(finished()).splitlines()
    assert "Outcomes  1,150 accepted (1,040 as they were, 80 merged and 30 superseded), 50 rejected" in said
    assert "Seed      7" in said
    assert "Again     homeport fleet run --seed 7" in said


def test_a_failing_story_lists_the_steps_that_are_left() -> None:
    said = drawn(broken(failure=FAILURE))
    assert "    1. phone-3 loses the network\n    2. phone-3 writes\n" in said
    assert "It is kept in a.story" in said
    assert drawn(broken(failure=replace(FAILURE, steps=("x",) * 9_000))).count("\n") < 100 + STEPS_MAX


def test_sentences_are_whole_lines_so_that_they_can_be_copied() -> None:
    long = f"phone-1 holds {'x' * 300}."
    assert f"  {long}\n" in drawn(broken(long), width=TABLE_WIDTH_MIN)


def test_what_people_wrote_is_neither_markup_nor_control_code() -> None:
    said = drawn(broken("[red]a[/nothing] \x1b[2J b :bicycle:"), colour=True)
    assert "[red]a[/nothing] \ufffd[2J b :bicycle:" in said
    assert "\x1b[2J" not in said


def test_good_and_bad_have_colours_of_their_own() -> None:
    good, bad = drawn(finished(), colour=True), drawn(broken(), colour=True)
    assert "\x1b[1;31m" not in good
    assert re.search(r"\x1b\[1;31m +2\x1b\[0m|\x1b\[1;31m2\x1b\[0m", bad)


@pytest.mark.parametrize("width", [1, 2, 5, 10, 20, 40, TABLE_WIDTH_MIN, 200])
def test_no_terminal_is_too_narrow(width: int) -> None:
    assert "--seed 7" in drawn(broken(failure=FAILURE, thresholds=THRESHOLDS), width=width, colour=True)


def test_a_terminal_too_narrow_for_tables_gets_lines() -> None:
    assert drawn(broken(), width=TABLE_WIDTH_MIN - 1).splitlines() == lines(broken())
    assert drawn(broken(), width=TABLE_WIDTH_MIN).splitlines() != lines(broken())


def test_a_console_without_unicode_gets_words_instead() -> None:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii") as out:
        run = finished(checks=(replace(LOST, found=("Grüße 牛乳",)),), thresholds=THRESHOLDS, failure=FAILURE)
        draw(Console(file=out, width=80), run)
        out.flush()
        said = raw.getvalue().decode()
    assert "Gr??e ??" in said
    assert "kept" in said
    assert "MISSED" in said


def test_nothing_is_drawn_of_what_there_is_not() -> None:
    assert "─" not in drawn(finished(checks=(), thresholds=(), trends={}))
    assert FOUND[0] not in drawn(finished())
