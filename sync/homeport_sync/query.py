"""A query: which records of one kind somebody asks for, in which order, and which part of them. Pure.

Only indexed fields are asked about and ordered by, so that no answer costs more the more records there are. Values are
wire values; a record has the default of a field that it does not have yet, or has a value of another type in, from when
the field had that. A test of null is false but for `equals`, and `Not` of it true: there is no third truth value,
whatever databases do. `answer` is what each store has to come to.

An order looks at as much of a text as an index can hold. What a text is compared with is shorter, so that tests come
out as of the whole text.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias

from homeport_sync.catalog import Kind
from homeport_sync.change import Record, Value
from homeport_sync.errors import QueryInvalid
from homeport_sync.values import Shape, well_formed

BY_ID: Final = "id"  # orders by the record's id: as they were made, about
TERMS_MAX: Final = 50
DEPTH_MAX: Final = 8
VALUES_MAX: Final = 100
ROWS_MAX: Final = 1_000
SCOPES_MAX: Final = 100
ORDERED_CHARS: Final = 500  # of 4 bytes: with its ids they fit into the 2,704 bytes of PostgreSQL's index rows
TEXTS: Final = frozenset({"text", "choice", "datetime", "date", "uuid", "rank"})  # the shapes whose values are text

_TESTS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {  # of two values of one type
    "less": operator.lt,
    "at_most": operator.le,
    "greater": operator.gt,
    "at_least": operator.ge,
    "starts_with": str.startswith,
    "contains": operator.contains,
}

Test: TypeAlias = Literal["equals", "in", "less", "at_most", "greater", "at_least", "starts_with", "contains"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """The field passes the test against the value; for `in`, against one of the values. `starts_with` and `contains`
    are of text, case and all."""

    field: str
    test: Test
    value: Value | tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """All terms hold; of none they do."""

    terms: tuple[Where, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Some:
    """One of the terms holds; of none none does."""

    terms: tuple[Where, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """The term does not hold."""

    term: Where


Where: TypeAlias = Compare | Every | Some | Not


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """By an indexed field, or `BY_ID`; null first, text by the numbers of its first `ORDERED_CHARS` characters. What is
    equal goes by id, in the same direction."""

    field: str = BY_ID
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place in an order: that of a record with this value (None in `BY_ID`) and this id, there or not."""

    value: Value
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The live records of a kind that pass `where`, between two marks (exclusive), in order: the first `limit` of them,
    or with `last` the last, which are in order, too."""

    kind: str
    where: Where = Every(terms=())
    order: Order = Order()
    after: Mark | None = None
    before: Mark | None = None
    limit: int
    last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An answer: records in order, and whether there are `more` in the direction in which it was read."""

    records: Sequence[Record] = ()
    more: bool = False


class Queries(Protocol):
    """Part of every store. Nobody is given a record of a scope in which they have no grant that holds, their own or
    everybody's; a query that does not fit its kind raises `QueryInvalid`, and one that a database has not answered
    after `Limits.query_ms_max` raises `QueryTooWide`."""

    async def query(self, tenant: str, user: str, kind: Kind, asked: Query) -> Found:
        """Of all scopes that the user may see. One statement, whose cost does not grow with what others have."""

    async def query_within(
        self, tenant: str, user: str, kind: Kind, asked: Query, scopes: Collection[str]
    ) -> Mapping[str, Found]:
        """The same within each of these scopes, at most `SCOPES_MAX`, by scope: with one statement. A scope that the
        user may not see is absent."""

    async def seen(self, tenant: str, user: str, ids: Collection[str]) -> Mapping[str, Record]:
        """Of these records, at most `ROWS_MAX`, the live ones that the user may see."""


def checked(query: Query, kind: Kind) -> Query:
    """The query. Raises `QueryInvalid` where it does not fit the kind or is over a limit."""
    if not 1 <= query.limit <= ROWS_MAX:
        raise QueryInvalid(f"A query is for 1 to {ROWS_MAX:,} records, not {query.limit:,}: ask for a page of them.")
    if query.order.field != BY_ID:
        _check_indexed(kind, query.order.field)
    for mark in (query.after, query.before):
        _check_mark(mark, kind, query.order)
    _check(query.where, kind, DEPTH_MAX)
    if (terms := _terms(query.where)) > TERMS_MAX:
        raise QueryInvalid(f"A filter has at most {TERMS_MAX} terms, and this has {terms}: ask for less at once.")
    return query


def checked_scopes(scopes: Collection[str]) -> list[str]:
    """Those that can be there, once each. Raises `QueryInvalid` for more than `SCOPES_MAX`."""
    return _few(scopes, SCOPES_MAX, "scopes")


def checked_ids(ids: Collection[str]) -> list[str]:
    """Those that can be there, once each. Raises `QueryInvalid` for more than `ROWS_MAX`."""
    return _few(ids, ROWS_MAX, "ids")


def _few(names: Collection[str], most: int, what: str) -> list[str]:
    if len(names) > most:
        raise QueryInvalid(
            f"A query is for at most {most:,} {what}, not {len(names):,}: ask for them a part at a time."
        )
    return sorted(filter(_storable, set(names)))


def value_of(record: Record, kind: Kind, field: str) -> Value:
    """What a query sees in that field."""
    if field == BY_ID:
        return record.id
    declared = kind.fields[field]
    found = record.fields.get(field, declared.default)
    return found if found is None or _is_of(found, declared.type.shape) else declared.default


def _is_of(value: Value, shape: Shape) -> bool:
    """Whether it is one of the values that the shape's are compared with."""
    if shape == "bool" or isinstance(value, bool):
        return shape == "bool" and isinstance(value, bool)
    return isinstance(value, str) if shape in TEXTS else isinstance(value, int | float)


def mark_of(record: Record, kind: Kind, order: Order) -> Mark:
    """The record's place in the order."""
    value = None if order.field == BY_ID else value_of(record, kind, order.field)
    return Mark(value=value[:ORDERED_CHARS] if isinstance(value, str) else value, id=record.id)


def is_place(mark: Mark, kind: Kind, order: Order) -> bool:
    """Whether a record of the kind can have that place in the order: one from before its field was bounded as it is
    now, or from before an option of it was taken away, has a place, too."""
    if not _storable(mark.value) or not _storable(mark.id):
        return False
    if mark.value is None or order.field == BY_ID:
        return mark.value is None
    endless = isinstance(mark.value, float) and not math.isfinite(mark.value)
    return _is_of(mark.value, kind.fields[order.field].type.shape) and not endless


def answer(records: Iterable[Record], kind: Kind, query: Query) -> Found:
    """What a query finds among the records that its caller may see: the law, as naive as can be."""

    def key(mark: Mark) -> tuple[bool, object, str]:
        return mark.value is not None, 0 if mark.value is None else mark.value, mark.id

    order, low, high = query.order, query.after, query.before
    if order.descending:
        low, high = high, low
    of_kind = [each for each in records if each.kind == kind.name and not each.deleted]
    marked = sorted(
        ((key(mark_of(each, kind, order)), each) for each in of_kind if holds(query.where, each, kind)),
        key=lambda each: each[0],
    )
    found = [
        record for place, record in marked if (low is None or place > key(low)) and (high is None or place < key(high))
    ]
    if order.descending:
        found.reverse()
    part = found[-query.limit :] if query.last else found[: query.limit]
    return Found(records=part, more=len(part) < len(found))


def holds(where: Where, record: Record, kind: Kind) -> bool:
    """Whether the record passes."""
    match where:
        case Every(terms=terms):
            return all(holds(each, record, kind) for each in terms)
        case Some(terms=terms):
            return any(holds(each, record, kind) for each in terms)
        case Not(term=term):
            return not holds(term, record, kind)
        case Compare():
            return _passes(where, value_of(record, kind, where.field))


def _passes(compare: Compare, found: Value) -> bool:
    wanted = compare.value
    if compare.test == "equals":
        return found == wanted
    if compare.test == "in":
        return found is not None and isinstance(wanted, tuple) and found in wanted
    return found is not None and wanted is not None and _TESTS[compare.test](found, wanted)


def _check(where: Where, kind: Kind, depth: int) -> None:
    if depth == 0:
        raise QueryInvalid(f"A filter is nested at most {DEPTH_MAX} deep: write it flatter.")
    match where:
        case Every(terms=terms) | Some(terms=terms):
            for term in terms:
                _check(term, kind, depth - 1)
        case Not(term=term):
            _check(term, kind, depth - 1)
        case Compare(field=name, test=test, value=value):
            values = value if isinstance(value, tuple) else (value,)
            if name != BY_ID:
                _check_indexed(kind, name)
            if len(values) > VALUES_MAX or (test != "in" and isinstance(value, tuple)):
                raise QueryInvalid(
                    f"{kind.name}.{name} is compared with at most {VALUES_MAX} values, and only by `in`."
                )
            whole = test not in ("starts_with", "contains")
            if not whole and name != BY_ID and kind.fields[name].type.shape not in TEXTS:
                raise QueryInvalid(f"{kind.name}.{name} is no text: only a text starts with one, or contains it.")
            for each in values:
                _check_value(kind, name, each, whole=whole)


def _check_value(kind: Kind, name: str, value: Value, *, whole: bool) -> None:
    """Raises unless it is null, a value of the field, or a part of one that is not `whole`."""
    if isinstance(value, str) and len(value) >= ORDERED_CHARS:
        raise QueryInvalid(
            f"{kind.name}.{name} is compared with fewer than {ORDERED_CHARS} characters, not {len(value):,}: ask for "
            "what starts with the first of them."
        )
    known = kind.fields[name].type if name != BY_ID and whole else None
    fits = value is None or (known.fits(value) if known else isinstance(value, str))
    if not fits or not _storable(value):
        expected = known.expected if known else "text"
        raise QueryInvalid(f"{kind.name}.{name} holds {expected}, not {value!r}: compare it with that.")


def _check_mark(mark: Mark | None, kind: Kind, order: Order) -> None:
    """Raises unless a record of the kind can have that place."""
    if mark is not None and not is_place(mark, kind, order):
        raise QueryInvalid(
            f"The mark {mark.value!r} is no place in the order by {order.field}: take one that a record of it gave."
        )


def _storable(value: Value) -> bool:
    """Whether a database takes it: text without NUL, and without half a pair of surrogates."""
    return not isinstance(value, str) or ("\0" not in value and well_formed(value) == value)


def _check_indexed(kind: Kind, name: str) -> None:
    if not kind.field(name).indexed:
        indexed = ", ".join(each.name for each in kind.fields.values() if each.indexed) or "none"
        raise QueryInvalid(f"{kind.name}.{name} is not indexed; these are: {indexed}. Declare it with indexed=True.")


def _terms(where: Where) -> int:
    match where:
        case Every(terms=terms) | Some(terms=terms):
            return sum(map(_terms, terms))
        case Not(term=term):
            return _terms(term)
        case _:
            return 1
