"""Connections: the records of a kind a page at a time, as Relay's clients ask for them.

`first` after a cursor or `last` before one, filtered and ordered by what is indexed. A page is at most `PAGE_MAX`
records: more is refused and never cut, for a client that is given less than it asked for takes that for the end.

`hasNextPage` is exact for a page that was asked for with `first`, and `hasPreviousPage` for one with `last`; the other
one of the two says whether there was a cursor to begin from, as Relay's specification allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLFieldResolver,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from homeport_server.edge.typed.cursors import read_cursor, write_cursor
from homeport_server.edge.typed.filters import Filters
from homeport_server.edge.typed.global_id import record_id
from homeport_server.edge.typed.kinds import TypedKinds
from homeport_server.edge.typed.names import lower_first, plural
from homeport_server.edge.typed.readers import object_type
from homeport_server.edge.typed.reading import Info, found, found_in
from homeport_server.edge.typed.roots import Roots
from homeport_sync.catalog import Kind
from homeport_sync.change import Record
from homeport_sync.errors import QueryInvalid
from homeport_sync.query import Found, Query, mark_of

PAGE: Final = 20
PAGE_MAX: Final = 100
_NOTHING: Final = Found()


@dataclass(frozen=True, slots=True)
class Page:
    """What a connection shows: what was found, and in which direction it was read."""

    kind: Kind
    asked: Query
    found: Found

    @property
    def records(self) -> Sequence[Record]:
        """In order."""
        return self.found.records

    @property
    def has_next(self) -> bool:
        """Whether records come after these."""
        return self.asked.before is not None if self.asked.last else self.found.more

    @property
    def has_previous(self) -> bool:
        """Whether records come before these."""
        return self.found.more if self.asked.last else self.asked.after is not None

    def cursor(self, record: Record) -> str:
        """The record's place."""
        return write_cursor(mark_of(record, self.kind, self.asked.order), self.asked.order)

    def end(self, at: int) -> str | None:
        """The cursor of the first (0) or last (-1) of them."""
        return self.cursor(self.records[at]) if self.records else None


@dataclass(frozen=True, slots=True)
class _Edge:
    page: Page
    node: Record


def plural_of(kinds: TypedKinds, kind: Kind) -> str:
    """How many of the kind are called."""
    return kind.plural or plural(lower_first(kinds.type_name(kind)))


class Connections:
    """The connections of all kinds, and how each is asked for."""

    def __init__(self, kinds: TypedKinds, filters: Filters) -> None:
        self._kinds = kinds
        self._filters = filters
        self._info = self._page_info()
        self._types = {kind.name: self._type(kind) for kind in kinds.catalog.kinds.values()}

    def of_all(self, kind: Kind) -> GraphQLField:
        """Those that the caller may see, in one scope or in all."""

        async def resolve(_root: object, info: Info, scope: str | None = None, **given: Any) -> Page:  # noqa: ANN401
            asked = self.read(kind, given)
            if scope is None:
                return Page(kind, asked, await found(info.context, kind, asked))
            there = await found_in(info.context, kind, asked, record_id(scope))
            return Page(kind, asked, there or _NOTHING)

        told = "Of those in the scope of this root record alone; of none, if it is not to see."
        scope = {"scope": GraphQLArgument(GraphQLID, description=told)}
        return self._field(kind, scope, resolve, "all that are to see")

    def within(self, kind: Kind) -> GraphQLField:
        """Those in the scope of the root record that it is a field of."""

        async def resolve(root: Record, info: Info, **given: Any) -> Page:  # noqa: ANN401
            asked = self.read(kind, given)
            there = await found_in(info.context, kind, asked, root.id)
            return Page(kind, asked, there or _NOTHING)

        return self._field(kind, {}, resolve, "its own")

    def read(self, kind: Kind, given: Mapping[str, Any]) -> Query:
        """The arguments of a connection as a query. Raises `QueryInvalid` and `CursorInvalid`."""
        first, last = given.get("first"), given.get("last")
        if first is not None and last is not None:
            raise QueryInvalid("A page is the first or the last so many, not both: leave out first or last.")
        limit: int = next((each for each in (first, last) if each is not None), PAGE)
        if not 1 <= limit <= PAGE_MAX:
            way, then = ("first", "after and the endCursor") if last is None else ("last", "before and the startCursor")
            raise QueryInvalid(
                f"A page has 1 to {PAGE_MAX} records, not {limit:,}: ask for as many with {way}, and for the rest with "
                f"{then}.",
                max=PAGE_MAX,
            )
        order = self._filters.read_order(given.get("orderBy"))
        after, before = given.get("after"), given.get("before")
        return Query(
            kind=kind.name,
            where=self._filters.read(kind, given.get("where")),
            order=order,
            after=None if after is None else read_cursor(after, kind, order),
            before=None if before is None else read_cursor(before, kind, order),
            limit=limit,
            last=last is not None,
        )

    def _field(
        self,
        kind: Kind,
        more: Mapping[str, GraphQLArgument],
        resolve: GraphQLFieldResolver,
        which: str,
    ) -> GraphQLField:
        arguments = {
            "first": GraphQLArgument(GraphQLInt),
            "after": GraphQLArgument(GraphQLString),
            "last": GraphQLArgument(GraphQLInt),
            "before": GraphQLArgument(GraphQLString),
            "where": GraphQLArgument(self._filters.where_type(kind)),
            "orderBy": GraphQLArgument(self._filters.order_type(kind)),
            **more,
        }
        return GraphQLField(
            GraphQLNonNull(self._types[kind.name]),
            arguments,
            resolve,
            description=f"Of {which}, the first {PAGE}, or so many as first or last says, at most {PAGE_MAX}.",
        )

    def _type(self, kind: Kind) -> GraphQLObjectType:
        name, node = self._kinds.type_name(kind), GraphQLNonNull(self._kinds.object_type(kind))
        edge = object_type(
            self._kinds.take_type(f"{name}Edge", kind),
            {"cursor": (GraphQLNonNull(GraphQLString), lambda edge: edge.page.cursor(edge.node))},
            {"node": GraphQLField(node, resolve=lambda edge, _info: edge.node)},
        )
        return object_type(
            self._kinds.take_type(f"{name}Connection", kind),
            {},
            {
                "edges": GraphQLField(
                    GraphQLNonNull(GraphQLList(GraphQLNonNull(edge))),
                    resolve=lambda page, _info: [_Edge(page, each) for each in page.records],
                ),
                "nodes": GraphQLField(GraphQLNonNull(GraphQLList(node)), resolve=lambda page, _info: page.records),
                "pageInfo": GraphQLField(GraphQLNonNull(self._info), resolve=lambda page, _info: page),
            },
        )

    def _page_info(self) -> GraphQLObjectType:
        flag = GraphQLNonNull(GraphQLBoolean)
        return object_type(
            self._kinds.types.take("PageInfo"),
            {
                "hasNextPage": (flag, lambda page: page.has_next),
                "hasPreviousPage": (flag, lambda page: page.has_previous),
                "startCursor": (GraphQLString, lambda page: page.end(0)),
                "endCursor": (GraphQLString, lambda page: page.end(-1)),
            },
            {},
        )


def add_connections(kinds: TypedKinds, roots: Roots) -> None:
    """A connection for each kind on Query, and on each root one for each kind within it."""
    connections = Connections(kinds, Filters(kinds))
    for kind in kinds.catalog.kinds.values():
        name = plural_of(kinds, kind)
        roots.query.add(name, connections.of_all(kind), kind)
        for root in kinds.catalog.kinds.values():
            if root.is_root and kind.within in (root.name, "*"):
                kinds.add(root, name, connections.within(kind))
