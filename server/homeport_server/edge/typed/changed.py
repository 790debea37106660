"""Subscriptions that tell what changed: of all kinds, or of one; in all that the caller may see, or in one scope.

Each begins with `REFETCH`, once nothing can be missed any more, and says it again whenever something may have been: who
fetches on it what is on the screen, and puts in what the others bring, is never wrong for longer than that takes, over
reconnects too. `watch.py` says what becomes of those who read too slowly.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from typing import Final

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLFieldResolver,
    GraphQLID,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
)

from homeport_server.edge.context import Call
from homeport_server.edge.typed.global_id import NODE_ID, global_id, record_id
from homeport_server.edge.typed.kinds import TypedKinds
from homeport_server.edge.typed.names import lower_first
from homeport_server.edge.typed.readers import Plain, object_type
from homeport_server.edge.typed.reading import Info, record_of
from homeport_server.edge.typed.roots import Roots
from homeport_server.edge.typed.watch import GONE, REFETCH, Changed, Watch
from homeport_sync.catalog import Kind
from homeport_sync.change import Record

_TOLD: Final[Mapping[str, str]] = {
    "CREATED": "It is new.",
    "UPDATED": "It is another than it was.",
    "DELETED": "It is gone.",
    "RESTORED": "It was deleted, and is there again.",
    "MOVED_IN": "It came into this scope.",
    "MOVED_OUT": "It left this scope.",
    REFETCH: "Of no record: first of all, and whenever something may have been missed. Fetch again what you show.",
}


class _Events:
    """The types of events, which all have the same plain fields."""

    def __init__(self, kinds: TypedKinds) -> None:
        self._kinds = kinds
        names = {kind.name: kinds.type_name(kind) for kind in kinds.catalog.kinds.values()}
        operations = GraphQLEnumType(
            kinds.types.take("ChangeOperation"),
            {name: GraphQLEnumValue(name, description=told) for name, told in _TOLD.items()},
            description="What became of a record.",
        )
        self.named = GraphQLEnumType(
            kinds.types.take("RecordKind"),
            {name: GraphQLEnumValue(kind) for kind, name in names.items()},
            description="The kinds of records.",
        )
        self._plain: Mapping[str, Plain] = {
            "operation": (GraphQLNonNull(operations), lambda event: event.operation),
            NODE_ID: (GraphQLID, lambda event: event.record and global_id(names[event.kind], event.record)),
            "recordId": (GraphQLID, lambda event: event.record),
            "scopeId": (GraphQLID, lambda event: event.scope),
            "position": (kinds.scalars.long, lambda event: event.position),
        }
        self._kind: Plain = self.named, lambda event: names.get(event.kind)

    def of_any(self) -> GraphQLObjectType:
        """The type of what tells of records of any kind."""
        return self._type("Change", {**self._plain, "kind": self._kind}, GraphQLField(self._kinds.node))

    def of_kind(self, kind: Kind) -> GraphQLObjectType:
        """The type of what tells of records of one kind."""
        name = f"{self._kinds.type_name(kind)}Change"
        return self._type(name, self._plain, GraphQLField(self._kinds.object_type(kind)))

    def _type(self, name: str, plain: Mapping[str, Plain], record: GraphQLField) -> GraphQLObjectType:
        record.resolve, record.description = _record, "As it is now; null if it is gone, or not to see any more."
        told = "What became of a record, or that something may have been missed."
        return object_type(self._kinds.types.take(name), plain, {"record": record}, told)


def add_changed(kinds: TypedKinds, roots: Roots) -> None:
    """`changed`, and one such subscription a kind. Without kinds there is nothing to tell."""
    if not kinds.catalog.kinds:
        return
    events = _Events(kinds)
    of_kinds = GraphQLArgument(GraphQLList(GraphQLNonNull(events.named)), description="Of these kinds; none: of all.")
    every = frozenset(kinds.catalog.kinds)
    roots.subscription.add("changed", _field(events.of_any(), _subscribes(every), {"kinds": of_kinds}))
    for kind in kinds.catalog.kinds.values():
        name = f"{lower_first(kinds.type_name(kind))}Changed"
        roots.subscription.add(name, _field(events.of_kind(kind), _subscribes([kind.name]), {}), kind)


def _field(
    change: GraphQLObjectType, subscribe: GraphQLFieldResolver, more: Mapping[str, GraphQLArgument]
) -> GraphQLField:
    scope = GraphQLArgument(GraphQLID, description="In the scope of this root record; none: in all.")
    return GraphQLField(
        GraphQLNonNull(change),
        {"scope": scope, **more},
        lambda event, _info, **_given: event,
        subscribe,
        description="Begins with REFETCH, and then tells what changes of what is to see.",
    )


def _subscribes(every: Collection[str]) -> GraphQLFieldResolver:
    def subscribe(
        _root: object, info: Info, scope: str | None = None, kinds: Collection[str] | None = None
    ) -> AsyncIterator[Changed]:
        return _watched(
            info.context, Watch(every if kinds is None else kinds, None if scope is None else record_id(scope))
        )

    return subscribe


async def _watched(call: Call, watch: Watch) -> AsyncIterator[Changed]:
    caller, pokes = call.caller, call.rooms.pokes
    await pokes.watch(caller.tenant, caller.user, watch)
    try:
        async for event in watch.events():
            yield event
    finally:
        pokes.leave(caller.tenant, caller.user, watch)


async def _record(event: Changed, info: Info) -> Record | None:
    if event.record is None or event.operation in GONE:
        return None
    return await record_of(info.context, event.record)
