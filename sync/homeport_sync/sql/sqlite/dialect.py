"""How SQLite says what a query asks (`query_sql.Dialect`).

A field's value is read by `json_extract`, in the statement and in the index alike: what is bound goes the same way, so
that both are one number, however SQLite reads it. True is 1 there, and false 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from homeport_sync.catalog import Field
from homeport_sync.change import Value
from homeport_sync.query import ORDERED_CHARS, TEXTS
from homeport_sync.sql.query_sql import literal

_NUMBERS: Final = "'integer', 'real', 'null'"
_TYPES: Final = {"int": _NUMBERS, "float": _NUMBERS, "bool": "'true', 'false', 'null'"}
_json = msgspec.json.Encoder().encode


class SqliteDialect:
    """`Dialect` on SQLite."""

    place = "?"
    sorts_fixed = False
    compares_rows = False  # not where an expression comes first

    def seen(self, field: Field) -> str:
        """See `query_sql.Dialect`."""
        whole = self.whole(field)
        return f"substr({whole}, 1, {ORDERED_CHARS})" if field.type.shape in TEXTS else whole

    def whole(self, field: Field) -> str:
        """See `query_sql.Dialect`. A default is told from null by the type that is there."""
        path = literal(f'$.fields."{field.name}"')
        default = "NULL" if field.default is None else self._parsed(literal(_text(field.default)))
        types = _TYPES.get(field.type.shape, "'text', 'null'")
        return f"CASE WHEN json_type(wire, {path}) IN ({types}) THEN json_extract(wire, {path}) ELSE {default} END"

    def bound(self, shape: str, value: Value) -> object:
        """See `query_sql.Dialect`."""
        return value if shape in TEXTS else _text(value)

    def given(self, shape: str, place: str) -> str:
        """See `query_sql.Dialect`."""
        return place if shape in TEXTS else self._parsed(place)

    def among(self, seen: str, shape: str, place: str) -> str:  # JSON knows the type
        """See `query_sql.Dialect`."""
        return f"{seen} IN (SELECT value FROM json_each({place}))"  # noqa: S608  # a place is a number

    def all_bound(self, shape: str, values: Sequence[Value]) -> object:  # JSON knows the type
        """See `query_sql.Dialect`."""
        return _json(values).decode()

    def contains(self, whole: str, place: str) -> str:
        """See `query_sql.Dialect`."""
        return f"instr({whole}, {place}) > 0"

    def has_value(self, seen: str) -> str:
        """See `query_sql.Dialect`. All that is no null is as great as the least number; IS NOT NULL is no bound."""
        return f"{seen} >= -9e999"

    def ordered(self, seen: str, *, reverse: bool) -> str:
        """See `query_sql.Dialect`."""
        return f"{seen} DESC" if reverse else seen

    def _parsed(self, json: str) -> str:
        return f"json_extract({json}, '$')"


SQLITE: Final = SqliteDialect()


def _text(value: Value) -> str:
    return _json(value).decode()
