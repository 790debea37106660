"""A connection's cursors: the place of a record in an order, opaque to clients.

It holds what it is a place in, so that one of another order is refused and not taken for a place it never was.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TypeAlias

import msgspec

from homeport_sync.catalog import Kind
from homeport_sync.change import Value
from homeport_sync.clock import is_uuid
from homeport_sync.errors import CursorInvalid
from homeport_sync.query import Mark, Order, is_place

_Place: TypeAlias = tuple[str, Value, str]  # the field that it is ordered by, its value, and the id
_write = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(_Place).decode


def write_cursor(mark: Mark, order: Order) -> str:
    """The cursor of a place."""
    return urlsafe_b64encode(_write((order.field, mark.value, mark.id))).decode()


def read_cursor(given: str, kind: Kind, order: Order) -> Mark:
    """The place. Raises `CursorInvalid` unless it is one in that order of records of that kind."""
    try:
        field, value, id = _read(urlsafe_b64decode(given.encode()))
    except (ValueError, msgspec.DecodeError):
        field, value, id = "", None, ""
    mark = Mark(value=value, id=id)
    if not is_uuid(id) or field != order.field or not is_place(mark, kind, order):
        raise CursorInvalid(
            f"{given[:100]!r} is no cursor of {kind.name} in this order: take one from an answer to the same query, or "
            "begin without one."
        )
    return mark
