"""Relay's global ids: one text that names a record and its kind, opaque to clients.

It is the base64 of "Kind:uuid". Wherever an id comes in, the plain UUID of the record does as well. Relay keeps
whatever has an `id` under that alone, so nothing else has the `id` of a record: what tells of one calls it `nodeId`.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from typing import Final

from homeport_sync.clock import is_uuid
from homeport_sync.errors import Malformed

NODE_ID: Final = "nodeId"


def global_id(kind: str, id: str) -> str:
    """That of a record."""
    return b64encode(f"{kind}:{id}".encode()).decode()


def read_id(given: str) -> tuple[str, str]:
    """The kind that an id names ("" for a plain UUID), and the UUID. Raises `Malformed`."""
    if is_uuid(lower := given.lower()):
        return "", lower
    try:
        kind, _, id = b64decode(given, validate=True).decode().rpartition(":")
    except (NoBase64, ValueError):
        kind, id = "", ""
    if not kind or not is_uuid(id):
        raise Malformed(f"{given[:100]!r} is no id: send the id or the recordId of a record as the API gave it.")
    return kind, id


def record_id(given: str, kind: str = "") -> str:
    """The UUID that an id names, of a record of that kind. Raises `Malformed` for one of another kind."""
    named, id = read_id(given)
    if named and kind and named != kind:
        raise Malformed(f"{given!r} is the id of a {named}, and this asks for a {kind}: send the id of one.")
    return id
