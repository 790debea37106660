"""Payloads of what writes: the record as it is then, what became of the write, and why it was refused.

A write that is refused is an answer and no error: `errors` says of it what an app can show or mend. Errors of GraphQL
are left for what was not decided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLID,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from homeport_server.edge.typed.global_id import NODE_ID, global_id
from homeport_server.edge.typed.kinds import TypedKinds
from homeport_server.edge.typed.names import lower_first, unique
from homeport_server.edge.typed.reading import Info, record_of
from homeport_sync.catalog import Kind
from homeport_sync.change import Record
from homeport_sync.writer import Told

_VERDICTS: Final[Mapping[str, str]] = {
    "applied": "All that was written took effect.",
    "merged": "Some of it did not: `lost` says what.",
    "superseded": "None of it did, because of what was there.",
    "rejected": "It was refused: `errors` says why.",
}
_TEXT: Final = GraphQLNonNull(GraphQLString)


@dataclass(frozen=True, slots=True)
class Payload:
    """What became of a write in the `scope` that it named ("": none), and how the fields that it names are called."""

    told: Told
    shown: Mapping[str, str]
    scope: str = ""


class Payloads:
    """The types of all payloads."""

    def __init__(self, kinds: TypedKinds) -> None:
        self._kinds = kinds
        values = {each.upper(): GraphQLEnumValue(each, description=told) for each, told in _VERDICTS.items()}
        verdict = GraphQLEnumType(kinds.types.take("WriteVerdict"), values)
        self._outcome = GraphQLObjectType(
            kinds.types.take("WriteOutcome"),
            {
                "verdict": _field(GraphQLNonNull(verdict), lambda payload: payload.told.outcome.outcome),
                "lost": _field(
                    GraphQLNonNull(GraphQLList(_TEXT)),
                    lambda payload: [payload.shown.get(each, each) for each in payload.told.outcome.lost],
                    "Fields that did not take effect.",
                ),
                "deleted": _field(
                    GraphQLNonNull(GraphQLBoolean),
                    lambda payload: payload.told.outcome.deleted,
                    "Whether it met a record that is deleted.",
                ),
                "again": _field(
                    GraphQLNonNull(GraphQLBoolean),
                    lambda payload: payload.told.again,
                    "Whether it came before, under the same key: then this is what was answered then.",
                ),
            },
            description="What became of a write. It is final.",
        )
        self._error = GraphQLObjectType(
            kinds.types.take("UserError"),
            {
                "code": _field(_TEXT, lambda error: error.told.code, "Stable, as docs/errors.md has it."),
                "message": _field(_TEXT, lambda error: str((error.told.outcome.error or {}).get("message", ""))),
                "field": _field(GraphQLString, _field_of, "Which field it is about, if it is about one."),
                "position": _field(
                    kinds.scalars.long, lambda error: error.told.values.get("position"), "Where the record is by now."
                ),
            },
            description="Why a write was refused.",
        )

    def of_record(self, name: str, kind: Kind) -> GraphQLObjectType:
        """The payload of that name, of a write to a record of the kind."""
        shown, type_name = self._record_name(kind), self._kinds.type_name(kind)
        record = GraphQLField(
            self._kinds.object_type(kind),
            resolve=lambda payload, _info: _of_kind(payload.told.record, kind),
            description="As it is after that; null if it is deleted, was refused, or is not to see.",
        )
        node_id = _field(
            GraphQLNonNull(GraphQLID),
            lambda payload: global_id(type_name, payload.told.id),
            "The global id of the record that it was about, whether that is there or not.",
        )
        return self._made(name, {NODE_ID: node_id, shown: record})

    def of_call(self, name: str, root: Kind) -> GraphQLObjectType:
        """The payload of that name, of a call in the scope of such a root."""

        async def resolve(payload: Payload, info: Info) -> Record | None:
            return _of_kind(await record_of(info.context, payload.scope), root)

        told = "The root of the scope in which it was called, as it is after that; null if it is not to see."
        record = GraphQLField(self._kinds.object_type(root), resolve=resolve, description=told)
        return self._made(name, {self._record_name(root): record})

    def _record_name(self, kind: Kind) -> str:
        return unique([("", lower_first(self._kinds.type_name(kind)))], (NODE_ID, "outcome", "errors"))[""]

    def _made(self, name: str, fields: Mapping[str, GraphQLField]) -> GraphQLObjectType:
        more = {
            "outcome": _field(GraphQLNonNull(self._outcome), lambda payload: payload),
            "errors": _field(
                GraphQLNonNull(GraphQLList(GraphQLNonNull(self._error))),
                lambda payload: [payload] if payload.told.code else [],
                "Why it was refused; empty if it was not.",
            ),
        }
        return GraphQLObjectType(name, {**fields, **more})


def _field(type_: Any, read: Callable[[Any], object], told: str | None = None) -> GraphQLField:  # noqa: ANN401
    return GraphQLField(type_, resolve=lambda source, _info: read(source), description=told)


def _field_of(payload: Payload) -> str | None:
    name = payload.told.values.get("field")
    return None if name is None else payload.shown.get(str(name), str(name))


def _of_kind(record: Record | None, kind: Kind) -> Record | None:
    return record if record is not None and record.kind == kind.name else None
