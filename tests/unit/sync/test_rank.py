"""Ranks: between any two there is another, and texts compare as people see the order."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_sync.rank import FIRST_RANK, RANK_CHARS_MAX, between, is_rank
from homeport_sync.rejections import RankFull

LEAST = f"A{'0' * 26}"


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(0, 2**32))
def test_whatever_is_dropped_wherever_has_a_rank_of_its_own_there(places: list[int], seed: int) -> None:
    chance, order = Random(seed), list[str]()
    for place in places:
        at = min(place, len(order))
        low, high = order[at - 1] if at else None, order[at] if at < len(order) else None
        order.insert(at, between(low, high, chance))
    assert all(map(is_rank, order))
    assert all(one < other for one, other in pairwise(order))


@pytest.mark.parametrize("at_start", [True, False])
def test_who_always_adds_at_an_end_gets_short_ranks(at_start: bool) -> None:
    chance, end = Random(1), between(None, None, Random(1))
    for _ in range(10_000):
        end = between(None, end, chance) if at_start else between(end, None, chance)
    assert len(end) < 12


@pytest.mark.parametrize("downwards", [True, False])
def test_who_always_drops_into_one_gap_gets_a_digit_more_for_every_few(downwards: bool) -> None:
    chance = Random(1)
    low, high = between(None, None, chance), between(between(None, None, chance), None, chance)
    low, high = sorted((low, high))
    for _ in range(500):
        middle = between(low, high, chance)
        low, high = (low, middle) if downwards else (middle, high)
    assert len(middle) < 500 / 4


@pytest.mark.parametrize(("low", "high"), [("a0", "a1"), ("a2lhI", "a3a6L"), ("a2", "a2001"), (None, "a3a6L")])
def test_two_phones_that_drop_into_one_gap_get_two_ranks(low: str | None, high: str) -> None:
    """Also where the gap ends in a rank that begins as theirs would."""
    drawn = [between(low, high, Random(seed)) for seed in range(100)]
    assert len(set(drawn)) >= 99, "of a hundred, two may happen to be the same"
    assert all((low or "") < rank < high for rank in drawn)


def test_a_gap_that_is_full_says_so() -> None:
    tight = f"a0{'0' * (RANK_CHARS_MAX - 4)}1"
    with pytest.raises(RankFull):
        between(FIRST_RANK, tight, Random(1))


def test_behind_the_last_whole_number_and_before_the_first_ranks_go_on_in_fractions() -> None:
    last, first, chance = "z" * 27, f"{LEAST}V", Random(1)
    for _ in range(100):
        later, earlier = between(last, None, chance), between(None, first, chance)
        assert LEAST < earlier < first
        assert last < later
        assert all(map(is_rank, (earlier, later)))
        last, first = later, earlier


def test_before_the_first_whole_number_there_is_no_room_and_it_is_no_rank() -> None:
    """A phone that placed something before it would have looked for room for ever."""
    assert not is_rank(LEAST)
    with pytest.raises(RankFull):
        between(None, LEAST, Random(1))


@pytest.mark.parametrize("pair", [("a1", "a0"), ("a0", "a0")])
def test_there_is_nothing_between_what_is_out_of_order(pair: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="nothing between"):
        between(*pair, Random(1))


@pytest.mark.parametrize(("text", "right"), [("a0", True), ("a0V", True), ("Zz8", True), ("b00", True), ("b0", False)])
def test_a_rank_is_a_whole_number_and_a_fraction(text: str, right: bool) -> None:
    assert is_rank(text) == right


@pytest.mark.parametrize("text", ["", "a", "0a", "a0V0", "a-", "a0" + "1" * RANK_CHARS_MAX, "ä0"])
def test_what_is_no_rank_is_none(text: str) -> None:
    assert not is_rank(text)
