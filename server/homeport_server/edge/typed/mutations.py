"""Mutations: create, update, delete, restore and move for each kind, and one for each command of the app.

Each is one write without a device (`sync/homeport_sync/writer.py`): through the same intake as a phone's, once for an
idempotency key. What the intake refuses is told as data; errors of GraphQL are what was not decided, or is no request.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLObjectType,
)

from homeport_server.edge.typed.global_id import record_id
from homeport_server.edge.typed.inputs import EXPECTED, KEY, Inputs
from homeport_server.edge.typed.kinds import TypedKinds
from homeport_server.edge.typed.names import camel, upper_first
from homeport_server.edge.typed.payloads import Payload, Payloads
from homeport_server.edge.typed.reading import Info
from homeport_server.edge.typed.roots import Roots
from homeport_server.edge.write import write
from homeport_sync.catalog import Command, Kind
from homeport_sync.change import Op, Written
from homeport_sync.draft import Draft
from homeport_sync.rules import RANK
from homeport_sync.scope import MEMBER

_ID: Final = GraphQLNonNull(GraphQLID)
_WRITES_FIELDS: Final = frozenset({"create", "update", "restore"})
_TOLD: Final[Mapping[Op, str]] = {
    "create": "Makes a {}. What is left out has its default, and stands at the end of an order.",
    "update": "Writes those fields of a {} that are given.",
    "delete": "Deletes a {}, and what goes with it.",
    "restore": "Brings back a {} that was deleted. Its fields are forgotten: what is left out has its default.",
    "move": "Takes a {} into another scope, with what hangs on it.",
}


def add_mutations(kinds: TypedKinds, roots: Roots) -> None:
    """The fields of Mutation."""
    making = _Mutations(kinds)
    for kind in kinds.catalog.kinds.values():
        for op in _ops_of(kind):
            name = f"{op}{upper_first(kinds.type_name(kind))}"
            roots.mutation.add(name, making.of_kind(op, kind, upper_first(name)), kind)
    for command in kinds.catalog.commands.values():
        roots.mutation.add_free(camel(command.name), making.of_command(command))


def _ops_of(kind: Kind) -> Sequence[Op]:
    """What can be done to its records. Who is put out of a scope has a role of null."""
    if kind.name == MEMBER:
        return "create", "update"
    return ("create", "update", "delete", "restore") if kind.is_root else tuple(_TOLD)


class _Mutations:
    def __init__(self, kinds: TypedKinds) -> None:
        self._kinds = kinds
        self._inputs = Inputs(kinds)
        self._payloads = Payloads(kinds)

    def of_kind(self, op: Op, kind: Kind, name: str) -> GraphQLField:
        """The mutation that does that to a record of the kind; `name` is how its types begin."""
        kinds, own = self._kinds, self._own(op, kind)
        type_name, shown = kinds.type_name(kind), self._inputs.shown(kind, own)
        fields = kind.fields.values() if op in _WRITES_FIELDS else ()
        type_ = self._inputs.make(kinds.take_type(f"{name}Input", kind), kind, own, fields, new=op != "update")
        defaults = _defaults(kind) if op == "restore" else {}

        async def resolve(_root: object, info: Info, asked: Mapping[str, Any]) -> Payload:
            draft = Draft(
                op=op,
                kind=kind.name,
                id=_id(asked, "id", type_name),
                scope=_id(asked, "scope"),
                into=_id(asked, "into"),
                fields={**defaults, **self._inputs.read(kind, own, asked)},
                expected=asked.get(EXPECTED),
            )
            return Payload(await write(info.context, draft, asked.get(KEY)), shown)

        payload = self._payloads.of_record(kinds.take_type(f"{name}Payload", kind), kind)
        return _field(payload, type_, resolve, _TOLD[op].format(type_name))

    def of_command(self, command: Command) -> GraphQLField:
        """The mutation that calls it."""
        kinds, arguments = self._kinds, command.arguments
        root, name = kinds.catalog.kinds[command.scope], upper_first(camel(command.name))
        scope = GraphQLInputField(_ID, description=f"The {kinds.type_name(root)} in whose scope it is called.")
        own = {"scope": scope}
        shown = self._inputs.shown(arguments, own)
        fields = arguments.fields.values()
        type_ = self._inputs.make(kinds.types.take_free(f"{name}Input"), arguments, own, fields, new=True)

        async def resolve(_root: object, info: Info, asked: Mapping[str, Any]) -> Payload:
            scope = _id(asked, "scope", kinds.type_name(root))
            given = self._inputs.read(arguments, own, asked)
            draft = Draft(op="command", kind=command.name, scope=scope, fields=given)
            return Payload(await write(info.context, draft, asked.get(KEY)), shown, scope)

        payload = self._payloads.of_call(kinds.types.take_free(f"{name}Payload"), root)
        return _field(payload, type_, resolve, inspect.getdoc(command.function))

    def _own(self, op: Op, kind: Kind) -> Mapping[str, GraphQLInputField]:
        """What of its input is no field of the record."""
        name = self._kinds.type_name(kind)
        id = GraphQLInputField(_ID, description=f"The {name}, by its global id or its recordId.")
        scope_told = "The root of the scope in which it is."
        if kind.name == MEMBER:
            known = {
                "id": GraphQLInputField(GraphQLID, description="Which it is, unless scope and user are given."),
                "scope": GraphQLInputField(GraphQLID, description=scope_told),
                EXPECTED: self._expected(),
            }
            return known if op == "update" else {"scope": GraphQLInputField(_ID, description=scope_told)}
        if op == "create":
            own_id = "A UUIDv7 that you have made for it; made here, if it is left out."
            made = {"id": GraphQLInputField(GraphQLID, description=own_id)}
            scope = {} if kind.is_root else {"scope": GraphQLInputField(_ID, description=scope_told)}
            return {**scope, **made}
        into = GraphQLInputField(_ID, description="The root of the scope into which it goes.")
        return {"id": id, **({"into": into} if op == "move" else {}), EXPECTED: self._expected()}

    def _expected(self) -> GraphQLInputField:
        told = "The position at which you have seen it: at another it is refused as STALE. What is guarded needs it."
        return GraphQLInputField(self._kinds.scalars.long, description=told)


def _field(
    payload: GraphQLObjectType,
    asked: GraphQLInputObjectType,
    resolve: Any,  # noqa: ANN401  # as graphql-core takes a resolver
    told: str | None,
) -> GraphQLField:
    argument = GraphQLArgument(GraphQLNonNull(asked), out_name="asked")
    return GraphQLField(GraphQLNonNull(payload), {"input": argument}, resolve, description=told)


def _id(given: Mapping[str, Any], name: str, type_name: str = "") -> str:
    """The UUID of an id in an input; "" if there is none. Raises `Malformed`."""
    id = given.get(name)
    return "" if id is None else record_id(id, type_name)


def _defaults(kind: Kind) -> Mapping[str, Written]:
    """What a restore has for fields that it leaves out, as a create has. An app in use for years does not know the
    fields that were declared since, and could restore nothing any more if it had to give them."""
    return {each.name: each.default for each in kind.fields.values() if not each.required and each.rule != RANK}
