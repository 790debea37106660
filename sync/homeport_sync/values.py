"""The types of value a field can hold: what Python calls them, what the wire carries, what is refused.

| declared            | on the wire                      | limits                                              |
|---------------------|----------------------------------|-----------------------------------------------------|
| `str`               | string                           | `max_length` characters (10,000), no NUL            |
| `int`               | number                           | ±(2^53 - 1), so that every client reads it exactly  |
| `float`             | number                           | finite                                              |
| `bool`              | true, false                      |                                                     |
| `datetime`          | string, RFC 3339 in UTC with `Z` | aware, milliseconds                                 |
| `date`              | string, `2026-11-23`             |                                                     |
| `UUID`              | string, lowercase with hyphens   |                                                     |
| `Literal["a", "b"]` | string                           | one of those named                                  |
| `set[str]`          | list of strings, sorted          | 1,000 elements of `max_length` characters           |
| `Rank`              | string of digits and letters     | 500 characters                                      |
| one of them `| None`| or null; not a set, not a `Rank` |                                                     |
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from types import NoneType, UnionType
from typing import Literal, TypeAlias, Union, get_args, get_origin
from uuid import UUID

from homeport_sync.change import Value
from homeport_sync.clock import is_uuid
from homeport_sync.rank import Rank, between, is_rank
from homeport_sync.rules import ELEMENTS_MAX

Shape: TypeAlias = Literal["text", "choice", "int", "float", "bool", "datetime", "date", "uuid", "set", "rank"]
PythonValue: TypeAlias = str | int | float | bool | datetime | date | UUID | Set[str] | None
INT_MAX = 2**53 - 1
TEXT_LENGTH_MAX = 10_000
_SETS = frozenset({set, frozenset})
_ERA = datetime(2026, 1, 1, tzinfo=UTC)
_YEAR_MS = 365 * 86_400_000
_NULLS = 0.2  # of what may be null, so much is drawn as null
_TAGS = ("urgent", "home", "später", "🚲")
_WORDS = ("milk", "bread", "paint the fence", "call mother", "Grüße", "牛乳", "🚲", 'a "quoted" one', "a\nb", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueType:
    """One type of value. `fits` judges a wire value; `to_wire` and `from_wire` translate a Python one.

    `shape` is what it is declared as, whatever its bounds; a choice has `options`. Others translate it by these.

    `draw` makes one that fits, as people might write it, and now and then an odd one: simulations live on it.
    """

    expected: str
    fits: Callable[[Value], bool]
    to_wire: Callable[[PythonValue], Value]
    from_wire: Callable[[Value], PythonValue]
    draw: Callable[[Random], PythonValue]
    shape: Shape
    options: tuple[str, ...] = ()
    nullable: bool = False


def _same(value: PythonValue) -> Value:
    return value  # type: ignore[return-value]  # `fits` judges what comes out


def _as_is(value: Value) -> PythonValue:
    return frozenset(value) if isinstance(value, list) else value


def well_formed(value: str) -> str:
    """Text without half surrogate pairs, which UTF-8 cannot hold: each becomes U+FFFD."""
    return value if value.isascii() else value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _write_text(value: PythonValue) -> Value:
    return well_formed(value) if isinstance(value, str) else _same(value)


def draw_text(chance: Random, max_length: int) -> str:
    """A word or two and a number, hardly ever the same twice; now and then a long one, cut to what fits."""
    drawn = f"{chance.choice(_WORDS)} {chance.randrange(1_000_000)}"
    return (drawn * chance.choice((1, 1, 1, 1, 1, 20)))[:max_length]


def text(max_length: int) -> ValueType:
    """Text of at most so many characters."""

    def fits(value: Value) -> bool:
        return isinstance(value, str) and len(value) <= max_length and "\0" not in value

    return ValueType(
        expected=f"text of at most {max_length:,} characters",
        fits=fits,
        to_wire=_write_text,
        from_wire=_as_is,
        draw=lambda chance: draw_text(chance, max_length),
        shape="text",
    )


def choice(options: tuple[str, ...]) -> ValueType:
    """One of the named texts."""
    allowed = frozenset(options)
    expected = "one of " + ", ".join(repr(option) for option in options)
    return ValueType(
        expected=expected,
        fits=lambda value: isinstance(value, str) and value in allowed,
        to_wire=_same,
        from_wire=_as_is,
        draw=lambda chance: chance.choice(options),
        shape="choice",
        options=options,
    )


def texts(max_length: int) -> ValueType:
    """A set of texts, each of at most so many characters."""
    element = text(max_length)

    def fits(value: Value) -> bool:
        return (
            isinstance(value, list)
            and len(value) <= ELEMENTS_MAX
            and all(map(element.fits, value))
            and all(one < other for one, other in pairwise(value))
        )

    return ValueType(
        expected=f"a set of at most {ELEMENTS_MAX:,} texts of at most {max_length:,} characters, sorted as a list",
        fits=fits,
        to_wire=_write_texts,
        from_wire=_as_is,
        draw=lambda chance: {word[:max_length] for word in chance.sample(_TAGS, chance.randrange(3))},
        shape="set",
    )


def _write_texts(value: PythonValue) -> Value:
    if isinstance(value, Set) and all(isinstance(each, str) for each in value):
        return sorted(map(well_formed, value))
    return repr(value)


RANK_TYPE = ValueType(
    expected="a rank, such as a1 or Zz8",
    fits=lambda value: isinstance(value, str) and is_rank(value),
    to_wire=_same,
    from_wire=_as_is,
    draw=lambda chance: between(between(None, None, chance), None, chance),
    shape="rank",
)


def _fits_int(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -INT_MAX <= value <= INT_MAX


def _fits_float(value: Value) -> bool:
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) <= sys.float_info.max
    return isinstance(value, float) and math.isfinite(value)


def _parse_datetime(value: Value) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def _fits_datetime(value: Value) -> bool:
    moment = _parse_datetime(value)
    try:
        return moment is not None and value == write_datetime(moment)
    except OverflowError:  # its zone puts it before the first year or after the last
        return False


def write_datetime(moment: PythonValue) -> Value:
    """A moment as the wire writes it; anything but an aware datetime is handed on for `fits` to refuse."""
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        return repr(moment) if isinstance(moment, datetime) else _same(moment)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fits_date(value: Value) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _write_date(day: PythonValue) -> Value:
    return day.isoformat() if isinstance(day, date) and not isinstance(day, datetime) else _same(day)


PLAIN: dict[type, ValueType] = {
    int: ValueType(
        expected="a whole number between -(2^53 - 1) and 2^53 - 1",
        fits=_fits_int,
        to_wire=_same,
        from_wire=_as_is,
        draw=lambda chance: chance.choice((0, 1, -1, INT_MAX, *(chance.randint(-100, 10_000) for _ in range(12)))),
        shape="int",
    ),
    float: ValueType(
        expected="a finite number",
        fits=_fits_float,
        to_wire=_same,
        from_wire=lambda value: float(value) if isinstance(value, int) else _as_is(value),
        draw=lambda chance: round(chance.uniform(-1_000, 1_000), 2),
        shape="float",
    ),
    bool: ValueType(
        expected="true or false",
        fits=lambda value: isinstance(value, bool),
        to_wire=_same,
        from_wire=_as_is,
        draw=lambda chance: chance.random() < 0.5,
        shape="bool",
    ),
    datetime: ValueType(
        expected="a moment in UTC such as 2026-11-23T08:15:00.000Z (an aware datetime)",
        fits=_fits_datetime,
        to_wire=write_datetime,
        from_wire=_parse_datetime,
        draw=lambda chance: _ERA + timedelta(milliseconds=chance.randrange(10 * _YEAR_MS)),
        shape="datetime",
    ),
    date: ValueType(
        expected="a day such as 2026-11-23",
        fits=_fits_date,
        to_wire=_write_date,
        from_wire=lambda value: date.fromisoformat(str(value)),
        draw=lambda chance: _ERA.date() + timedelta(days=chance.randrange(3_650)),
        shape="date",
    ),
    UUID: ValueType(
        expected="a UUID in lowercase with hyphens",
        fits=lambda value: isinstance(value, str) and is_uuid(value),
        to_wire=lambda value: str(value) if isinstance(value, UUID) else _same(value),
        from_wire=lambda value: UUID(str(value)),
        draw=lambda chance: UUID(int=chance.getrandbits(128), version=4),
        shape="uuid",
    ),
}

NAMES = (
    "str, int, float, bool, datetime, date, UUID, Literal[...] of strings, or one of these | None; or set[str], or Rank"
)


def optional(inner: ValueType) -> ValueType:
    """The same type, or null."""
    return ValueType(
        expected=f"{inner.expected}, or null",
        fits=lambda value: value is None or inner.fits(value),
        to_wire=lambda value: None if value is None else inner.to_wire(value),
        from_wire=lambda value: None if value is None else inner.from_wire(value),
        draw=lambda chance: None if chance.random() < _NULLS else inner.draw(chance),
        shape=inner.shape,
        options=inner.options,
        nullable=True,
    )


def is_set(annotation: object) -> bool:
    """Whether it declares a set."""
    return get_origin(annotation) in _SETS


def holds_text(annotation: object) -> bool:
    """Whether it declares text of any kind, or a set of it: what has a greatest length."""
    return is_set(annotation) or annotation is str or str in get_args(annotation)


def value_type(annotation: object, max_length: int = TEXT_LENGTH_MAX) -> ValueType | None:
    """The type that an annotation declares; None for an annotation that no field can have."""
    if get_origin(annotation) in (Union, UnionType):
        inner = [arm for arm in get_args(annotation) if arm is not NoneType]
        nullable = len(inner) == 1 and inner[0] is not Rank and not is_set(inner[0])
        only = value_type(inner[0], max_length) if nullable else None
        return optional(only) if only else None
    if get_origin(annotation) is Literal:
        options = get_args(annotation)
        return choice(options) if all(isinstance(option, str) for option in options) else None
    if annotation is str:
        return text(max_length)
    if annotation is Rank:
        return RANK_TYPE
    if is_set(annotation):
        return texts(max_length) if get_args(annotation) in {(str,), (str, ...)} else None
    return PLAIN.get(annotation) if isinstance(annotation, type) else None
