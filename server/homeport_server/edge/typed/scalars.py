"""The scalars of the typed schema. What goes out is ready on the wire; what comes in is brought into that form."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from graphql import ConstValueNode, GraphQLError, GraphQLScalarType, value_from_ast_untyped

from homeport_server.edge.typed.global_id import record_id
from homeport_sync.errors import Malformed
from homeport_sync.values import write_datetime


def _read_datetime(given: object) -> object:
    try:
        moment = datetime.fromisoformat(given) if isinstance(given, str) else None
        if moment is not None and moment.tzinfo is not None:
            return write_datetime(moment)
    except (ValueError, OverflowError):
        pass
    raise GraphQLError(f"DateTime holds a moment with its zone, such as 2026-11-23T08:15:00.000Z, not {_shown(given)}")


def _read_date(given: object) -> object:
    try:
        if isinstance(given, str) and date.fromisoformat(given).isoformat() == given:
            return given
    except ValueError:
        pass
    raise GraphQLError(f"Date holds a day such as 2026-11-23, not {_shown(given)}")


def _read_uuid(given: object) -> object:
    if isinstance(given, str):
        for read in (_plain_uuid, record_id):  # what refers to a record is given either id of it
            with suppress(ValueError, Malformed):
                return read(given)
    raise GraphQLError(
        f"UUID holds a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057, or the id of a record, not {_shown(given)}"
    )


def _plain_uuid(given: str) -> str:
    return str(UUID(given))


def _shown(given: object) -> str:
    return repr(given) if len(repr(given)) <= 60 else f"{repr(given)[:60]}…"


def _as_is(value: object) -> object:
    return value


def _scalar(name: str, description: str, read: Callable[[object], object]) -> GraphQLScalarType:
    def read_literal(node: ConstValueNode) -> object:
        try:
            return read(value_from_ast_untyped(node))
        except GraphQLError as wrong:
            raise GraphQLError(wrong.message, node) from None  # which says where in the document it stands

    return GraphQLScalarType(
        name,
        description=description,
        coerce_output_value=_as_is,
        coerce_input_value=read,
        coerce_input_literal=read_literal,
    )


DATE_TIME = _scalar(
    "DateTime", "A moment as RFC 3339 writes it; answers are in UTC, to the millisecond.", _read_datetime
)
DATE = _scalar("Date", "A day, as 2026-11-23.", _read_date)
UUID_TEXT = _scalar(
    "UUID",
    "A UUID; answers are in lowercase with hyphens. The global id of a record is taken for its UUID.",
    _read_uuid,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalars:
    """Those of a schema: its own `long`, and ours."""

    long: GraphQLScalarType
    date_time: GraphQLScalarType = DATE_TIME
    date: GraphQLScalarType = DATE
    uuid: GraphQLScalarType = UUID_TEXT
