"""Each type of value: what it takes, what it refuses, and that Python values come back as they went."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from random import Random
from typing import Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_sync.change import Value
from homeport_sync.values import INT_MAX, PLAIN, PythonValue, ValueType, choice, optional, text, value_type

TEXT = text(5)
COLOUR = choice(("red", "blue"))

TAKEN: list[tuple[ValueType, Value]] = [
    (TEXT, ""),
    (TEXT, "äöü𝄞x"),
    (PLAIN[int], INT_MAX),
    (PLAIN[int], -INT_MAX),
    (PLAIN[float], 1),
    (PLAIN[float], -0.5),
    (PLAIN[float], 1e308),
    (PLAIN[bool], False),
    (PLAIN[datetime], "2026-11-23T08:15:00.000Z"),
    (PLAIN[datetime], "0001-01-01T00:00:00.000Z"),
    (PLAIN[date], "2024-02-29"),
    (PLAIN[UUID], "00000000-0000-7000-8000-000000000000"),
    (COLOUR, "blue"),
    (optional(COLOUR), None),
    (optional(TEXT), "abc"),
]

REFUSED: list[tuple[ValueType, Value]] = [
    (TEXT, "123456"),
    (TEXT, "a\0b"),
    (TEXT, None),
    (TEXT, 1),
    (PLAIN[int], INT_MAX + 1),
    (PLAIN[int], -INT_MAX - 1),
    (PLAIN[int], True),
    (PLAIN[int], 1.0),
    (PLAIN[int], "1"),
    (PLAIN[float], True),
    (PLAIN[float], float("inf")),
    (PLAIN[float], float("nan")),
    (PLAIN[float], 10**400),
    (PLAIN[float], "1"),
    (PLAIN[bool], 0),
    (PLAIN[bool], "true"),
    (PLAIN[bool], None),
    (PLAIN[datetime], "2026-11-23T08:15:00Z"),
    (PLAIN[datetime], "2026-11-23T08:15:00.000"),
    (PLAIN[datetime], "2026-11-23T09:15:00.000+01:00"),
    (PLAIN[datetime], "2026-11-23T08:15:00.000001Z"),
    (PLAIN[datetime], "2026-13-01T00:00:00.000Z"),
    (PLAIN[datetime], "0001-01-01T00:00:00.000+14:00"),
    (PLAIN[datetime], "9999-12-31T23:59:59.999-14:00"),
    (PLAIN[datetime], "tomorrow"),
    (PLAIN[datetime], 1_795_000_000),
    (PLAIN[date], "2025-02-29"),
    (PLAIN[date], "20241101"),
    (PLAIN[date], "2026-W47-1"),
    (PLAIN[date], 20_241_101),
    (PLAIN[UUID], "00000000-0000-7000-8000-00000000000A"),
    (PLAIN[UUID], "0000000000007000800000000000000a"),
    (PLAIN[UUID], 7),
    (COLOUR, "green"),
    (COLOUR, None),
    (COLOUR, 1),
    (optional(COLOUR), "green"),
]

TRANSLATED: list[tuple[type, PythonValue, Value]] = [
    (int, 5, 5),
    (float, 2.5, 2.5),
    (bool, True, True),
    (str, "milk", "milk"),
    (date, date(2026, 11, 23), "2026-11-23"),
    (UUID, UUID(int=10), "00000000-0000-0000-0000-00000000000a"),
    (datetime, datetime(2026, 11, 23, 8, 15, tzinfo=UTC), "2026-11-23T08:15:00.000Z"),
]

MOMENTS = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone itself
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours))),
)


def declared(annotation: object) -> ValueType:
    found = value_type(annotation)
    assert found is not None
    return found


@pytest.mark.parametrize(("kind_of_value", "value"), TAKEN)
def test_a_value_of_the_type_fits(kind_of_value: ValueType, value: Value) -> None:
    assert kind_of_value.fits(value)


@pytest.mark.parametrize(("kind_of_value", "value"), REFUSED)
def test_a_value_of_another_type_or_out_of_its_limits_does_not(kind_of_value: ValueType, value: Value) -> None:
    assert not kind_of_value.fits(value)


@pytest.mark.parametrize(("annotation", "python", "wire"), TRANSLATED)
def test_a_python_value_is_written_to_the_wire_and_read_back(
    annotation: type, python: PythonValue, wire: Value
) -> None:
    kind_of_value = declared(annotation)
    assert kind_of_value.to_wire(python) == wire
    assert kind_of_value.from_wire(wire) == python
    assert optional(kind_of_value).to_wire(None) is None
    assert optional(kind_of_value).from_wire(None) is None


@given(moment=MOMENTS)
def test_every_aware_moment_is_kept_to_the_millisecond_whatever_its_zone(moment: datetime) -> None:
    kind_of_value = PLAIN[datetime]
    wire = kind_of_value.to_wire(moment)
    assert kind_of_value.fits(wire)
    back = kind_of_value.from_wire(wire)
    assert isinstance(back, datetime)
    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)


@given(day=st.dates())
def test_every_day_fits_and_comes_back(day: date) -> None:
    wire = PLAIN[date].to_wire(day)
    assert PLAIN[date].fits(wire)
    assert PLAIN[date].from_wire(wire) == day


@given(value=st.text() | st.integers() | st.floats() | st.booleans() | st.none())
def test_no_value_makes_a_type_fail_instead_of_answer(value: Value) -> None:
    for kind_of_value in (TEXT, COLOUR, *PLAIN.values()):
        assert kind_of_value.fits(value) in {True, False}


def test_a_python_value_of_the_wrong_type_is_handed_on_to_be_refused() -> None:
    naive = datetime(2026, 11, 23)  # noqa: DTZ001  # what is refused here
    for annotation, wrong in ((datetime, naive), (datetime, "now"), (date, datetime.now(UTC)), (UUID, 7), (date, 7)):
        kind_of_value = declared(annotation)
        assert not kind_of_value.fits(kind_of_value.to_wire(wrong))


def test_a_whole_number_in_a_float_field_comes_back_as_a_float() -> None:
    assert isinstance(PLAIN[float].from_wire(1), float)


def test_an_annotation_declares_its_type_also_with_none() -> None:
    assert declared(str | None).fits(None)
    assert declared(Literal["red", "blue"] | None).fits("red")
    assert not declared(Literal["red", "blue"]).fits(None)
    shorter = value_type(str, 3)
    assert shorter is not None
    assert shorter.fits("abc")
    assert not shorter.fits("abcd")


@pytest.mark.parametrize("annotation", [bytes, list[str], str | int, Literal[1, 2], object, None, "str", dict, complex])
def test_any_other_annotation_declares_no_type(annotation: object) -> None:
    assert value_type(annotation) is None


def test_each_type_says_what_it_expects() -> None:
    assert TEXT.expected == "text of at most 5 characters"
    assert COLOUR.expected == "one of 'red', 'blue'"
    assert optional(PLAIN[bool]).expected == "true or false, or null"


DRAWN = (*PLAIN.values(), TEXT, text(10_000), COLOUR, optional(TEXT), optional(PLAIN[date]))


@given(st.sampled_from(DRAWN), st.integers())
def test_what_a_type_draws_fits_it_and_the_same_is_drawn_again(drawn: ValueType, seed: int) -> None:
    value = drawn.draw(Random(seed))
    assert drawn.fits(drawn.to_wire(value))
    assert drawn.draw(Random(seed)) == value
