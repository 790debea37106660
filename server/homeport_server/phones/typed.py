"""What people type, as values: each text is read by the type of its field, and what does not fit is told in a sentence
that says what was expected and what came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from homeport_server.phones.labels import label
from homeport_server.titles import shortened
from homeport_sync.catalog import Field
from homeport_sync.rules import COUNTER, RANK
from homeport_sync.values import INT_MAX, PythonValue, Shape

TYPED_CHARS_MAX: Final = 20_000
_SAID_CHARS_MAX: Final = 60
_YES, _NO = frozenset({"yes", "true", "on", "1"}), frozenset({"no", "false", "off", "0", ""})
_AS_DIGITS: Final = str.maketrans("−", "-", " _,\u00a0\u202f'’")  # as people write numbers, and as pages show them


class BadText(ValueError):
    """What was typed is no such value. The message is a sentence for whoever typed it."""


def read(field: Field, text: str) -> PythonValue:
    """The value that a text is. Raises `BadText`."""
    if len(text) > TYPED_CHARS_MAX:
        raise BadText(f"{label(field.name)} was given {len(text):,} characters: that is too much to type.")
    if field.rule == RANK:
        raise BadText(f"{label(field.name)} is a place in an order: drag it, or move it up and down.")
    if not text.strip() and field.type.nullable:
        return None
    try:
        value = _READ[field.type.shape](text)
    except (ValueError, OverflowError):
        raise _bad(field, text) from None
    if not field.type.fits(field.type.to_wire(value)):
        raise _bad(field, text)
    return value


def read_all(fields: Mapping[str, Field], texts: Mapping[str, str]) -> dict[str, PythonValue]:
    """The values of what is to be made, each read by its field. What is left empty and need not be given is left out.
    Raises `BadText`."""
    for name in texts:
        if name not in fields:
            raise BadText(f"There is no field called {shortened(name, _SAID_CHARS_MAX)} here.")
    given = {name: text for name, text in texts.items() if text.strip()}
    for field in fields.values():
        if field.required and field.name not in given and field.rule not in (RANK, COUNTER):
            raise BadText(f"{label(field.name)} is needed: give it {expected(field)}.")
    return {name: read(fields[name], text) for name, text in given.items()}


def expected(field: Field) -> str:
    """What the field takes, in the words of somebody who programs less."""
    words = field.type.expected.removesuffix(", or null")
    return _EXPECTED.get(field.type.shape, words)


def _bad(field: Field, text: str) -> BadText:
    came = f"“{shortened(text.strip(), _SAID_CHARS_MAX)}” is not" if text.strip() else "nothing was given"
    return BadText(f"{label(field.name)} takes {expected(field)}; {came}.")


def _whole(text: str) -> int:
    number = int(text.translate(_AS_DIGITS))
    if abs(number) > INT_MAX:
        raise ValueError
    return number


def _flag(text: str) -> bool:
    word = text.strip().lower()
    if word not in _YES | _NO:
        raise ValueError
    return word in _YES


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _tags(text: str) -> frozenset[str]:
    return frozenset(each.strip() for each in text.split(",") if each.strip())


_READ: Final[Mapping[Shape, Callable[[str], PythonValue]]] = {
    "text": lambda text: text.strip(),
    "choice": lambda text: text.strip(),
    "int": _whole,
    "float": lambda text: float(text.strip()),
    "bool": _flag,
    "datetime": _moment,
    "date": lambda text: date.fromisoformat(text.strip()),
    "uuid": lambda text: UUID(text.strip()),
    "set": _tags,
    "rank": lambda text: text.strip(),
}
_EXPECTED: Final[Mapping[Shape, str]] = {
    "int": "a whole number",
    "float": "a number",
    "bool": "yes or no",
    "datetime": "a moment such as 2026-11-23 08:15",
    "date": "a day such as 2026-11-23",
    "set": "words with commas between them",
    "uuid": "an id",
}
