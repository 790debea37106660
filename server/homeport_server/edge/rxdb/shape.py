"""The shape of a kind for RxDB: its names, and the types that RxDB's own query builders speak of.

For a collection `task` they ask for `pullTask`, `pushTask` and `streamTask`, with `TaskInputCheckpoint`,
`[TaskInputPushRow!]` and `TaskInputHeaders`. A document is flat: the record's `id` (a UUID, as it is), `scopeId`, the
declared fields as in the rest of the schema (a choice as its text), and whether it is deleted, under both names that
RxDB may be told to look for. A deleted one has the least value of each field's type, and nothing that ever was in it.

What comes in is not judged by GraphQL: one value that does not fit would refuse all rows of a push, which RxDB sends
again for ever. Each row is judged by itself (`rows.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLString,
)

from homeport_server.edge.typed.kinds import TypedKinds, wire_reader
from homeport_server.edge.typed.names import lower_first, unique, upper_first
from homeport_server.edge.typed.readers import READERS, Reader
from homeport_sync.catalog import Field, Kind
from homeport_sync.documents import Document

ID, SCOPE, DELETED, DELETED_BY_DEFAULT = "id", "scopeId", "deleted", "_deleted"
OF_EVERY_DOCUMENT: Final = (ID, SCOPE, DELETED, DELETED_BY_DEFAULT)
VALUE: Final = GraphQLScalarType(
    "RxdbValue", description="A value as RxDB sends it. One that does not fit its field is refused with its row alone."
)


class Shape:
    """What one kind is called, and the types that are made for it. Raises `BadDeclaration` where a name is taken."""

    def __init__(self, kinds: TypedKinds, kind: Kind) -> None:
        self.kind = kind
        self.collection = lower_first(kinds.type_name(kind))
        self.prefix = upper_first(self.collection)
        self.fields: Mapping[str, Field] = {
            shown: kind.fields[name]
            for name, shown in unique(kinds.field_names(kind).items(), OF_EVERY_DOCUMENT).items()
        }
        self.readers: Mapping[str, Reader] = {shown: wire_reader(each) for shown, each in self.fields.items()}
        self._kinds = kinds
        self.document = self._document()
        self.checkpoint_input = self._input("InputCheckpoint", {"cursor": GraphQLString})
        self.headers = GraphQLScalarType(
            self._take("InputHeaders"),
            description="What RxDB sends beside a subscription. Nothing is read of it: who asks is known by then.",
        )
        self.bulk = self._bulk()
        self.rows = self._rows()

    @property
    def rows_name(self) -> str:
        """How a push calls its rows."""
        return f"{self.collection}PushRow"

    def _take(self, name: str) -> str:
        return self._kinds.take_type(f"{self.prefix}{name}", self.kind)

    def _document(self) -> GraphQLObjectType:
        name = self._take("Document")
        readers: dict[str, Reader] = {
            "__typename": lambda _: name,
            ID: lambda document: document.id,
            SCOPE: lambda document: document.scope,
            **self.readers,
            DELETED: _is_deleted,
            DELETED_BY_DEFAULT: _is_deleted,
        }
        types: dict[str, GraphQLOutputType] = {
            ID: GraphQLNonNull(GraphQLID),
            SCOPE: GraphQLNonNull(GraphQLID),
            **{shown: self._output(each) for shown, each in self.fields.items()},
            DELETED: GraphQLNonNull(GraphQLBoolean),
            DELETED_BY_DEFAULT: GraphQLNonNull(GraphQLBoolean),
        }
        return GraphQLObjectType(
            name,
            {shown: _read(type_, readers[shown], self.fields.get(shown)) for shown, type_ in types.items()},
            extensions={READERS: readers},
            description=f"A {self.kind.name} as RxDB keeps it.",
        )

    def _output(self, field: Field) -> GraphQLOutputType:
        scalars: Mapping[str, GraphQLScalarType] = {
            "int": self._kinds.scalars.long,
            "float": GraphQLFloat,
            "bool": GraphQLBoolean,
        }
        scalar = scalars.get(field.type.shape, GraphQLString)
        if field.type.shape == "set":
            return GraphQLNonNull(GraphQLList(GraphQLNonNull(GraphQLString)))
        return scalar if field.type.nullable else GraphQLNonNull(scalar)

    def _input(self, name: str, fields: Mapping[str, GraphQLInputType]) -> GraphQLInputObjectType:
        return GraphQLInputObjectType(
            self._take(name), {shown: GraphQLInputField(type_) for shown, type_ in fields.items()}
        )

    def _bulk(self) -> GraphQLObjectType:
        checkpoint = GraphQLObjectType(
            self._take("Checkpoint"), {"cursor": GraphQLField(GraphQLNonNull(GraphQLString), resolve=lambda at, _: at)}
        )
        return GraphQLObjectType(
            self._take("PullBulk"),
            {
                "documents": GraphQLField(
                    GraphQLNonNull(GraphQLList(GraphQLNonNull(self.document))), resolve=lambda page, _: page.documents
                ),
                "checkpoint": GraphQLField(checkpoint, resolve=lambda page, _: page.cursor),
            },
        )

    def _rows(self) -> GraphQLArgument:
        document = GraphQLInputObjectType(
            self._take("Input"),
            {
                ID: GraphQLInputField(GraphQLNonNull(GraphQLID)),
                SCOPE: GraphQLInputField(VALUE),
                **{shown: _given(each) for shown, each in self.fields.items()},
                DELETED: GraphQLInputField(VALUE),
                DELETED_BY_DEFAULT: GraphQLInputField(VALUE),
            },
        )
        row = self._input(
            "InputPushRow", {"assumedMasterState": document, "newDocumentState": GraphQLNonNull(document)}
        )
        return GraphQLArgument(GraphQLList(GraphQLNonNull(row)))


LIMIT: Final = GraphQLArgument(GraphQLNonNull(GraphQLInt))


def _given(field: Field) -> GraphQLInputField:
    return GraphQLInputField(VALUE, description=f"Holds {field.type.expected}.")


def _is_deleted(document: Document) -> bool:
    return document.deleted


def _read(type_: GraphQLOutputType, read: Reader, field: Field | None) -> GraphQLField:
    return GraphQLField(
        type_,
        resolve=lambda document, _info: read(document),
        description=(field and field.says) or None,
        deprecation_reason=(field and field.deprecated) or None,
    )
