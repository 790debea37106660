"""Inputs of what writes: made of a kind's fields, and read as what a `Draft` takes.

What is left out is not written, and what is null is written as null: where a field cannot be, its answer says so. Of a
new record must be given what has no default. A counter takes an increment, and a set what shall be in it, or what comes
to it and goes from it; a text, a choice, a number are what they shall be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from graphql import (
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLNullableInputType,
    GraphQLString,
)

from homeport_server.edge.typed.kinds import TypedKinds
from homeport_server.edge.typed.names import unique
from homeport_sync.catalog import Field, Kind
from homeport_sync.change import Elements, Increment, Written
from homeport_sync.errors import Malformed
from homeport_sync.rules import COUNTER, SET

KEY: Final = "idempotencyKey"
EXPECTED: Final = "expectedPosition"
_TEXTS: Final = GraphQLList(GraphQLNonNull(GraphQLString))


class Inputs:
    """The inputs of all that writes."""

    def __init__(self, kinds: TypedKinds) -> None:
        self._kinds = kinds
        self._increment = GraphQLInputObjectType(
            kinds.types.take("CounterEdit"),
            {"increment": GraphQLInputField(GraphQLNonNull(kinds.scalars.long), description="May be negative.")},
            description="What is added to a counter.",
        )
        self._elements = GraphQLInputObjectType(
            kinds.types.take("SetEdit"),
            {
                "set": GraphQLInputField(_TEXTS, description="All that shall be in it; instead of the others."),
                "add": GraphQLInputField(_TEXTS),
                "remove": GraphQLInputField(_TEXTS),
            },
            description="What is put into a set and taken out of it. What others put in meanwhile stays.",
        )

    def make(
        self, name: str, kind: Kind, own: Mapping[str, GraphQLInputField], fields: Iterable[Field], *, new: bool
    ) -> GraphQLInputObjectType:
        """An input with what is its `own`, with these fields of the kind, and a key. Of a `new` record, or in a call,
        what has no default must be given."""
        shown = self.shown(kind, own)
        declared = {shown[each.name]: self._field(kind, each, new=new) for each in fields}
        return GraphQLInputObjectType(name, {**own, **declared, KEY: _key()})

    def shown(self, kind: Kind, own: Mapping[str, object]) -> Mapping[str, str]:
        """How the kind's fields are called in an input, by how they are declared."""
        return unique(self._kinds.field_names(kind).items(), (*own, KEY))

    def read(self, kind: Kind, own: Mapping[str, object], given: Mapping[str, Any]) -> dict[str, Written]:
        """What is written. Raises `Malformed` for an edit that says two things at once."""
        shown = self.shown(kind, own)
        return {
            each.name: _read(each, given[shown[each.name]])
            for each in kind.fields.values()
            if shown[each.name] in given
        }

    def _field(self, kind: Kind, field: Field, *, new: bool) -> GraphQLInputField:
        type_: GraphQLNullableInputType = self._kinds.value_type(kind, field)
        if not new and field.rule == COUNTER:
            type_ = self._increment
        if not new and field.rule == SET:
            type_ = self._elements
        required = new and field.required and not field.type.nullable
        return GraphQLInputField(
            GraphQLNonNull(type_) if required else type_,
            description=field.says or None,
            deprecation_reason=None if required else field.deprecated or None,
        )


def _key() -> GraphQLInputField:
    told = "The same request under the same key of yours is one write, for 30 days: send it again if no answer came."
    return GraphQLInputField(GraphQLString, description=told)


def _read(field: Field, given: Any) -> Written:  # noqa: ANN401  # as GraphQL read it
    if not isinstance(given, dict):
        value: Written = given
        return value
    if field.rule == COUNTER:
        return Increment(by=given["increment"])
    whole, add, remove = (given.get(each) for each in ("set", "add", "remove"))
    if whole is not None and (add is not None or remove is not None):
        raise Malformed(f"{field.name} is set and edited at once: give set, or add and remove.")
    if whole is not None:
        return list(whole)
    if both := sorted({*(add or ())} & {*(remove or ())}):
        raise Malformed(f"{both[0]!r} is to come to {field.name} and to go from it at once: say one of them.")
    return Elements(add={each: [] for each in add or ()}, remove={each: [] for each in remove or ()})
