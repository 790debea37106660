"""The typed schema: what a catalog's kinds add to the rest of the schema, and how both become one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from graphql import GraphQLField, GraphQLObjectType, GraphQLScalarType, GraphQLSchema, OperationType

from homeport_server.edge.rxdb.schema import add_rxdb
from homeport_server.edge.typed.changed import add_changed
from homeport_server.edge.typed.connections import add_connections
from homeport_server.edge.typed.kinds import TypedKinds
from homeport_server.edge.typed.mutations import add_mutations
from homeport_server.edge.typed.names import Names
from homeport_server.edge.typed.nodes import add_nodes
from homeport_server.edge.typed.related import add_related
from homeport_server.edge.typed.roots import Roots, root_of
from homeport_server.edge.typed.scalars import Scalars
from homeport_sync.catalog import Catalog


def typed_schema(catalog: Catalog, rest: GraphQLSchema, *, rxdb: bool) -> GraphQLSchema:
    """The `rest` and what the catalog's kinds make of it, and of what `rxdb` asks for.

    Raises `BadDeclaration` where a name is taken.
    """
    kinds = TypedKinds(
        catalog,
        Names("type", rest.type_map),
        Scalars(long=cast(GraphQLScalarType, rest.type_map["Long"])),
    )
    roots = Roots(rest)
    for add in (*PARTS, add_rxdb) if rxdb else PARTS:
        add(kinds, roots)
    return GraphQLSchema(
        query=_joined(root_of(rest, OperationType.QUERY), roots.query.fields),
        mutation=_joined(root_of(rest, OperationType.MUTATION), roots.mutation.fields),
        subscription=_joined(root_of(rest, OperationType.SUBSCRIPTION), roots.subscription.fields),
        types=[kinds.object_type(kind) for kind in catalog.kinds.values()],
        directives=rest.directives,
        extensions=rest.extensions,
    )


PARTS: tuple[Callable[[TypedKinds, Roots], None], ...] = (
    add_nodes,
    add_connections,
    add_related,
    add_changed,
    add_mutations,
)


def _joined(root: GraphQLObjectType, more: Mapping[str, GraphQLField]) -> GraphQLObjectType:
    return GraphQLObjectType(**{**root.to_kwargs(), "fields": {**root.fields, **more}})  # type: ignore[arg-type]
