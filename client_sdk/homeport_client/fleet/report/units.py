"""The units that metrics are measured in, those that people write, and numbers as people read them.

Inside there are three: milliseconds, bytes, and plain numbers. People may write any unit of the table; a data plan is
sold in powers of ten, so a KB has 1,000 bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Unit: TypeAlias = Literal["ms", "bytes", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A unit as people write it: one of it is `size` of the `unit` inside."""

    unit: Unit
    size: int


SCALES: Mapping[str, Scale] = {
    "ms": Scale(unit="ms", size=1),
    "s": Scale(unit="ms", size=1_000),
    "m": Scale(unit="ms", size=60_000),
    "h": Scale(unit="ms", size=3_600_000),
    "B": Scale(unit="bytes", size=1),
    "KB": Scale(unit="bytes", size=1_000),
    "MB": Scale(unit="bytes", size=1_000_000),
    "GB": Scale(unit="bytes", size=1_000_000_000),
}
NOUNS: Mapping[Unit, str] = {"ms": "a time", "bytes": "a number of bytes", "": "a plain number"}

_TIMES: tuple[tuple[str, float], ...] = (
    ("days", 86_400_000),
    ("h", 3_600_000),
    ("min", 60_000),
    ("s", 1_000),
    ("ms", 1),
)
_SIZES: tuple[tuple[str, float], ...] = (("GB", 1e9), ("MB", 1e6), ("KB", 1e3), ("B", 1))


def words_of(unit: Unit) -> str:
    """How a unit may be written, as "ms, s, m or h"."""
    words = [word for word, scale in SCALES.items() if scale.unit == unit]
    return either(words) if words else ""


def spoken(value: float, unit: str) -> str:
    """A value with its unit, in three digits or so: "412 ms", "1.8 s", "2.1 MB", "12,345", "0.5%"."""
    steps = {"ms": _TIMES, "bytes": _SIZES}.get(unit)
    if steps is None:
        return f"{digits(value)}{unit}"
    word, scale = next((step for step in steps if abs(value) >= step[1]), steps[-1])
    return f"{digits(value / scale)} {'day' if word == 'days' and value == scale else word}"


def digits(value: float) -> str:
    """A number as people read it: whole above a hundred, one place behind the point below it, and two below one."""
    places = 0 if abs(value) >= 100 else 1 if abs(value) >= 1 else 2
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if places else text


def either(words: Iterable[str]) -> str:
    """Some words to choose from, as "a, b or c"; at least one."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
