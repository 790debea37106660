"""Sentences: bounded in number, and harmless to a terminal."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from homeport_client.fleet.report.sentences import bounded, counted, joined, printable, shortened
from tests.unit.client.finished import FAILURE


def test_as_many_as_fit_are_told_whole() -> None:
    assert bounded(["a", "b"], at_most=2) == ["a", "b"]
    assert bounded(["a", "b", "c"], at_most=2) == ["a", "b", "… and 1 more."]


def test_a_line_cannot_move_the_cursor_nor_end_early() -> None:
    assert printable("a\x1b[2J\nb\tc 牛乳") == "a\ufffd[2J\ufffdb\ufffdc 牛乳"


@pytest.mark.parametrize(("number", "said"), [(0, "0 crashes"), (1, "1 crash"), (1_200, "1,200 crashes")])
def test_a_number_agrees_with_what_it_counts(number: int, said: str) -> None:
    assert counted(number, "crash", "crashes") == said


def test_what_is_true_together_is_joined_by_and() -> None:
    assert [joined(["a"]), joined("ab"), joined("abc")] == ["a", "a and b", "a, b and c"]


def test_a_story_says_how_much_shorter_it_became() -> None:
    assert shortened(FAILURE) == "A story of 2 steps still fails, cut down from 212 in 40 tries."
    assert shortened(replace(FAILURE, steps_before=2)) == "The story of 2 steps could not be made shorter in 40 tries."
