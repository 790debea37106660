"""How PostgreSQL says what a query asks (`query_sql.Dialect`).

Text is compared as text, byte by byte; numbers are compared as `jsonb`, which knows every number of JSON and fails for
no value at all: an index that raised would refuse the write, and so would one that a text is too long for. True and
false are text: `false` comes first.

What stands in a condition is no constant to the planner where row-level security is at work and the operator is not
known to keep secrets, so an order names what has one value only: then the index that begins with it is seen to fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from homeport_sync.catalog import Field
from homeport_sync.change import Value
from homeport_sync.query import ORDERED_CHARS, TEXTS
from homeport_sync.sql.query_sql import literal

_NUMBERS: Final = frozenset({"int", "float"})
_json = msgspec.json.Encoder().encode


class PostgresDialect:
    """`Dialect` on PostgreSQL."""

    place = "$"
    sorts_fixed = True
    compares_rows = True

    def seen(self, field: Field) -> str:
        """See `query_sql.Dialect`."""
        whole = self.whole(field)
        return f'(left({whole}, {ORDERED_CHARS}) COLLATE "C")' if field.type.shape in TEXTS else whole

    def whole(self, field: Field) -> str:
        """See `query_sql.Dialect`."""
        name, shape = literal(field.name), field.type.shape
        found = f"wire::json -> 'fields' -> {name}"
        default = "NULL" if field.default is None else literal(_bare(field.default))
        if shape in _NUMBERS:
            number = f"WHEN 'number' THEN ({found})::jsonb WHEN 'null' THEN NULL ELSE {default}::jsonb"
            return f"(CASE json_typeof({found}) {number} END)"
        types = f"'{'boolean' if shape == 'bool' else 'string'}', 'null'"
        text = f"json_typeof({found}) IN ({types}) THEN wire::json -> 'fields' ->> {name} ELSE {default}"
        return f'((CASE WHEN {text} END) COLLATE "C")'

    def bound(self, shape: str, value: Value) -> object:
        """See `query_sql.Dialect`."""
        return value if shape in TEXTS else _text(value)

    def given(self, shape: str, place: str) -> str:
        """See `query_sql.Dialect`."""
        return f"{place}::text::jsonb" if shape in _NUMBERS else f"{place}::text"

    def among(self, seen: str, shape: str, place: str) -> str:
        """See `query_sql.Dialect`."""
        return f"{seen} = ANY ({place}::text[]{'::jsonb[]' if shape in _NUMBERS else ''})"

    def all_bound(self, shape: str, values: Sequence[Value]) -> object:
        """See `query_sql.Dialect`."""
        return [self.bound(shape, each) for each in values]

    def contains(self, whole: str, place: str) -> str:
        """See `query_sql.Dialect`."""
        return f"strpos({whole}, {place}::text) > 0"

    def has_value(self, seen: str) -> str:
        """See `query_sql.Dialect`."""
        return f"{seen} IS NOT NULL"

    def ordered(self, seen: str, *, reverse: bool) -> str:
        """See `query_sql.Dialect`."""
        return f"{seen} DESC NULLS LAST" if reverse else f"{seen} NULLS FIRST"


POSTGRES: Final = PostgresDialect()


def _bare(value: Value) -> str:
    return value if isinstance(value, str) else _text(value)


def _text(value: Value) -> str:
    return _json(value).decode()
