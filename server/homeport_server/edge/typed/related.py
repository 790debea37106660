"""Records that others name: what a field refers to, and the root of the scope that a record is in.

Both are asked for together, for all records of a page, and are null where they are not there to see.
"""

from __future__ import annotations

from collections.abc import Set

from graphql import GraphQLField, GraphQLNullableOutputType

from homeport_server.edge.typed.kinds import TypedKinds
from homeport_server.edge.typed.names import camel, lower_first
from homeport_server.edge.typed.reading import Info, record_of
from homeport_server.edge.typed.roots import Roots
from homeport_sync.catalog import Field
from homeport_sync.change import Record
from homeport_sync.scope import MEMBER


def add_related(kinds: TypedKinds, _roots: Roots) -> None:
    """The fields by which one record leads to another."""
    for kind in kinds.catalog.kinds.values():
        for field in kind.refers:
            kinds.add(kind, _related_name(field), _related(kinds, field))
        if kind.name == MEMBER:
            roots = frozenset(each.name for each in kinds.catalog.kinds.values() if each.is_root)
            kinds.add(kind, "root", _root(roots, kinds.node, "The root of the scope that this is a member of."))
        elif kind.within is not None:
            root = kinds.catalog.kinds[kind.within]
            name = kinds.type_name(root)
            kinds.add(
                kind, lower_first(name), _root({root.name}, kinds.object_type(root), f"The {name} that this is in.")
            )


def _related_name(field: Field) -> str:
    """`parent_id` leads to `parent`, and `parent` to `parentRecord`."""
    for end in ("_id", "Id"):
        if field.name.endswith(end) and field.name != end:
            return camel(field.name.removesuffix(end))
    return f"{camel(field.name)}Record"


def _related(kinds: TypedKinds, field: Field) -> GraphQLField:
    name, target = field.name, kinds.catalog.kinds[field.refers_to]

    async def resolve(record: Record, info: Info) -> Record | None:
        id = record.fields.get(name)
        found = await record_of(info.context, str(id)) if id is not None else None
        return found if found is not None and found.kind == target.name else None

    told = f"The {kinds.type_name(target)} that {camel(name)} names; null if there is none to see."
    return GraphQLField(
        kinds.object_type(target), resolve=resolve, description=told, deprecation_reason=field.deprecated or None
    )


def _root(roots: Set[str], type_: GraphQLNullableOutputType, told: str) -> GraphQLField:
    async def resolve(record: Record, info: Info) -> Record | None:
        found = await record_of(info.context, record.scope)
        return found if found is not None and found.kind in roots else None

    return GraphQLField(type_, resolve=resolve, description=f"{told} Null if it is not there to see.")
