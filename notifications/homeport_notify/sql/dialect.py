"""One text for both databases: what they say in different words stands here, and nowhere else.

Lists go in as one JSON array, so that a statement does not depend on their length and no driver looks at each of their
values. On PostgreSQL what is looked up for each of them is found by `LATERAL`, because a join is free to read all that
a tenant has; on SQLite CROSS JOIN keeps the order.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from homeport_notify.sql.door import Dialect

_NAME = re.compile(r"(?<![:\w]):([a-z_]+)")
_PIECE = re.compile(r"\{(\w+)(?::([^}]*))?\}")
_json = msgspec.json.Encoder().encode


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between the databases. A piece is written into a statement as `{now}`, one with arguments as
    `{found:addresses|address_id = wanted.value}`.

    `now` is the database's clock in milliseconds since 1970. `lock` keeps a row until the transaction ends, `lock_of`
    those of one table, `lock_free` passes over rows that others keep; SQLite has one writer, so its rows need neither.
    `each` is the texts of a JSON array as `wanted.value`, `each_of` the arrays in one, of which `wanted.value ->> 0`
    is the first value. `found` joins the one row of the tenant that a condition finds for each of them, `all_found`
    all rows by an index, in its order. `joined` is all of a column's texts in one, in an order; `by` names the index
    that is walked.
    """

    now: str
    lock: str
    lock_of: str
    lock_free: str
    least: str
    greatest: str
    each: str
    each_of: str
    found: str
    all_found: str
    joined: str
    by: str


_SQLITE: Final = Words(
    now="CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER)",
    lock="",
    lock_of="",
    lock_free="",
    least="min",
    greatest="max",
    each="json_each(:{0}) AS wanted",
    each_of="json_each(:{0}) AS wanted",
    found="CROSS JOIN {0} ON {0}.tenant_id = :tenant AND {1}",
    all_found="CROSS JOIN {0} INDEXED BY {1} ON {0}.tenant_id = :tenant AND {2}",
    joined="group_concat({0}, '')",
    by="INDEXED BY {0}",
)
_POSTGRES: Final = Words(
    now="(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
    lock="FOR UPDATE",
    lock_of="FOR UPDATE OF {0}",
    lock_free="FOR UPDATE SKIP LOCKED",
    least="least",
    greatest="greatest",
    each="jsonb_array_elements_text(CAST(:{0} AS jsonb)) AS wanted(value)",
    each_of="jsonb_array_elements(CAST(:{0} AS jsonb)) AS wanted(value)",
    found="CROSS JOIN LATERAL (SELECT * FROM {0} WHERE tenant_id = :tenant AND {1} LIMIT 1) AS {0}",
    all_found="CROSS JOIN LATERAL (SELECT * FROM {0} WHERE tenant_id = :tenant AND {2} ORDER BY {3} OFFSET 0) AS {0}",
    joined="string_agg({0}, '' ORDER BY {1})",
    by="",
)


class Statement:
    """A statement for each database; `pieces` are written into both. Its values have names in the text (`:name`), and
    places in what is run."""

    def __init__(self, text: str, **pieces: str) -> None:
        sqlite, postgres = _written(text, _SQLITE, pieces), _written(text, _POSTGRES, pieces)
        self._names = tuple(dict.fromkeys(_NAME.findall(sqlite) + _NAME.findall(postgres)))
        self.text: Mapping[Dialect, str] = {
            "sqlite": self._placed(sqlite, "?"),
            "postgresql": self._placed(postgres, "$"),
        }

    def _placed(self, text: str, sign: str) -> str:
        return _NAME.sub(lambda found: f"{sign}{self._names.index(found[1]) + 1}", text)

    def values(self, **named: object) -> tuple[object, ...]:
        """The values in their places."""
        return tuple(named[name] for name in self._names)


def _written(text: str, words: Words, pieces: Mapping[str, str]) -> str:
    def piece(found: re.Match[str]) -> str:
        name, arguments = found[1], (found[2] or "").split("|")
        if name in pieces:
            return pieces[name]
        written: str = getattr(words, name)
        return written.format(*arguments) if found[2] else written

    return _PIECE.sub(piece, text)


def json_list(values: Collection[object]) -> str:
    """The values as the JSON array that `{each:…}` takes."""
    return _json(list(values)).decode()
