"""What people call what an app declares: `due_date` is "Due date", and a `TaskList` a "Task list"."""

from __future__ import annotations

import re
from typing import Final

from homeport_sync.catalog import Catalog, Field, Kind
from homeport_sync.rules import RANK

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LINE_CHARS: Final = 1_000  # a text that may be longer has room for several lines


def label(name: str) -> str:
    """A name as people read it."""
    words = _HUMP.sub(" ", name).replace("_", " ").strip().lower()
    return words[:1].upper() + words[1:]


def plural(kind: Kind) -> str:
    """What many of a kind are called."""
    one = label(kind.name)
    return label(kind.plural) if kind.plural else f"{one[:-1]}ies" if one.endswith("y") else f"{one}s"


def flag_field(kind: Kind) -> Field | None:
    """The field that can be ticked before all others."""
    return next((each for each in kind.fields.values() if each.type.shape == "bool"), None)


def rank_field(kind: Kind) -> Field | None:
    """The field that is the order people drag records into."""
    return next((each for each in kind.fields.values() if each.rule == RANK), None)


def is_long(field: Field) -> bool:
    """Whether a text has room for several lines."""
    most = re.search(r"at most ([\d,]+)", field.type.expected)
    return field.type.shape == "text" and (not most or int(most[1].replace(",", "")) > _LINE_CHARS)


def rows_of(catalog: Catalog, root: Kind) -> list[Kind]:
    """The kinds of rows that a list of this kind holds."""
    return [each for each in catalog.kinds.values() if each.within == root.name]


def roots_of(catalog: Catalog) -> list[Kind]:
    """The kinds that are lists."""
    return [each for each in catalog.kinds.values() if each.is_root]
