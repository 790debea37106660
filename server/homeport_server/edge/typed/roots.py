"""The fields of Query, Mutation and Subscription that the typed schema adds."""

from __future__ import annotations

from typing import cast

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, OperationType

from homeport_server.edge.typed.names import HOMEPORT, Names
from homeport_sync.catalog import Kind


class Root:
    """One of the three: the typed `fields` by name, none of them one that it has already."""

    def __init__(self, type_: GraphQLObjectType) -> None:
        self.fields: dict[str, GraphQLField] = {}
        self._names = Names(f"{type_.name} field", type_.fields)

    def add(self, name: str, field: GraphQLField, kind: Kind | None = None) -> None:
        """A field that is made for the kind, or for none. Raises `BadDeclaration` if the name is taken."""
        self._names.take(name, f"the kind {kind.name}" if kind else HOMEPORT)
        self.fields[name] = field

    def add_free(self, wanted: str, field: GraphQLField) -> None:
        """A field under that name, or one that begins so if it is taken."""
        self.fields[self._names.take_free(wanted)] = field


class Roots:
    """All three, over the rest of the schema."""

    def __init__(self, rest: GraphQLSchema) -> None:
        self.query = Root(root_of(rest, OperationType.QUERY))
        self.mutation = Root(root_of(rest, OperationType.MUTATION))
        self.subscription = Root(root_of(rest, OperationType.SUBSCRIPTION))


def root_of(schema: GraphQLSchema, operation: OperationType) -> GraphQLObjectType:
    """One of the three, which our schema always has."""
    return cast(GraphQLObjectType, schema.get_root_type(operation))
