"""Header blocks: ours get short by being alike, theirs get cheap by being forgotten.

Ours: what a batch has in common goes into the peer's table (RFC 7541) once, and is then one byte a header. Theirs: we
offer a table of 0 bytes, so a block of an answer means the same whenever it comes, and is decoded once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from hpack import Decoder, Encoder
from hpack.exceptions import HPACKError

from homeport_notify.http2 import limits
from homeport_notify.http2.frames import BrokenFrame, ErrorCode
from homeport_notify.transport import Head

Field: TypeAlias = tuple[str, str]
# A block in two parts: pseudo-headers, between which and the rest a path of its own has its place.
Parts: TypeAlias = tuple[bytes, bytes]

_NEVER_INDEXED: Final = b"\x10"
_PATH: Final = b"\x14"  # never indexed, the name is the fourth of the static table
_ENTRY_OVERHEAD_BYTES: Final = 32  # RFC 7541, section 4.1


def literal(name: bytes, value: bytes) -> bytes:
    """A header that no table keeps."""
    return b"".join((_NEVER_INDEXED, _length(len(name)), name, _length(len(value)), value))


def own_path(path: bytes) -> bytes:
    """A `:path` that no table keeps."""
    return b"".join((_PATH, _length(len(path)), path))


def _length(length: int) -> bytes:
    """An integer with a prefix of seven bits (RFC 7541, section 5.1)."""
    if length < 127:
        return bytes((length,))
    coded = bytearray((127,))
    length -= 127
    while length >= 128:
        coded.append(length & 127 | 128)
        length >>= 7
    coded.append(length)
    return bytes(coded)


class HeadWriter:
    """The blocks of one connection. Each that `parts` gives has to be sent, in that order: the peer's table follows."""

    def __init__(self, scheme: str, authority: str) -> None:
        self._origin: tuple[Field, ...] = ((":method", "POST"), (":scheme", scheme), (":authority", authority))
        self._encoder = Encoder()
        self._known: dict[Head, Parts] = {}

    def resize(self, table_bytes: int) -> None:
        """The peer offers a table of another size."""
        self._encoder.header_table_size = min(table_bytes, limits.HEADER_TABLE_BYTES_MAX)
        self._known.clear()

    def parts(self, head: Head) -> Parts:
        """The block of a head. The first time it puts the head into the table, after that it only points there; a head
        that is larger than the table is written out each time."""
        known = self._known.get(head)
        if known is not None:
            return known
        pseudo = (*self._origin, (":path", head.path)) if head.path else self._origin
        resized = self._encoder.encode([])  # what the peer has to hear of `resize`, before anything else
        parts = self._pointing(pseudo, head.headers)
        if parts is None and self._fits((*pseudo, *head.headers)):
            self._known.clear()  # what comes in moves the others
            return resized + self._encoder.encode(pseudo), self._encoder.encode(head.headers)
        if parts is None:
            parts = _written_out(pseudo), _written_out(head.headers)
        if len(self._known) >= limits.HEADS_MAX:
            self._known.clear()
        self._known[head] = parts
        return resized + parts[0], parts[1]

    def _fits(self, fields: Sequence[Field]) -> bool:
        size = sum(len(name) + len(value) + _ENTRY_OVERHEAD_BYTES for name, value in fields)
        return size <= self._encoder.header_table_size

    def _pointing(self, pseudo: Sequence[Field], headers: Sequence[Field]) -> Parts | None:
        """Places in the table alone; None if something is not there."""
        table = self._encoder.header_table
        for name, value in (*pseudo, *headers):
            found = table.search(name.encode(), value.encode())
            if found is None or found[2] is None:
                return None
        return self._encoder.encode(pseudo), self._encoder.encode(headers)


def _written_out(fields: Sequence[Field]) -> bytes:
    return b"".join(literal(name.encode(), value.encode()) for name, value in fields)


class HeadReader:
    """The blocks of answers, of all connections of a sender. Every one of them has to offer a table of 0 bytes."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[int, Mapping[str, str]]] = {}
        self._decoder = Decoder(limits.HEADER_BLOCK_BYTES_MAX)
        self._decoder.header_table_size = 0
        self._decoder.max_allowed_table_size = 0

    def read(self, block: bytes) -> tuple[int, Mapping[str, str]]:
        """The status and the headers; of a name that comes twice, the first. Raises `BrokenFrame`."""
        known = self._known.get(block)
        if known is None:
            known = self._decoded(block)
            if len(self._known) >= limits.REPLY_HEADS_MAX:
                self._known.clear()
            self._known[block] = known
        return known

    def read_trailers(self, block: bytes) -> None:
        """What comes after a body. Nobody needs it, but it has to be readable. Raises `BrokenFrame`."""
        self._fields(block)

    def _decoded(self, block: bytes) -> tuple[int, Mapping[str, str]]:
        fields = self._fields(block)
        status = fields.get(":status", "")
        if len(status) != 3 or not (status.isascii() and status.isdigit()):
            raise BrokenFrame(ErrorCode.PROTOCOL_ERROR, f"An answer has the status {status!r}.")
        return int(status), {name: value for name, value in fields.items() if not name.startswith(":")}

    def _fields(self, block: bytes) -> dict[str, str]:
        try:
            pairs = self._decoder.decode(block, raw=True)
        except HPACKError as error:
            raise BrokenFrame(ErrorCode.COMPRESSION_ERROR, f"A header block cannot be read: {error}.") from error
        fields: dict[str, str] = {}
        for name, value in pairs:
            fields.setdefault(_text(name), _text(value))
        return fields


def _text(raw: str | bytes) -> str:
    return raw if isinstance(raw, str) else raw.decode("latin-1")
