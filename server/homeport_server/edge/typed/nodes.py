"""Records by id: Relay's `node` and `nodes`, and one field a kind."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from graphql import GraphQLArgument, GraphQLField, GraphQLID, GraphQLList, GraphQLNonNull

from homeport_server.edge.typed.global_id import read_id, record_id
from homeport_server.edge.typed.kinds import TypedKinds
from homeport_server.edge.typed.names import lower_first
from homeport_server.edge.typed.reading import Info, record_of
from homeport_server.edge.typed.roots import Roots
from homeport_sync.catalog import Kind
from homeport_sync.change import Record
from homeport_sync.errors import TooLarge

NODES_MAX = 100
_ID = GraphQLNonNull(GraphQLID)


def add_nodes(kinds: TypedKinds, roots: Roots) -> None:
    """The fields of Query that find records by their ids."""

    async def node(_root: object, info: Info, id: str) -> Record | None:
        return await _record(kinds, info, id)

    async def nodes(_root: object, info: Info, ids: Sequence[str]) -> Sequence[Record | None]:
        if len(ids) > NODES_MAX:
            raise TooLarge(f"nodes takes at most {NODES_MAX} ids, not {len(ids):,}: ask for them in parts.")
        return await asyncio.gather(*(_record(kinds, info, id) for id in ids))

    one, many = GraphQLArgument(_ID), GraphQLArgument(GraphQLNonNull(GraphQLList(_ID)))
    roots.query.add(
        "node",
        GraphQLField(kinds.node, {"id": one}, node, description="The record of that id; null if there is none to see."),
    )
    roots.query.add(
        "nodes",
        GraphQLField(
            GraphQLNonNull(GraphQLList(kinds.node)),
            {"ids": many},
            nodes,
            description=f"The records of these ids, at most {NODES_MAX}, in their order; null for what is not to see.",
        ),
    )
    for kind in kinds.catalog.kinds.values():
        roots.query.add(lower_first(kinds.type_name(kind)), _one(kinds, kind), kind)


def _one(kinds: TypedKinds, kind: Kind) -> GraphQLField:
    name = kinds.type_name(kind)

    async def resolve(_root: object, info: Info, id: str) -> Record | None:
        found = await record_of(info.context, record_id(id, name))
        return found if found is not None and found.kind == kind.name else None

    described = f"The {name} of that id, its global one or the record's; null if there is none to see."
    return GraphQLField(kinds.object_type(kind), {"id": GraphQLArgument(_ID)}, resolve, description=described)


async def _record(kinds: TypedKinds, info: Info, id: str) -> Record | None:
    """The record of the id. One that names another kind than the record has is none of ours."""
    named, plain = read_id(id)
    found = await record_of(info.context, plain)
    if found is None or found.kind not in kinds.catalog.kinds:
        return None
    return found if not named or kinds.kind_named(named) is kinds.catalog.kinds[found.kind] else None
