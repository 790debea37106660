"""`rejections`: what of the caller was refused, and why. RxDB does not show its app what stands beside an answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from homeport_server.edge.typed.kinds import TypedKinds
from homeport_server.edge.typed.reading import Info
from homeport_server.edge.typed.roots import Roots
from homeport_sync.errors import CursorInvalid, QueryInvalid
from homeport_sync.quarantine import QUARANTINE_START, Chosen, Held, QuarantinePlace
from homeport_sync.values import write_datetime

PAGE_MAX: Final = 100
_CURSOR: Final = re.compile(r"([0-9]{1,18})/([0-9a-f-]{36})/([0-9]{1,18})")  # whole numbers that every store holds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Kinded(msgspec.Struct, frozen=True):
    kind: str = ""


class _Extensions(msgspec.Struct, frozen=True):
    code: str = ""


class _Error(msgspec.Struct, frozen=True):
    message: str = ""
    extensions: _Extensions = _Extensions()


class _Told(msgspec.Struct, frozen=True):
    error: _Error = _Error()


def add_rejections(kinds: TypedKinds, roots: Roots) -> None:
    """Add the query. Raises `BadDeclaration` where a name is taken."""
    roots.query.add(
        "rejections",
        GraphQLField(
            GraphQLNonNull(GraphQLList(GraphQLNonNull(_type(kinds)))),
            args={"first": GraphQLArgument(GraphQLInt, default_value=20), "after": GraphQLArgument(GraphQLString)},
            resolve=_rejections,
            description="What of the caller was refused and not made good since, the oldest first.",
        ),
    )


def _type(kinds: TypedKinds) -> GraphQLObjectType:
    text = GraphQLNonNull(GraphQLString)
    return GraphQLObjectType(
        kinds.types.take("Rejection"),
        {
            "recordId": GraphQLField(GraphQLNonNull(GraphQLID), resolve=lambda held, _: held.change.record),
            "kind": GraphQLField(text, resolve=lambda held, _: _kind(held)),
            "code": GraphQLField(text, resolve=lambda held, _: _why(held).extensions.code),
            "message": GraphQLField(text, resolve=lambda held, _: _why(held).message),
            "rejectedAt": GraphQLField(text, resolve=lambda held, _: _moment(held)),
            "cursor": GraphQLField(text, resolve=lambda held, _: "/".join(map(str, held.place))),
        },
        description="Something that was refused.",
    )


async def _rejections(_root: object, info: Info, *, first: int | None = 20, after: str | None = None) -> Sequence[Held]:
    if first is None or not 1 <= first <= PAGE_MAX:
        raise QueryInvalid(f"A page holds 1 to {PAGE_MAX} rejections, not {first}: ask for that many at most.")
    caller = info.context.caller
    chosen = Chosen(user=caller.user)
    return await info.context.rooms.quarantine.quarantine(caller.tenant, chosen, _place(after), first)


def _place(after: str | None) -> QuarantinePlace:
    if not after:
        return QUARANTINE_START
    found = _CURSOR.fullmatch(after)
    if found is None:
        raise CursorInvalid
    at_ms, device, number = found.groups()
    return int(at_ms), device, int(number)


def _kind(held: Held) -> str:
    return msgspec.json.decode(held.change.change, type=_Kinded).kind if held.change.change else ""


def _why(held: Held) -> _Error:
    return msgspec.json.decode(held.change.text, type=_Told).error


def _moment(held: Held) -> Any:  # noqa: ANN401
    return write_datetime(_EPOCH + timedelta(milliseconds=held.change.rejected_at_ms))
