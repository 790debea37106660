"""Numbers in words: counts, sizes, times and moments as people read them, the same everywhere on the page."""

from __future__ import annotations

from typing import Final

_UNITS_S: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_DAYS_FROM_S: Final = 172_800
_SIZES: Final = (("GB", 1e9), ("MB", 1e6), ("KB", 1e3))
_SHORT: Final = (("G", 1e9), ("M", 1e6), ("k", 1e3))


def count(value: float) -> str:
    """All its digits, in groups of three: 12,345."""
    return f"{value:,.0f}" if float(value).is_integer() else _three(value)


def counted(value: int, one: str, many: str | None = None) -> str:
    """A count and what is counted: 1 device, 1,000 devices."""
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def short(value: float) -> str:
    """Three digits and a letter, for places with no room: 12.3k."""
    for letter, size in _SHORT:
        if abs(value) >= size:
            return f"{_three(value / size)}{letter}"
    return _three(value)


def size(value: float) -> str:
    """Bytes, in steps of a thousand: 1.25 MB."""
    for unit, one in _SIZES:
        if value >= one:
            return f"{_three(value / one)} {unit}"
    return f"{_three(value)} B"


def rate(value: float) -> str:
    """Bytes a second."""
    return f"{size(value)}/s"


def duration(seconds: float) -> str:
    """The two largest units that say something: 1 h 30 min, 12.5 s, 340 ms. Days begin with the second."""
    if 0 < seconds < 1:
        return f"{_three(seconds * 1_000)} ms"
    if seconds < 60:
        return f"{_three(seconds)} s"
    left, parts = round(seconds), []
    for unit, one in _UNITS_S if left >= _DAYS_FROM_S else _UNITS_S[1:]:
        amount, left = divmod(left, one)
        parts.append(f"{amount} {unit}" if amount else "")
    first = next(place for place, part in enumerate(parts) if part)
    return " ".join(part for part in parts[first : first + 2] if part)


def lag(milliseconds: float) -> str:
    """A duration that is kept in milliseconds."""
    return duration(milliseconds / 1_000) if milliseconds else "0 ms"


def lag_or_none(milliseconds: float | None) -> str:
    """A lag, or a dash where there was none to measure."""
    return "–" if milliseconds is None else lag(milliseconds)


def clock(seconds: float) -> str:
    """A moment of the run, from its start: 2:30:05.5."""
    tenths = round(seconds * 10)
    minutes, tenth = divmod(tenths, 600)
    hours, minute = divmod(minutes, 60)
    shown = f"{tenth / 10:04.1f}".removesuffix(".0")
    return f"{hours}:{minute:02}:{shown}"


def measured(value: float, unit: str) -> str:
    """A metric in its unit: "ms", "bytes", or "" for a count; another unit is written as it is."""
    if unit == "ms":
        return lag(value)
    if unit == "bytes":
        return size(value)
    return f"{count(value)} {unit}".strip()


def plain(name: str) -> str:
    """A name for machines as words: backing off."""
    return name.replace("_", " ")


def _three(value: float) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
