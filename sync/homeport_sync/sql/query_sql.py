"""Queries as SQL, for every database: what is asked of the records of one scope, as stretches of an index.

What a caller said goes in as bound values, never as text; names are those that the app declares. No test is ever NULL
where it counts: what is under a `Not` is asked whether it `IS NOT TRUE`. A stretch starts where an index can start, so
one with a mark in it is cut there: what is equal to the mark by value and follows by id, then what follows by value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from homeport_sync.catalog import Field, Kind
from homeport_sync.change import Value, decode_record
from homeport_sync.query import BY_ID, Compare, Every, Found, Not, Query, Some, Where, checked
from homeport_sync.sql.spans import ABOVE, AT, BELOW, Edge, Span, beyond, span_of

ID: Final = "record_id"
ID_SHAPE: Final = "text"
_NEVER: Final = "FALSE"
_ALWAYS: Final = "TRUE"
_SIGNS: Final = {"equals": "=", "less": "<", "at_most": "<=", "greater": ">", "at_least": ">="}


class Dialect(Protocol):
    """What databases say differently. `seen` is what a query sees in a field, `place` where a value is bound."""

    place: str
    """What the number of a bound value follows."""

    sorts_fixed: bool
    """Whether an order must name what has one value only, for the index to be seen in it."""

    compares_rows: bool
    """Whether a comparison of value and id together is a bound of an index."""

    def seen(self, field: Field) -> str:
        """What a query sees in the field, of a text what an order looks at, NULL if that is null: over `wire`, and in
        an index, so it never fails and is never too large for one."""

    def whole(self, field: Field) -> str:
        """The same of a text of any length."""

    def bound(self, shape: str, value: Value) -> object:
        """The value as the driver takes it."""

    def given(self, shape: str, place: str) -> str:
        """What is bound there, as the field's type."""

    def among(self, seen: str, shape: str, place: str) -> str:
        """Whether it is one of the values bound there."""

    def all_bound(self, shape: str, values: Sequence[Value]) -> object:
        """Those values as the driver takes them."""

    def contains(self, whole: str, place: str) -> str:
        """Whether it has the text in it that is bound there."""

    def has_value(self, seen: str) -> str:
        """Whether it is not null, as a bound of an index."""

    def ordered(self, seen: str, *, reverse: bool) -> str:
        """A term of an order, null first, or in reverse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Records that follow each other in an index: a condition, and their order."""

    where: str
    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A query as SQL: the stretches in which its records are, in the order of the answer or in `reverse`. `seen` is
    what they are ordered by before their ids, "" for nothing. `values` are what is bound, after those that every
    statement has. One record more than `room` would be too many."""

    kind: str
    stretches: tuple[Stretch, ...]
    seen: str
    reverse: bool
    values: tuple[object, ...]
    room: int


def asked_of(asked: Query, kind: Kind, dialect: Dialect, bound: int) -> Asked:
    """The query as SQL for a statement that binds so many values already. Raises `QueryInvalid`."""
    checked(asked, kind)
    span = span_of(asked)
    compiling = _Compiling(kind, dialect, bound, asked.order.field, reverse=asked.order.descending != asked.last)
    stretches = tuple(compiling.stretches(span))
    return Asked(
        kind=literal(kind.name),
        stretches=stretches or (Stretch(where=_NEVER, order=compiling.by_id),),
        seen="" if asked.order.field == BY_ID else compiling.key,
        reverse=compiling.reverse,
        values=tuple(compiling.values) if stretches else (),  # what is bound must be asked for
        room=asked.limit + 1,
    )


def by_id(of: str = "", *, reverse: bool) -> str:
    """The last term of an order. An id is never null, and says nothing of where nulls would be."""
    return f"{of}{ID} DESC" if reverse else f"{of}{ID}"


def literal(text: str) -> str:
    """Text that the app declares, as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def found_of(texts: list[str], asked: Query) -> Found:
    """The answer that these records are, in the order in which they were read, one more than there is room for."""
    records = [decode_record(each) for each in texts[: asked.limit]]
    return Found(records=records[::-1] if asked.last else records, more=len(texts) > asked.limit)


class _Compiling:
    """Makes SQL of one query and collects what it binds."""

    def __init__(self, kind: Kind, dialect: Dialect, bound: int, field: str, *, reverse: bool) -> None:
        self._kind = kind
        self._dialect = dialect
        self._bound = bound
        self._field = field
        self.reverse = reverse
        self.values: list[object] = []
        self.key, self._shape = self._seen(field)
        self.by_id = by_id(reverse=reverse)

    def stretches(self, span: Span) -> Iterator[Stretch]:
        """The stretches of a span, none of which has a record of another."""
        if span.empty:
            return
        rest = [self.condition(term) for term in span.rest]
        fixed = [each for each in map(self._fixed, span.rest) if each] if self._dialect.sorts_fixed else []
        if self._field == BY_ID:
            yield Stretch(where=_all([*self._ids(span), *rest]), order=", ".join([*fixed[:1], self.by_id]))
            return
        in_order = f"{self._dialect.ordered(self.key, reverse=self.reverse)}, {self.by_id}"
        at_one = in_order if self._dialect.sorts_fixed else self.by_id
        if span.whole:
            yield Stretch(where=_all(rest), order=in_order)
            return
        if span.nulls:
            yield Stretch(where=_all([f"{self.key} IS NULL", *self._null_ids(span), *rest]), order=at_one)
        if span.values and span.fixed and span.low:
            here = self._test("=", span.low.value)
            yield Stretch(where=_all([here, *self._fixed_ids(span), *rest]), order=at_one)
        elif span.values:
            near = span.high if self.reverse else span.low
            if near is not None and near.side == AT and not self._dialect.compares_rows:
                here = self._test("=", near.value)
                beside = self._id("<" if self.reverse else ">", near.id)
                yield Stretch(where=_all([here, beside, *rest]), order=at_one)
            yield Stretch(where=_all([*self._between(span), *rest]), order=in_order)

    def condition(self, where: Where) -> str:
        """A term that is true where it holds."""
        match where:
            case Every(terms=terms):
                return _all([self.condition(each) for each in terms])
            case Some(terms=terms):
                return f"({' OR '.join(self.condition(each) for each in terms)})" if terms else _NEVER
            case Not(term=term):
                return f"({self.condition(term)} IS NOT TRUE)"
            case Compare():
                return self._compare(where)

    def _compare(self, term: Compare) -> str:
        seen, shape = self._seen(term.field)
        value = term.value
        if term.test == "in":
            wanted = [each for each in value if each is not None] if isinstance(value, tuple) else []
            place = self._put(self._dialect.all_bound(shape, wanted)) if wanted else ""
            return self._dialect.among(seen, shape, place) if wanted else _NEVER
        if value is None:
            return f"{seen} IS NULL" if term.test == "equals" else _NEVER
        if isinstance(value, tuple):
            return _NEVER
        if term.test == "contains":
            whole = ID if term.field == BY_ID else self._dialect.whole(self._kind.fields[term.field])
            return self._dialect.contains(whole, self._put(value))
        if term.test == "starts_with":
            end = beyond(str(value))
            least = f"{seen} >= {self._value(shape, value)}"
            return least if end is None else f"({least} AND {seen} < {self._value(shape, end)})"
        return f"{seen} {_SIGNS[term.test]} {self._value(shape, value)}"

    def _fixed(self, term: Where) -> str:
        """What has one value only where the term holds, as the first term of an order; "" if nothing does."""
        if isinstance(term, Compare) and term.test == "equals" and term.field != BY_ID:
            return self._dialect.ordered(self._seen(term.field)[0], reverse=self.reverse)
        return ""

    def _ids(self, span: Span) -> Iterator[str]:
        """The bounds of an order by id."""
        if span.fixed and span.low and span.high and (span.low.side, span.high.side) == (BELOW, ABOVE):
            yield self._id("=", span.low.value)
            return
        if span.low is not None:
            yield self._id(">=" if span.low.side == BELOW else ">", span.low.value)
        if span.high is not None:
            yield self._id("<" if span.high.side in (BELOW, AT) else "<=", span.high.value)

    def _null_ids(self, span: Span) -> Iterator[str]:
        if span.null_after is not None:
            yield self._id(">", span.null_after)
        if span.null_before is not None:
            yield self._id("<", span.null_before)

    def _fixed_ids(self, span: Span) -> Iterator[str]:
        if span.low is not None and span.low.side == AT:
            yield self._id(">", span.low.id)
        if span.high is not None and span.high.side == AT:
            yield self._id("<", span.high.id)

    def _between(self, span: Span) -> Iterator[str]:
        """The bounds. Where rows are not compared, the near one is behind all records of a mark's value: those are a
        stretch of their own."""
        low, high = span.low, span.high
        if low is not None:
            yield from self._bound_by(low, ">=" if low.side == BELOW else ">", ">", near=not self.reverse)
        if high is not None:
            yield from self._bound_by(high, "<" if high.side in (BELOW, AT) else "<=", "<", near=self.reverse)
        if low is None:
            yield self._dialect.has_value(self.key)

    def _bound_by(self, edge: Edge, sign: str, beside: str, *, near: bool) -> Iterator[str]:
        if edge.side == AT and self._dialect.compares_rows:
            places = f"{self._value(self._shape, edge.value)}, {self._value(ID_SHAPE, edge.id)}"
            yield f"({self.key}, {ID}) {beside} ({places})"
            return
        if near or edge.side != AT:
            yield self._test(sign, edge.value)
            return
        yield self._test(f"{beside}=", edge.value)
        yield f"({self._test(beside, edge.value)} OR {self._id(beside, edge.id)})"

    def _test(self, sign: str, value: Value) -> str:
        return f"{self.key} {sign} {self._value(self._shape, value)}"

    def _id(self, sign: str, id: str) -> str:
        return f"{ID} {sign} {self._value(ID_SHAPE, id)}"

    def _value(self, shape: str, value: Value) -> str:
        return self._dialect.given(shape, self._put(self._dialect.bound(shape, value)))

    def _put(self, value: object) -> str:
        self.values.append(value)
        return f"{self._dialect.place}{self._bound + len(self.values)}"

    def _seen(self, field: str) -> tuple[str, str]:
        """What a query sees in that field, and the shape of its values."""
        if field == BY_ID:
            return ID, ID_SHAPE
        return self._dialect.seen(self._kind.fields[field]), self._kind.fields[field].type.shape


def _all(terms: list[str]) -> str:
    return f"({' AND '.join(terms)})" if terms else _ALWAYS
