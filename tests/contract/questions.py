"""A kind with a field of every shape that can be indexed, records of it, and queries about them, drawn to be odd.

Values are few, so that they are often equal; text tries what databases might take for more than text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from hypothesis import strategies as st

from homeport_sync import App, Rank, field
from homeport_sync.change import Fields, Record, Value
from homeport_sync.clock import NEVER, make_stamp
from homeport_sync.ports import StoredRecord
from homeport_sync.query import (
    BY_ID,
    ORDERED_CHARS,
    TEXTS,
    Compare,
    Every,
    Mark,
    Not,
    Order,
    Query,
    Some,
    Test,
    Where,
    mark_of,
)
from homeport_sync.scope import EVERYBODY, Grant
from tests.contract.samples import NOW

app = App("questions")


@app.kind(root=True)
class Board:
    title: str = field(indexed=True)


@app.kind(within=Board)
class Sample:
    title: str = field(indexed=True)
    note: str | None = field(default="n'o\"te%", indexed=True)
    count: int = field(default=7, indexed=True, merge="counter")
    size: float = field(default=0.5, indexed=True)
    weight: float | None = field(default=None, indexed=True)
    done: bool = field(default=False, indexed=True)
    open: bool | None = field(default=True, indexed=True)
    due: datetime | None = field(default=None, indexed=True)
    day: date = field(default=date(2026, 1, 2), indexed=True)
    ref: UUID | None = field(default=None, indexed=True)
    state: Literal["open", "shut", "Öd"] = field(default="open", indexed=True)
    place: Rank
    hidden: str = ""


CATALOG = app.catalog
SAMPLE = CATALOG.kind("Sample")
SCOPES = ("s", "t", "v", "w")
USERS = ("u", "v", "nobody")
GRANTS = [
    Grant(user="u", scope="s", role="owner", since=1),
    Grant(user="u", scope="t", role="viewer", since=1),
    Grant(user=EVERYBODY, scope="t", role="viewer", since=1),
    Grant(user=EVERYBODY, scope="v", role="viewer", since=1, until=2),
    Grant(user="u", scope="v", role="owner", since=1, until=2),
    Grant(user="v", scope="w", role="editor", since=1),
    Grant(user="v", scope="t", role="editor", since=1, until=2),
]
VISIBLE = {"u": {"s", "t"}, "v": {"t", "w"}, "nobody": {"t"}}

_TEXTS = (
    "",
    "a",
    "A",
    "a%",
    "a_",
    "ab",
    "'",
    '"',
    "\\",
    "ä",
    "\ud7ff",
    "\ue000",
    "🚲",
    "\U0010ffff",
    "\U0010ffffz",
    "%",
    "ä" * (ORDERED_CHARS - 1),
)
# Too long to compare with.
_LONG_TEXTS = tuple("ä" * (ORDERED_CHARS - 1) + end for end in ("ä", "z", "äa", "äb", "z🚲"))
_NUMBERS = (0, 7, -1, 0.5, 0.1, 1.0, 1e300, -2.5e-7, 2**53 - 1, 3.141592653589793, 100)
_OF_SHAPE: dict[str, Sequence[Value]] = {
    "text": (*_TEXTS, *_LONG_TEXTS),
    "int": (0, 7, -1, 10, 9, 2**53 - 1, -(2**53) + 1),
    "float": _NUMBERS,
    "bool": (True, False),
    "datetime": ("2026-01-02T03:04:05.006Z", "2026-11-23T08:15:00.000Z", "0001-01-01T00:00:00.000Z"),
    "date": ("2026-01-02", "2026-11-23", "9999-12-31"),
    "uuid": ("00000000-0000-7000-8000-000000000001", "ffffffff-ffff-7fff-bfff-ffffffffffff"),
    "choice": ("open", "shut", "Öd"),
    "rank": ("a0", "a1", "Zz8", "a0V"),
}
_IDS = [f"{number:02}" for number in range(30)]
_INDEXED = [name for name, each in SAMPLE.fields.items() if each.indexed]


_VALUES = {
    name: [*([None] if SAMPLE.fields[name].type.nullable else []), *_OF_SHAPE[SAMPLE.fields[name].type.shape]]
    for name in _INDEXED
} | {BY_ID: list(_IDS)}
_PARTS = (*_TEXTS, "2026", "0", "op", "1")
_TESTS: list[Test] = ["equals", "equals", "in", "less", "at_most", "greater", "at_least"]
_STATES = ("live",) * 8 + ("deleted", "left", "another")
_STAMP = make_stamp(NOW, 1, "0" * 8)


def _record(id: str, scope: str, state: str, fields: Fields) -> StoredRecord:
    gone = state in ("deleted", "left")
    record = Record(
        id=id,
        kind="Board" if state == "another" else "Sample",
        scope=scope,
        stamp=_STAMP,
        position=1,
        fields={} if gone else fields,
        deleted=_STAMP if gone else NEVER,
    )
    return StoredRecord(record=record, author="d", foreign_position=0, left=state == "left")


_OF_ANOTHER_TYPE: Sequence[Value] = ("x", "", 5, 0.5, True, ["x"])  # as fields had before they had theirs
_FIELDS = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from([*_VALUES[name] * 3, *_OF_ANOTHER_TYPE]) for name in _INDEXED}
)
_RECORDS = st.builds(_record, st.sampled_from(_IDS), st.sampled_from(SCOPES), st.sampled_from(_STATES), _FIELDS)
RECORDS = st.lists(_RECORDS, min_size=8, max_size=30, unique_by=lambda each: each.row)


def _compares(name: str) -> st.SearchStrategy[Where]:
    values = st.sampled_from([None, *(each for each in _VALUES[name] if each not in _LONG_TEXTS)])
    plain = st.builds(Compare, field=st.just(name), test=st.sampled_from(_TESTS[:2] + _TESTS[3:]), value=values)
    several = st.builds(Compare, field=st.just(name), test=st.just("in"), value=st.lists(values, max_size=3).map(tuple))
    if name != BY_ID and SAMPLE.fields[name].type.shape not in TEXTS:
        return plain | several
    test = st.sampled_from(["starts_with", "contains"])
    return plain | several | st.builds(Compare, field=st.just(name), test=test, value=st.sampled_from([None, *_PARTS]))


def _joined(below: st.SearchStrategy[Where]) -> st.SearchStrategy[Where]:
    several = st.lists(below, max_size=3).map(tuple)
    return st.builds(Every, terms=several) | st.builds(Some, terms=several) | st.builds(Not, term=below)


_OF_FIELD = {name: _compares(name) for name in [BY_ID, *_INDEXED]}
_WHERES: st.SearchStrategy[Where] = st.recursive(st.one_of(*_OF_FIELD.values()), _joined, max_leaves=4)
_WHERE_OF = {  # often about the field by which it is ordered
    name: _WHERES | of | st.builds(Every, terms=st.tuples(of, of)) | st.builds(Every, terms=st.tuples(of, _WHERES))
    for name, of in _OF_FIELD.items()
}
_PLACES = st.tuples(st.integers(0, 3), st.integers(0, 99), st.integers(0, 99))


def _query(field: str, descending: bool, where: Where, limit: int, last: bool) -> Query:
    return Query(kind="Sample", where=where, order=Order(field=field, descending=descending), limit=limit, last=last)


QUERIES: st.SearchStrategy[Query] = st.one_of(
    [
        st.builds(_query, st.just(name), st.booleans(), where, st.integers(1, 6) | st.just(100), st.booleans())
        for name, where in _WHERE_OF.items()
    ]
)


@st.composite
def queries(draw: st.DrawFn, records: Sequence[Record]) -> Query:
    """A query whose marks are those of records that are there, or of some that are not."""
    asked = draw(QUERIES)
    after, before = (_mark(draw(_PLACES), asked.order, records) for _ in range(2))
    return replace(asked, after=after, before=before)


def _mark(drawn: tuple[int, int, int], order: Order, records: Sequence[Record]) -> Mark | None:
    what, one, other = drawn
    here = [each for each in records if each.kind == "Sample" and not each.deleted]
    if what < 2 or (what == 2 and not here):
        return None
    if what == 2:
        return mark_of(here[one % len(here)], SAMPLE, order)
    values = [None, *_VALUES[order.field]]
    ids = [*_IDS, "", "zz"]
    return Mark(value=None if order.field == BY_ID else values[one % len(values)], id=ids[other % len(ids)])


def shown_to(user: str, records: Iterable[StoredRecord]) -> list[Record]:
    """What the user may see of them."""
    return [each.record for each in records if not each.left and each.record.scope in VISIBLE[user]]
