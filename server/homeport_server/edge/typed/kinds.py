"""Object types, enums and inputs of what an app declares: `TypedKinds` makes each once, for whoever needs it.

They are graphql-core's own types and not Strawberry's (`server/decisions/0001-typed-schema.md`). A field that is no
more than a value of its record has a `Reader`, which gives the value as it goes out, and never fails: so a page needs
no resolver a value (`executor.py`).

A field is nullable exactly when its type is. A record from before a required field was declared does not have it, and
one from before its type was another holds what this cannot show. Null stands in for it; where that cannot be, the
field's default, and where it has none, the least value of its type ("", 0, false, 1970, the nil UUID, no elements, the
first rank, the first option): so that one old record spoils no answer. Keep an option declared until no record has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLNullableOutputType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLString,
)

from homeport_server.edge.typed.global_id import global_id
from homeport_server.edge.typed.names import Names, camel, enum_names, legal, unique, upper_first
from homeport_server.edge.typed.readers import READERS, Reader
from homeport_server.edge.typed.scalars import Scalars
from homeport_sync.catalog import Catalog, Field, Kind
from homeport_sync.change import Record, Value
from homeport_sync.clock import is_uuid, stamp_ms
from homeport_sync.rank import FIRST_RANK
from homeport_sync.values import Shape, write_datetime

OF_EVERY_RECORD: Final = ("id", "recordId", "scopeId", "position", "createdAt", "updatedAt")
Leaf: TypeAlias = GraphQLScalarType | GraphQLEnumType
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS: Final = 253_402_300_799_999  # of the year 9999, which is as far as a DateTime goes
_LEAST: Final[Mapping[Shape, Value]] = {
    "text": "",
    "int": 0,
    "float": 0.0,
    "bool": False,
    "datetime": "1970-01-01T00:00:00.000Z",
    "date": "1970-01-01",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "set": [],
    "rank": FIRST_RANK,
}


_SHOWS: Final[Mapping[Shape, Callable[[Any], bool]]] = {  # quick, for it is asked of every value that goes out
    "text": lambda found: type(found) is str,
    "int": lambda found: type(found) is int,
    "float": lambda found: type(found) is float or type(found) is int,
    "bool": lambda found: type(found) is bool,
    "datetime": lambda found: type(found) is str and found[10:11] == "T" and found[-1] == "Z",
    "date": lambda found: type(found) is str and len(found) == 10 and found[4] == "-",
    "uuid": lambda found: type(found) is str and is_uuid(found),
    "set": lambda found: type(found) is list,
    "rank": lambda found: type(found) is str,
}


class TypedKinds:
    """The types of a catalog's kinds. `types` knows which names of types are taken; other parts of the schema `add`
    their fields to a kind's type before the schema is made. Raises `BadDeclaration` where a name is taken."""

    def __init__(self, catalog: Catalog, types: Names, scalars: Scalars) -> None:
        self.catalog = catalog
        self.types = types
        self.scalars = scalars
        self._shapes: Mapping[Shape, GraphQLScalarType] = {
            "text": GraphQLString,
            "int": scalars.long,
            "float": GraphQLFloat,
            "bool": GraphQLBoolean,
            "datetime": scalars.date_time,
            "date": scalars.date,
            "uuid": scalars.uuid,
            "set": GraphQLString,
            "rank": GraphQLString,
        }
        self.node = self._node()
        self._enums: dict[tuple[str, str], GraphQLEnumType] = {}
        self._fields: dict[str, dict[str, GraphQLField]] = {}
        self._objects: dict[str, GraphQLObjectType] = {}
        self._declared = {self.type_name(kind): kind.name for kind in catalog.kinds.values()}
        for kind in catalog.kinds.values():
            self._make(kind)

    def type_name(self, kind: Kind) -> str:
        """How the kind is called in GraphQL."""
        return kind.shown_as or legal(kind.name)

    def kind_named(self, type_name: str) -> Kind | None:
        """The kind that is called so in GraphQL."""
        return self.catalog.kinds.get(self._declared.get(type_name, ""))

    def object_type(self, kind: Kind) -> GraphQLObjectType:
        """The type of a kind of the catalog. Its source is a `Record`."""
        return self._objects[kind.name]

    def field_names(self, kind: Kind) -> Mapping[str, str]:
        """How the fields of a kind, or the arguments of a command, are called in GraphQL, by how they are declared."""
        of_record = OF_EVERY_RECORD if kind.name in self.catalog.kinds else ()
        return unique(((name, camel(name)) for name in kind.fields), of_record)

    def add(self, kind: Kind, wanted: str, field: GraphQLField) -> str:
        """Give the kind's type one more field; its name, which is the wanted one if that is free."""
        fields = self._fields[kind.name]
        name = unique([("", wanted)], fields)[""]
        fields[name] = field
        return name

    def leaf(self, kind: Kind, field: Field) -> Leaf:
        """The scalar or enum of one value of the field, or of an element of it: what goes in and what goes out."""
        return self._enum(kind, field) if field.type.shape == "choice" else self._shapes[field.type.shape]

    def value_type(self, kind: Kind, field: Field) -> Leaf | GraphQLList[GraphQLNonNull[Leaf]]:
        """The type of the field's value, nullable. What comes in by it is a wire value, but for a set's order."""
        leaf = self.leaf(kind, field)
        return GraphQLList(GraphQLNonNull(leaf)) if field.type.shape == "set" else leaf

    def take_type(self, name: str, kind: Kind) -> str:
        """The name of a type that is made for the kind, taken. Raises `BadDeclaration`."""
        return self.types.take(name, f"the kind {kind.name}")

    def _node(self) -> GraphQLInterfaceType:
        return GraphQLInterfaceType(
            self.types.take("Node"),
            {"id": GraphQLField(GraphQLNonNull(GraphQLID), description="The global id.")},
            resolve_type=lambda record, *_: self._objects[record.kind].name,
            description="What has a global id.",
        )

    def _make(self, kind: Kind) -> None:
        name = self.take_type(self.type_name(kind), kind)
        readers = self._readers(kind, name)
        types = self._types_of_every_record()
        fields = {each: _field(types[each], readers[each]) for each in OF_EVERY_RECORD}
        for declared, shown in self.field_names(kind).items():
            fields[shown] = self._declared_field(kind, kind.fields[declared])
        self._fields[kind.name] = fields
        self._objects[kind.name] = GraphQLObjectType(
            name,
            lambda: self._fields[kind.name],
            interfaces=[self.node],
            extensions={READERS: readers},
            description=kind.says or None,
        )

    def _types_of_every_record(self) -> Mapping[str, GraphQLScalarType]:
        id, long, moment = GraphQLID, self.scalars.long, self.scalars.date_time
        return dict(zip(OF_EVERY_RECORD, (id, id, id, long, moment, moment), strict=True))

    def _readers(self, kind: Kind, name: str) -> Mapping[str, Reader]:
        shown = self.field_names(kind)
        return {
            "__typename": lambda _record: name,
            "id": lambda record: global_id(name, record.id),
            "recordId": lambda record: record.id,
            "scopeId": lambda record: record.scope,
            "position": lambda record: record.position,
            "createdAt": lambda record: moment(record.stamp),
            "updatedAt": lambda record: moment(record.newest),
            **{shown[each.name]: self._reader(kind, each) for each in kind.fields.values()},
        }

    def _reader(self, kind: Kind, field: Field) -> Reader:
        """How the field goes out: an enum's value by its name."""
        read = wire_reader(field)
        if field.type.shape != "choice":
            return read
        names = {value.value: name for name, value in self._enum(kind, field).values.items()}
        return lambda record: names.get(read(record))

    def _declared_field(self, kind: Kind, field: Field) -> GraphQLField:
        type_ = self.value_type(kind, field)
        made = _field(type_, wire_reader(field), nullable=field.type.nullable)
        made.description, made.deprecation_reason = field.says or None, field.deprecated or None
        return made

    def _enum(self, kind: Kind, field: Field) -> GraphQLEnumType:
        key = kind.name, field.name
        if key not in self._enums:
            name = f"{upper_first(camel(self.type_name(kind)))}{upper_first(self.field_names(kind)[field.name])}"
            values = {each: GraphQLEnumValue(text) for each, text in enum_names(field.type.options).items()}
            self._enums[key] = GraphQLEnumType(self.take_type(name, kind), values)
        return self._enums[key]


def moment(stamp: str) -> str:
    """The moment of a stamp, as a DateTime goes out."""
    return str(write_datetime(_EPOCH + timedelta(milliseconds=min(stamp_ms(stamp), _LAST_MS))))  # type: ignore[arg-type]


def _field(type_: GraphQLNullableOutputType, read: Reader, *, nullable: bool = False) -> GraphQLField:
    return GraphQLField(type_ if nullable else GraphQLNonNull(type_), resolve=lambda record, _info: read(record))


def wire_reader(field: Field) -> Reader:
    """How the field's wire value is read; where there is none that the type can show, what stands in for it."""
    name, default, fits = field.name, field.default, _shows(field)
    stands_in = _stand_in(field)
    if field.type.shape == "float":

        def read_float(record: Record) -> object:
            found: Any = record.fields.get(name, default)
            return float(found) if fits(found) else stands_in

        return read_float

    def read(record: Record) -> object:
        found = record.fields.get(name, default)
        return found if found is not None and fits(found) else stands_in

    return read


def _shows(field: Field) -> Callable[[Any], bool]:
    """Whether the field's type can show a value that is not null: it may have been written when it had another."""
    if field.type.shape == "choice":
        options = frozenset(field.type.options)
        return lambda found: type(found) is str and found in options
    return _SHOWS[field.type.shape]


def _stand_in(field: Field) -> Value:
    if field.type.nullable:
        return None
    if field.default is not None:
        return float(field.default) if field.type.shape == "float" else field.default  # type: ignore[arg-type]
    return field.type.options[0] if field.type.shape == "choice" else _LEAST[field.type.shape]
