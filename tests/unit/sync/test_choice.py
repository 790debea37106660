"""What a device chooses among its scopes: sets, whichever way they are named, that never grow too large to travel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_sync.choice import CHOICE_SCOPES_MAX, EVERYTHING, NOTHING, Choice, checked
from homeport_sync.cursor import Backfill, Cursor, CursorSeal
from homeport_sync.errors import Malformed, TooLarge
from homeport_sync.limits import LIMITS
from homeport_sync.pull import BACKFILLS_MAX
from tests.unit.sync.tasks import device_id

SCOPES = ("a", "b", "c", "d")
NAMED = st.lists(st.sampled_from(SCOPES), max_size=4).map(tuple)
CHOICES = st.builds(Choice, scopes=st.none() | NAMED, leave_out=NAMED)


def naive(choice: Choice) -> set[str]:
    """Those of the scopes that it takes, one by one; "other" stands for all that it cannot know."""
    found = {"other", *SCOPES} if choice.scopes is None else {*choice.scopes}
    return found - {*choice.leave_out}


@given(one=CHOICES, other=CHOICES, scope=st.sampled_from(SCOPES))
def test_a_choice_is_a_set_of_scopes(one: Choice, other: Choice, scope: str) -> None:
    everywhere = ("other", *SCOPES)
    assert one.among(everywhere) == naive(one)
    assert {each for each in everywhere if one.takes(each)} == naive(one)
    assert naive(one.also(scope)) == naive(one) | {scope}
    assert naive(one.within(other)) == naive(one) & naive(other)


@given(one=CHOICES, other=CHOICES)
def test_equal_choices_have_one_plain_form(one: Choice, other: Choice) -> None:
    assert naive(one.plain()) == naive(one)
    assert (one.plain() == other.plain()) == (naive(one) == naive(other))
    assert one.within(other) == one.within(other).plain()


def test_everything_and_nothing() -> None:
    assert EVERYTHING.among(SCOPES) == {*SCOPES}
    assert NOTHING.among(SCOPES) == set()
    assert checked(None) == EVERYTHING


def ids(count: int) -> tuple[str, ...]:
    return tuple(device_id(index) for index in range(count))


def test_a_choice_names_so_many_scopes_and_no_more() -> None:
    assert checked(Choice(scopes=ids(CHOICE_SCOPES_MAX))).size == CHOICE_SCOPES_MAX
    half = CHOICE_SCOPES_MAX // 2
    for choice in (Choice(scopes=ids(CHOICE_SCOPES_MAX + 1)), Choice(scopes=ids(half), leave_out=ids(half + 1))):
        with pytest.raises(TooLarge, match="The choice names 501 scopes; at most 500 can be named"):
            checked(choice)


@pytest.mark.parametrize("choice", [Choice(scopes=("x",)), Choice(leave_out=(device_id(0xA).upper(),))])
def test_what_is_no_scopes_id_is_malformed(choice: Choice) -> None:
    with pytest.raises(Malformed, match="expected a UUID in lowercase"):
        checked(choice)


def test_the_largest_choice_beside_the_most_backfills_fits_into_a_cursor() -> None:
    seal, last, user = CursorSeal(b"k" * 32), 2**63 - 1, "\U0010ffff" * 200
    place = Cursor(
        tenant=device_id(1),
        user=user,
        epoch=device_id(2),
        position=last,
        granted=last,
        backfills=tuple(Backfill(each, last, last) for each in ids(BACKFILLS_MAX)),
        choice=Choice(leave_out=ids(CHOICE_SCOPES_MAX)),
    )
    text = seal.seal(place)
    assert len(text) <= LIMITS.cursor_bytes_max
    assert seal.open(text, tenant=device_id(1), user=user) == place
