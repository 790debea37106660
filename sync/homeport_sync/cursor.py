"""A reader's place in the log: plain inside, opaque and signed outside.

A cursor names the tenant and the user it was made for, the log's epoch, the position up to which everything was
delivered, the head by which the user's grants were looked at, for each scope granted since how far its backfill has
come and where it ends, and which scopes the device had chosen. It is signed, so that nobody can read their way into
another's log by counting.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Generic, TypeVar

import msgspec

from homeport_sync.choice import EVERYTHING, Choice
from homeport_sync.errors import CursorForeign, CursorInvalid
from homeport_sync.limits import LIMITS

_MAC_BYTES = 16


class Backfill(msgspec.Struct, frozen=True, array_like=True):
    """A scope granted, or taken in again, after the cursor's position: delivered up to `place`, to be so to `upper`."""

    scope: str
    place: int
    upper: int


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Everything up to `position` of `epoch` is delivered of the scopes of `choice`, but for the `backfills` under way.

    `granted` is the head by which grants were last looked at: later ones are news to this reader.
    """

    tenant: str
    user: str
    epoch: str
    position: int
    granted: int
    backfills: tuple[Backfill, ...] = ()
    choice: Choice = EVERYTHING


Sealed = TypeVar("Sealed", bound=Cursor)


class Seal(Generic[Sealed]):
    """Writes cursors of one sort as opaque text and reads back only its own. `key` is secret, at least 32 bytes."""

    def __init__(self, key: bytes, sort: type[Sealed]) -> None:
        self._key = key
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(sort).decode

    def seal(self, cursor: Sealed) -> str:
        """The cursor as URL-safe text."""
        body = self._encode(cursor)
        return base64.urlsafe_b64encode(self._mac(body) + body).decode()

    def open(self, text: str, *, tenant: str, user: str) -> Sealed:
        """The cursor that was sealed as `text`, for this tenant and user.

        Raises `CursorInvalid` for text that this key did not seal, `CursorForeign` for another's cursor.
        """
        if len(text) > LIMITS.cursor_bytes_max:
            raise CursorInvalid(f"The cursor has {len(text)} characters, more than any of ours: pull from the start.")
        try:
            sealed = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise CursorInvalid from None
        mac, body = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        # One cursor has one text: base64 would also take spare bits and padding.
        if base64.urlsafe_b64encode(sealed).decode() != text or not hmac.compare_digest(mac, self._mac(body)):
            raise CursorInvalid
        try:
            cursor = self._decode(body)
        except msgspec.DecodeError:  # sealed by another version of this server
            raise CursorInvalid from None
        if cursor.tenant != tenant or cursor.user != user:
            raise CursorForeign
        return cursor

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_MAC_BYTES]


class CursorSeal(Seal[Cursor]):
    """The seal of devices' cursors."""

    def __init__(self, key: bytes) -> None:
        super().__init__(key, Cursor)

    def key_for(self, purpose: str) -> bytes:
        """The key of a seal for something else, whose texts are never taken for cursors."""
        return hmac.digest(self._key, purpose.encode(), "sha256")
