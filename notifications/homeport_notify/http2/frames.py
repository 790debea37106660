"""The frames of HTTP/2, read and written (RFC 9113, sections 4 and 6), for a client and for a server alike.

Pure: bytes in, frames out. What a peer sends is trusted in nothing: each frame's size is checked before it is waited
for, a header block's before it is put together, and what breaks a rule raises `BrokenFrame`, which ends the connection.

A frame is a plain tuple (type, flags, stream, payload), because a sender reads a hundred thousand of them a second. The
reader gives header blocks as one HEADERS frame, however many frames they came in, without padding and priority. It
passes over PRIORITY and types that it does not know. DATA stays as it came, since its padding counts for flow control:
`data_of` takes it off.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final, TypeAlias

from homeport_notify.http2 import limits

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # what a client's connection begins with
HEADER_BYTES: Final = 9

DATA: Final = 0x0
HEADERS: Final = 0x1
PRIORITY: Final = 0x2
RST_STREAM: Final = 0x3
SETTINGS: Final = 0x4
PUSH_PROMISE: Final = 0x5
PING: Final = 0x6
GOAWAY: Final = 0x7
WINDOW_UPDATE: Final = 0x8
CONTINUATION: Final = 0x9

ACK: Final = 0x1  # of SETTINGS and PING
END_STREAM: Final = 0x1  # of DATA and HEADERS
END_HEADERS: Final = 0x4
PADDED: Final = 0x8
WITH_PRIORITY: Final = 0x20

HEADER_TABLE_SIZE: Final = 0x1
ENABLE_PUSH: Final = 0x2
MAX_CONCURRENT_STREAMS: Final = 0x3
INITIAL_WINDOW_SIZE: Final = 0x4
MAX_FRAME_SIZE: Final = 0x5
MAX_HEADER_LIST_SIZE: Final = 0x6

WINDOW_FIRST: Final = 65_535  # bytes of flow control, of a connection and of a stream, before anybody says otherwise
WINDOW_MAX: Final = 2**31 - 1
STREAM_MAX: Final = 2**31 - 1

Frame: TypeAlias = tuple[int, int, int, bytes]

_HEAD: Final = struct.Struct(">BHBBI")  # 24 bits of length as 8 and 16, type, flags, stream
_SETTING: Final = struct.Struct(">HI")
_SIZES: Final = {PRIORITY: 5, RST_STREAM: 4, PING: 8, WINDOW_UPDATE: 4}
_OF_A_STREAM: Final = frozenset({DATA, HEADERS, PRIORITY, RST_STREAM, CONTINUATION})
_OF_THE_CONNECTION: Final = frozenset({SETTINGS, PING, GOAWAY})


class ErrorCode(IntEnum):
    """Why a stream or a connection ends (RFC 9113, section 7)."""

    NO_ERROR = 0x0
    PROTOCOL_ERROR = 0x1
    INTERNAL_ERROR = 0x2
    FLOW_CONTROL_ERROR = 0x3
    SETTINGS_TIMEOUT = 0x4
    STREAM_CLOSED = 0x5
    FRAME_SIZE_ERROR = 0x6
    REFUSED_STREAM = 0x7
    CANCEL = 0x8
    COMPRESSION_ERROR = 0x9
    CONNECT_ERROR = 0xA
    ENHANCE_YOUR_CALM = 0xB
    INADEQUATE_SECURITY = 0xC
    HTTP_1_1_REQUIRED = 0xD


class BrokenFrame(Exception):
    """The peer breaks the protocol: end the connection with a GOAWAY of this `code`."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class FrameReader:
    """Frames out of bytes, however they are cut. After a `BrokenFrame` it is of no more use."""

    __slots__ = ("_block", "_continuations", "_head", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._head: tuple[int, int] | None = None  # flags and stream of a HEADERS whose block goes on
        self._block = b""
        self._continuations = 0

    def read(self, data: bytes) -> list[Frame]:
        """The frames that are whole by now. Raises `BrokenFrame`."""
        if self._rest:
            data = self._rest + data
        frames: list[Frame] = []
        at, end = 0, len(data)
        while end - at >= HEADER_BYTES:
            high, low, kind, flags, stream = _HEAD.unpack_from(data, at)
            length = high << 16 | low
            if length > limits.FRAME_BYTES_MAX:
                raise BrokenFrame(ErrorCode.FRAME_SIZE_ERROR, f"A frame of {length:,} bytes; 16,384 at most.")
            start = at + HEADER_BYTES
            if end - start < length:
                break
            at = start + length
            stream &= STREAM_MAX
            if self._head is None and kind == DATA and stream:
                frames.append((kind, flags, stream, data[start:at]))
                continue
            frame = self._checked(kind, flags, stream, data[start:at])
            if frame is not None:
                frames.append(frame)
        self._rest = data[at:]
        return frames

    def _checked(self, kind: int, flags: int, stream: int, payload: bytes) -> Frame | None:
        if self._head is not None or kind == CONTINUATION:
            return self._continued(kind, flags, stream, payload)
        _check(kind, flags, stream, payload)
        if kind == HEADERS:
            return self._headers(flags, stream, payload)
        if kind == PRIORITY or kind > CONTINUATION:
            return None
        return (kind, flags, stream, payload)

    def _headers(self, flags: int, stream: int, payload: bytes) -> Frame | None:
        block = data_of(flags, payload)
        if flags & WITH_PRIORITY:
            if len(block) < 5:
                raise BrokenFrame(ErrorCode.FRAME_SIZE_ERROR, "HEADERS with a priority are shorter than it.")
            block = block[5:]
        if flags & END_HEADERS:
            return (HEADERS, flags, stream, block)
        self._head, self._block, self._continuations = (flags, stream), block, 0
        return None

    def _continued(self, kind: int, flags: int, stream: int, payload: bytes) -> Frame | None:
        if self._head is None or kind != CONTINUATION or stream != self._head[1]:
            raise BrokenFrame(ErrorCode.PROTOCOL_ERROR, "A header block and another frame are mixed.")
        self._block += payload
        self._continuations += 1
        if len(self._block) > limits.HEADER_BLOCK_BYTES_MAX or self._continuations > limits.CONTINUATIONS_MAX:
            raise BrokenFrame(ErrorCode.ENHANCE_YOUR_CALM, "A header block does not end.")
        if not flags & END_HEADERS:
            return None
        whole = (HEADERS, self._head[0] | END_HEADERS, stream, self._block)
        self._head, self._block = None, b""
        return whole


def _check(kind: int, flags: int, stream: int, payload: bytes) -> None:
    """What every frame has to keep before anybody looks at its meaning."""
    if (kind in _OF_A_STREAM and not stream) or (kind in _OF_THE_CONNECTION and stream):
        raise BrokenFrame(ErrorCode.PROTOCOL_ERROR, f"A frame of type {kind} cannot be on stream {stream}.")
    if _SIZES.get(kind, len(payload)) != len(payload) or (kind == GOAWAY and len(payload) < 8):
        raise BrokenFrame(ErrorCode.FRAME_SIZE_ERROR, f"A frame of type {kind} has {len(payload)} bytes.")
    if kind == SETTINGS and (len(payload) % 6 or (flags & ACK and payload)):
        raise BrokenFrame(ErrorCode.FRAME_SIZE_ERROR, f"SETTINGS have {len(payload)} bytes.")
    if kind == PUSH_PROMISE:
        raise BrokenFrame(ErrorCode.PROTOCOL_ERROR, "A PUSH_PROMISE, which nobody here asks for.")


def data_of(flags: int, payload: bytes) -> bytes:
    """The payload of a DATA or HEADERS frame without its padding. Raises `BrokenFrame`."""
    if not flags & PADDED:
        return payload
    if not payload or payload[0] >= len(payload):
        raise BrokenFrame(ErrorCode.PROTOCOL_ERROR, "A frame is all padding.")
    return payload[1 : len(payload) - payload[0]]


def settings_of(payload: bytes) -> Sequence[tuple[int, int]]:
    """The (id, value) pairs of SETTINGS, in order, unknown ids included. Raises `BrokenFrame` for impossible values."""
    pairs = list(_SETTING.iter_unpack(payload))
    if len(pairs) > limits.SETTINGS_MAX:
        raise BrokenFrame(ErrorCode.ENHANCE_YOUR_CALM, f"SETTINGS have {len(pairs):,} entries.")
    for name, value in pairs:
        if name == INITIAL_WINDOW_SIZE and value > WINDOW_MAX:
            raise BrokenFrame(ErrorCode.FLOW_CONTROL_ERROR, f"A window of {value:,} bytes.")
        if (name == ENABLE_PUSH and value > 1) or (name == MAX_FRAME_SIZE and not 2**14 <= value < 2**24):
            raise BrokenFrame(ErrorCode.PROTOCOL_ERROR, f"Setting {name} cannot be {value:,}.")
    return pairs


def number_of(payload: bytes) -> int:
    """The increment of a WINDOW_UPDATE (0 is for its receiver to refuse), or the error code of a RST_STREAM."""
    return int.from_bytes(payload[:4], "big")


def goaway_of(payload: bytes) -> tuple[int, int, bytes]:
    """The last stream that the peer looked at, its error code, and what it says for people."""
    return int.from_bytes(payload[:4], "big") & STREAM_MAX, int.from_bytes(payload[4:8], "big"), payload[8:]


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Any frame as bytes; its payload at most `FRAME_BYTES_MAX`."""
    length = len(payload)
    return _HEAD.pack(length >> 16, length & 0xFFFF, kind, flags, stream) + payload


def settings(values: Mapping[int, int]) -> bytes:
    """SETTINGS."""
    return frame(SETTINGS, 0, 0, b"".join(_SETTING.pack(name, value) for name, value in values.items()))


SETTINGS_ACK: Final = frame(SETTINGS, ACK, 0, b"")


def headers(stream: int, block: bytes, *, end_stream: bool) -> bytes:
    """A header block as HEADERS, with as many CONTINUATIONs as it needs."""
    flags = END_STREAM if end_stream else 0
    size = limits.FRAME_BYTES_MAX
    if len(block) <= size:
        return frame(HEADERS, flags | END_HEADERS, stream, block)
    parts = [block[at : at + size] for at in range(0, len(block), size)]
    middle = b"".join(frame(CONTINUATION, 0, stream, part) for part in parts[1:-1])
    return frame(HEADERS, flags, stream, parts[0]) + middle + frame(CONTINUATION, END_HEADERS, stream, parts[-1])


def data(stream: int, body: bytes, *, end_stream: bool) -> bytes:
    """A body as DATA, in frames of at most `FRAME_BYTES_MAX`. Whether the windows allow it is the caller's to know."""
    size = limits.FRAME_BYTES_MAX
    end = END_STREAM if end_stream else 0
    if len(body) <= size:
        return frame(DATA, end, stream, body)
    return b"".join(
        frame(DATA, end if at + size >= len(body) else 0, stream, body[at : at + size])
        for at in range(0, len(body), size)
    )


def window_update(stream: int, increment: int) -> bytes:
    """WINDOW_UPDATE of a stream, or with stream 0 of the connection; `increment` from 1 to `WINDOW_MAX`."""
    return frame(WINDOW_UPDATE, 0, stream, increment.to_bytes(4, "big"))


def ping(payload: bytes, *, ack: bool) -> bytes:
    """PING, with 8 bytes that its answer repeats."""
    return frame(PING, ACK if ack else 0, 0, payload)


def rst_stream(stream: int, code: int) -> bytes:
    """RST_STREAM."""
    return frame(RST_STREAM, 0, stream, code.to_bytes(4, "big"))


def goaway(last_stream: int, code: int, words: bytes = b"") -> bytes:
    """GOAWAY; `words` for people."""
    return frame(GOAWAY, 0, 0, last_stream.to_bytes(4, "big") + code.to_bytes(4, "big") + words)
