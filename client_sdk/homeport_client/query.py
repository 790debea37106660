"""Asking the replica: filters and order on indexed fields only, in pages. Pure: a query becomes SQL.

A page is found by key and not by counting: it starts after the values of the last record of the page before, so
that records which come and go meanwhile neither repeat nor hide others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from homeport_client.errors import LimitExceeded, NotIndexed
from homeport_client.schema import index_name, kind_is, value_of
from homeport_sync.catalog import Kind
from homeport_sync.change import Value
from homeport_sync.values import PythonValue

_SELECT = """SELECT view.record, view.updated,
    EXISTS (SELECT 1 FROM outbox WHERE record = view.id AND answered = 0) OR EXISTS (
        SELECT 1 FROM predicted JOIN outbox USING (place) WHERE predicted.record = view.id AND answered = 0
    ) AS pending
    FROM view"""
# A record shows while it and the root of its scope live.
_LIVE = """WHERE view.deleted = 0
    AND EXISTS (SELECT 1 FROM view AS root WHERE root.id = view.scope AND root.deleted = 0)"""
SELECT_LIVE = f"{_SELECT} {_LIVE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which records of a kind: in one scope or all, with these values, after a record, at most `limit`.

    Ordered by a field, ties and no field by id, which is about the order of creation. `after` is the (value, id) of
    the record that the page before ended with.
    """

    kind: Kind
    scope: str | None
    where: Mapping[str, Value]
    order_by: str | None
    descending: bool
    limit: int
    after: tuple[Value, str] | None


def make_query(
    kind: Kind,
    *,
    scope: str | None,
    where: Mapping[str, PythonValue] | None,
    order_by: str | None,
    descending: bool,
    limit: int,
    limit_max: int,
) -> Query:
    """A first page's query. Raises `UnknownField`, `WrongType`, `NotIndexed` or `LimitExceeded`."""
    for name in [*(where or ()), *([order_by] if order_by else ())]:
        if not kind.field(name).indexed:
            raise NotIndexed(
                f"{kind.name}.{name} is not indexed: declare it as {name}: … = field(indexed=True) to filter and "
                "order by it.",
                field=name,
            )
    if not 1 <= limit <= limit_max:
        raise LimitExceeded(
            f"A query gives 1 to {limit_max:,} records, not {limit:,}: ask for fewer, then for those after the last.",
            limit=limit_max,
        )
    return Query(
        kind=kind,
        scope=scope,
        where=kind.to_wire(where or {}),
        order_by=order_by,
        descending=descending,
        limit=limit,
        after=None,
    )


def goes_by(query: Query) -> set[str]:
    """The fields whose index answers the query."""
    return {*query.where, *([query.order_by] if query.order_by else ())}


def statement(query: Query) -> tuple[str, list[Value]]:
    """The SELECT of (record, updated, pending) and its values."""
    conditions, values = [kind_is(query.kind.name)], list[Value]()
    if query.scope is not None:
        conditions.append("view.scope = ?")
        values.append(query.scope)
    for name, value in query.where.items():
        conditions.append(f"{value_of(name)} IS ?")
        values.append(value)
    if query.after is not None:
        condition, more = _beyond(query, *query.after)
        conditions.append(condition)
        values += more
    side = " DESC" if query.descending else ""
    order = f"{value_of(query.order_by)}{side}, view.id{side}" if query.order_by else f"view.id{side}"
    # Only declared names stand in the text; every value is bound.
    text = f"{_SELECT} {_by_index(query)} {_LIVE} AND {' AND '.join(conditions)} ORDER BY {order} LIMIT ?"
    return text, [*values, query.limit]


def _by_index(query: Query) -> str:
    """An order without a filter is read off its index; left to itself, SQLite would sort the whole kind."""
    if query.order_by is None or query.where:
        return ""
    return f'INDEXED BY "{index_name(query.kind.name, query.order_by, in_scope=query.scope is not None)}"'


def _beyond(query: Query, value: Value, record_id: str) -> tuple[str, list[Value]]:
    """The condition for what comes after (value, id) in the order; null is less than every value, as in SQLite."""
    sign = "<" if query.descending else ">"
    if query.order_by is None:
        return f"view.id {sign} ?", [record_id]
    field = value_of(query.order_by)
    if value is None:
        tie = f"({field} IS NULL AND view.id {sign} ?)"
        return (tie if query.descending else f"({field} IS NOT NULL OR {tie})"), [record_id]
    later = f"({field}, view.id) {sign} (?, ?)"
    return (f"({field} IS NULL OR {later})" if query.descending else later), [value, record_id]
