"""How numbers, times and values are said on the console's pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from datetime import UTC, datetime
from typing import Final

import msgspec
from markupsafe import Markup, escape

from homeport_sync.change import Elements, Increment, Swap

VALUE_CHARS_MAX: Final = 400
_SPANS: Final = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))
_json = msgspec.json.Encoder()
_quoted = re.compile(r"`([^`]+)`").sub


def iso(ms: int | None) -> str:
    """A moment in milliseconds since 1970 as ISO 8601 in UTC; "" for none."""
    if ms is None:
        return ""
    return datetime.fromtimestamp(ms / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1_000:03d}Z"


def moment(at: datetime) -> str:
    """A moment as ISO 8601 in UTC."""
    return iso(round(at.timestamp() * 1_000))


def number(value: float | None) -> str:
    """With a comma for each thousand; a fraction has one digit."""
    if value is None:
        return "unknown"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def counted(count: int, one: str, many: str = "") -> str:
    """So many of them: "1 change", "2 changes"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def span(ms: float) -> str:
    """A span of time in its largest whole unit, as people say it."""
    for unit_ms, name in _SPANS:
        if ms >= 2 * unit_ms:
            return f"{int(ms // unit_ms):,} {name}"
    return f"{int(max(ms, 0) // 1_000)} s"


def said(value: object) -> str:
    """A value of a field as text for people, an edit as what it does; "" for nothing."""
    text = _said(value)
    return text if len(text) <= VALUE_CHARS_MAX else f"{text[:VALUE_CHARS_MAX]}…"


def _said(value: object) -> str:
    match value:
        case None:
            text = ""
        case bool():
            text = "yes" if value else "no"
        case int() | float():
            text = f"{value:,}"
        case Increment(by=by):
            text = f"{by:+,}"
        case Elements(add=add, remove=remove):
            text = ", ".join([*(f"+ {each}" for each in add), *(f"\N{MINUS SIGN} {each}" for each in remove)])
        case Swap(to=to, was=was):
            text = f"{_said(to)}, for {_said(was)}"
        case list() | Set():
            text = ", ".join(sorted(map(str, value)))
        case datetime():
            text = value.strftime("%Y-%m-%d %H:%M:%S UTC")
        case _:
            text = str(value)
    return text


def as_json(value: object) -> str:
    """As JSON text."""
    return _json.encode(value).decode()


def short(id: str) -> str:
    """The end of an id, which tells it from its neighbours: those made at one time begin alike."""
    return id if len(id) <= 12 else f"…{id[-8:]}"


def coded(text: str) -> Markup:
    """A sentence with what stands between `these` drawn as code."""
    return Markup(_quoted(r"<code>\1</code>", str(escape(text))))  # noqa: S704  # all of it was escaped


WORDS: Final[Mapping[str, Callable[..., object]]] = {
    "iso": iso,
    "moment": moment,
    "number": number,
    "counted": counted,
    "span": span,
    "said": said,
    "as_json": as_json,
    "short": short,
    "coded": coded,
}
