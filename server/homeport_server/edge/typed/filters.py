"""`where` and `orderBy`: inputs made of a kind's indexed fields, and read as what `Queries` take.

A filter that is null is none, and so is one that is left out; within a filter null is refused, because in one client it
means "nothing is wanted here" and in another "that is null": say `isNull`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
)

from homeport_server.edge.typed.global_id import record_id
from homeport_server.edge.typed.kinds import Leaf, TypedKinds
from homeport_server.edge.typed.names import screaming, unique
from homeport_sync.catalog import Field, Kind
from homeport_sync.errors import QueryInvalid
from homeport_sync.query import BY_ID, Compare, Every, Not, Order, Some, Test, Where
from homeport_sync.values import Shape

_EQUAL: Final = ("eq", "in")
_RANGE: Final = ("lt", "lte", "gt", "gte")
_TEXT: Final = ("startsWith", "contains")
_TESTS: Final[Mapping[str, Test]] = {
    "eq": "equals",
    "in": "in",
    "lt": "less",
    "lte": "at_most",
    "gt": "greater",
    "gte": "at_least",
    "startsWith": "starts_with",
    "contains": "contains",
}
_OF_SHAPE: Final[Mapping[Shape, tuple[str, ...]]] = {
    "text": (*_EQUAL, "isNull", *_RANGE, *_TEXT),
    "choice": (*_EQUAL, "isNull"),
    "int": (*_EQUAL, "isNull", *_RANGE),
    "float": (*_EQUAL, "isNull", *_RANGE),
    "bool": ("eq", "isNull"),
    "datetime": (*_EQUAL, "isNull", *_RANGE),
    "date": (*_EQUAL, "isNull", *_RANGE),
    "uuid": (*_EQUAL, "isNull"),
    "rank": (*_EQUAL, "isNull", *_RANGE),
}
_INDEXED: Final = "It knows the fields that the app declares as indexed."
_JOINS: Final = frozenset({"and", "or", "not"})


@dataclass(frozen=True, slots=True)
class _Filtered:
    """The inputs of a kind, and the fields that they are about by how they are called in them."""

    where: GraphQLInputObjectType
    order: GraphQLInputObjectType
    fields: Mapping[str, str]


class Filters:
    """The filters and orders of all kinds."""

    def __init__(self, kinds: TypedKinds) -> None:
        self._kinds = kinds
        self._of_leaf: dict[str, GraphQLInputObjectType] = {}
        directions = {"ASC": GraphQLEnumValue(False), "DESC": GraphQLEnumValue(True)}
        self._direction = GraphQLEnumType(kinds.types.take("Direction"), directions)
        self._by_id = self._tests("IDFilter", GraphQLID, _EQUAL)
        self._of_kind = {kind.name: self._make(kind) for kind in kinds.catalog.kinds.values()}

    def where_type(self, kind: Kind) -> GraphQLInputObjectType:
        """The input that filters the kind's records; `read` reads it."""
        return self._of_kind[kind.name].where

    def order_type(self, kind: Kind) -> GraphQLInputObjectType:
        """The input that orders them; `read_order` reads it."""
        return self._of_kind[kind.name].order

    def read(self, kind: Kind, given: Mapping[str, Any] | None) -> Where:
        """The filter. Raises `QueryInvalid`, and `Malformed` for an id that is none."""
        return Every(terms=()) if given is None else self._read(kind, given)

    def read_order(self, given: Mapping[str, Any] | None) -> Order:
        """The order; by id unless another is given."""
        return Order() if given is None else Order(field=given["field"], descending=bool(given.get("direction")))

    def _read(self, kind: Kind, given: Mapping[str, Any]) -> Where:
        terms = list[Where]()
        for name, value in given.items():
            if value is None:
                raise QueryInvalid(f"{name} is null in this filter: leave it out, or say {{isNull: true}}.")
            if name in _JOINS:
                terms.append(self._join(kind, name, value))
            else:
                terms.extend(self._compare(kind, name, value))
        return terms[0] if len(terms) == 1 else Every(terms=tuple(terms))

    def _join(self, kind: Kind, name: str, given: Any) -> Where:  # noqa: ANN401  # as GraphQL read it
        if name == "not":
            return Not(term=self._read(kind, given))
        terms = tuple(self._read(kind, each) for each in given)
        return Every(terms=terms) if name == "and" else Some(terms=terms)

    def _compare(self, kind: Kind, shown: str, given: Mapping[str, Any]) -> Sequence[Where]:
        terms, field = list[Where](), self._of_kind[kind.name].fields[shown]
        for name, value in given.items():
            if value is None:
                otherwise = "" if field == BY_ID else ", or say {isNull: true}"
                raise QueryInvalid(f"{shown} is compared with null in this filter ({name}): leave it out{otherwise}.")
            if name == "isNull":
                null = Compare(field=field, test="equals", value=None)
                terms.append(null if value else Not(term=null))
            else:
                terms.append(Compare(field=field, test=_TESTS[name], value=self._value(kind, field, value)))
        return terms

    def _value(self, kind: Kind, field: str, given: Any) -> Any:  # noqa: ANN401  # a wire value, or several
        if isinstance(given, list):
            return tuple(self._value(kind, field, each) for each in given)
        if isinstance(given, str) and "\0" in given:
            raise QueryInvalid("No text holds a NUL, so nothing can be found by one: leave it out.")
        return record_id(given, self._kinds.type_name(kind)) if field == BY_ID else given

    def _make(self, kind: Kind) -> _Filtered:
        kinds, name = self._kinds, self._kinds.type_name(kind)
        shown = unique(kinds.field_names(kind).items(), (BY_ID, *sorted(_JOINS)))
        indexed = {shown[each.name]: each for each in kind.fields.values() if each.indexed}
        inputs = {
            each: GraphQLInputField(self._filter(kind, field), deprecation_reason=field.deprecated or None)
            for each, field in indexed.items()
        }
        where = kinds.take_type(f"{name}Where", kind)
        ordered = unique([(BY_ID, "ID"), *((each.name, screaming(each.name)) for each in indexed.values())])
        why = {each.name: each.deprecated or None for each in indexed.values()}
        fields = {each: GraphQLEnumValue(of, deprecation_reason=why.get(of)) for of, each in ordered.items()}
        by = GraphQLEnumType(kinds.take_type(f"{name}OrderField", kind), fields)
        order = {
            "field": GraphQLInputField(GraphQLNonNull(by)),
            "direction": GraphQLInputField(self._direction, description="ASC, unless given."),
        }
        return _Filtered(
            GraphQLInputObjectType(
                where,
                lambda: {BY_ID: GraphQLInputField(self._by_id), **inputs, **self._joins(kind)},
                description=f"Which records of {name} are wanted: those that pass all that is given. {_INDEXED}",
            ),
            GraphQLInputObjectType(
                kinds.take_type(f"{name}Order", kind),
                order,
                description=f"By what, and then by id in that direction. {_INDEXED}",
            ),
            {BY_ID: BY_ID, **{each: field.name for each, field in indexed.items()}},
        )

    def _joins(self, kind: Kind) -> Mapping[str, GraphQLInputField]:
        where = self.where_type(kind)
        many = GraphQLList(GraphQLNonNull(where))
        return {"and": GraphQLInputField(many), "or": GraphQLInputField(many), "not": GraphQLInputField(where)}

    def _filter(self, kind: Kind, field: Field) -> GraphQLInputObjectType:
        """The tests of one field; those of one type are shared."""
        leaf, shape = self._kinds.leaf(kind, field), field.type.shape
        name = "RankFilter" if shape == "rank" else f"{leaf.name}Filter"
        return self._tests(name, leaf, _OF_SHAPE[shape])

    def _tests(self, name: str, leaf: Leaf, tests: Sequence[str]) -> GraphQLInputObjectType:
        if name not in self._of_leaf:
            inputs: Mapping[str, GraphQLInputType] = {
                each: GraphQLList(GraphQLNonNull(leaf))
                if each == "in"
                else GraphQLBoolean
                if each == "isNull"
                else leaf
                for each in tests
            }
            self._of_leaf[name] = GraphQLInputObjectType(
                self._kinds.types.take(name), {each: GraphQLInputField(type_) for each, type_ in inputs.items()}
            )
        return self._of_leaf[name]
