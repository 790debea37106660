"""Readers: how the plain fields of a type go out, without a resolver each (`executor.py`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from graphql import GraphQLField, GraphQLNonNull, GraphQLNullableOutputType, GraphQLObjectType

READERS: Final = "homeport.readers"  # in a type's extensions: a reader for each of its plain fields
Reader: TypeAlias = Callable[[Any], object]  # of the type's source; gives what goes out, and never fails
Plain: TypeAlias = tuple[GraphQLNullableOutputType | GraphQLNonNull[Any], Reader]


def object_type(
    name: str, plain: Mapping[str, Plain], resolved: Mapping[str, GraphQLField], description: str | None = None
) -> GraphQLObjectType:
    """A type with plain fields and others."""
    readers = {each: reader for each, (_, reader) in plain.items()}
    fields = {
        each: GraphQLField(type_, resolve=lambda source, _info, reader=reader: reader(source))
        for each, (type_, reader) in plain.items()
    }
    return GraphQLObjectType(
        name,
        {**fields, **resolved},
        extensions={READERS: {"__typename": lambda _source: name, **readers}},
        description=description,
    )
