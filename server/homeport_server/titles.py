"""By what people know a record: its title, on every page the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from homeport_sync.catalog import Field, Kind

TITLE_CHARS_MAX: Final = 80


def shortened(text: str, chars_max: int) -> str:
    """At most so many characters."""
    return text if len(text) <= chars_max else f"{text[: chars_max - 1]}…"


def title_field(kind: Kind | None) -> Field | None:
    """The field by which people know a record: the first text that has to be given, or else the first text."""
    texts = [each for each in kind.fields.values() if each.type.shape == "text"] if kind else []
    return next((each for each in texts if each.required), texts[0] if texts else None)


def title_of(kind: Kind | None, fields: Mapping[str, object]) -> str:
    """What people call the record; "" if nothing in it says so."""
    field = title_field(kind)
    found = fields.get(field.name) if field else None
    return shortened(found.strip(), TITLE_CHARS_MAX) if isinstance(found, str) else ""
