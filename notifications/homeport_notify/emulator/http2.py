"""HTTP/2 as the emulator speaks it: many requests at once on one connection, without a task for any.

What makes it fast: a header block that only points into the peer's table means the same until the table changes, so it
is read once; our own blocks use no table, so that equal headers are equal bytes; all answers to one read go out in one
write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

import hpack
import msgspec

from homeport_notify.emulator import limits
from homeport_notify.emulator.exchange import Ending, Outcome, Request, Serve
from homeport_notify.http2 import frames
from homeport_notify.http2.frames import BrokenFrame, ErrorCode

_STATUS_BLOCKS: Final = {200: b"\x88", 204: b"\x89", 400: b"\x8c", 404: b"\x8d", 500: b"\x8e"}
_STATUS_NAME: Final = b"\x08"  # :status of the static table, with a value that is not in it
_EMPTY_THE_TABLE: Final = b"\x20"  # a size update to 0
_INDEXED: Final = 0x80
_CONTINUED: Final = 0xFF


class Head(msgspec.Struct, frozen=True):
    """The header block of a request, read."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


class _Stream(msgspec.Struct):
    """A request that is on its way in, or whose answer is on its way out."""

    head: Head
    body: bytearray
    window: int
    asked: bool = False
    unsent: bytearray = msgspec.field(default_factory=bytearray)
    ending: bool = False
    gone: Callable[[], None] | None = None


class Http2:
    """One connection, from after its preface on. `broken` ends it at once, as a network does."""

    def __init__(self, transport: asyncio.Transport, serve: Serve, broken: Callable[[], None]) -> None:
        self._transport = transport
        self._serve = serve
        self._broken = broken
        self._loop = asyncio.get_running_loop()
        self._reader = frames.FrameReader()
        self._decoder = hpack.Decoder(max_header_list_size=limits.HEADER_LIST_BYTES_MAX)
        self._heads: dict[bytes, Head] = {}
        self._streams: dict[int, _Stream] = {}
        self._last = 0
        self._unacknowledged = 0  # bytes of bodies whose window was not given back yet
        self._window = frames.WINDOW_FIRST
        self._stream_window = frames.WINDOW_FIRST
        self._prefix = b""
        self._closing = False
        self._reading = False
        self._out: list[bytes] = [
            frames.settings(
                {
                    frames.MAX_CONCURRENT_STREAMS: limits.STREAMS_MAX,
                    frames.INITIAL_WINDOW_SIZE: limits.WINDOW_BYTES,
                    frames.MAX_HEADER_LIST_SIZE: limits.HEADER_LIST_BYTES_MAX,
                }
            ),
            frames.window_update(0, limits.CONNECTION_WINDOW_BYTES - frames.WINDOW_FIRST),
        ]

    def received(self, data: bytes) -> None:
        """Bytes of the client; b"" when it sends no more."""
        self._reading = True
        try:
            for kind, flags, stream, payload in self._reader.read(data):
                if kind == frames.HEADERS:
                    self._headers(flags, stream, payload)
                elif kind == frames.DATA:
                    self._data(flags, stream, payload)
                else:
                    self._control(kind, flags, stream, payload)
        except BrokenFrame as error:
            self._break(error.code, str(error))
        except hpack.HPACKError as error:
            self._break(ErrorCode.COMPRESSION_ERROR, str(error))
        finally:
            self._reading = False
            self._flush()

    def lost(self) -> None:
        """The connection is no more."""
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            if stream.gone is not None:
                stream.gone()

    def leave(self) -> None:
        """Say that no new requests are looked at; those that are known are still answered."""
        self._closing = True
        self._write(frames.goaway(self._last, ErrorCode.NO_ERROR))
        self._close_if_done()

    # What comes in.

    def _headers(self, flags: int, number: int, block: bytes) -> None:
        head = self._heads.get(block) or self._read_head(block)
        if number <= self._last:
            stream = self._streams.get(number)
            if stream is None or stream.asked or not flags & frames.END_STREAM:
                raise BrokenFrame(ErrorCode.PROTOCOL_ERROR, f"HEADERS on stream {number}, which was used already.")
            self._asked(number, stream)  # trailers, which say nothing to us
            return
        if not number & 1:
            raise BrokenFrame(ErrorCode.PROTOCOL_ERROR, "A client's streams are odd.")
        if self._closing:
            return
        self._last = number
        if len(self._streams) >= limits.STREAMS_MAX:
            self._write(frames.rst_stream(number, ErrorCode.REFUSED_STREAM))
            return
        stream = self._streams[number] = _Stream(head, bytearray(), self._stream_window)
        if flags & frames.END_STREAM:
            self._asked(number, stream)

    def _read_head(self, block: bytes) -> Head:
        headers: dict[str, str] = {}
        for name, value in self._decoder.decode(block, raw=True):
            headers[name.decode("latin-1")] = value.decode("latin-1")
        path, _, query = headers.get(":path", "").partition("?")
        if not path:
            raise BrokenFrame(ErrorCode.PROTOCOL_ERROR, "A request without a :path.")
        head = Head(headers.get(":method", ""), path, query, headers)
        if len(self._heads) >= limits.HEADS_MAX:
            self._heads.clear()
        if all(_INDEXED <= byte < _CONTINUED for byte in block):
            self._heads[block] = head
        else:
            self._heads.clear()  # the table may have moved
        return head

    def _data(self, flags: int, number: int, payload: bytes) -> None:
        self._unacknowledged += len(payload)
        if self._unacknowledged >= limits.CONNECTION_WINDOW_BYTES // 2:
            self._write(frames.window_update(0, self._unacknowledged))
            self._unacknowledged = 0
        stream = self._streams.get(number)
        if stream is None or stream.asked:
            if number > self._last:
                raise BrokenFrame(ErrorCode.PROTOCOL_ERROR, f"DATA on stream {number}, which is not open.")
            return
        stream.body += frames.data_of(flags, payload) if flags & frames.PADDED else payload
        if flags & frames.END_STREAM:
            self._asked(number, stream)
        elif len(stream.body) > limits.BODY_BYTES_MAX:
            self._end_stream(number)
            self._write(frames.rst_stream(number, ErrorCode.ENHANCE_YOUR_CALM))
        elif len(payload) and len(stream.body) > limits.WINDOW_BYTES // 2:
            self._write(frames.window_update(number, len(payload)))

    def _control(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if kind == frames.SETTINGS and not flags & frames.ACK:
            self._settings(payload)
        elif kind == frames.PING and not flags & frames.ACK:
            self._write(frames.ping(payload, ack=True))
        elif kind == frames.WINDOW_UPDATE:
            self._widen(number, frames.number_of(payload) & frames.WINDOW_MAX)
        elif kind == frames.RST_STREAM:
            stream = self._end_stream(number)
            if stream is not None and stream.gone is not None:
                stream.gone()

    def _settings(self, payload: bytes) -> None:
        for name, value in frames.settings_of(payload):
            if name == frames.INITIAL_WINDOW_SIZE:
                for stream in self._streams.values():
                    stream.window += value - self._stream_window
                self._stream_window = value
            elif name == frames.HEADER_TABLE_SIZE:
                self._prefix = _EMPTY_THE_TABLE
        self._write(frames.SETTINGS_ACK)
        self._send_unsent()

    def _widen(self, number: int, by: int) -> None:
        if not by:
            raise BrokenFrame(ErrorCode.PROTOCOL_ERROR, "A WINDOW_UPDATE of 0.")
        if not number:
            self._window += by
            if self._window > frames.WINDOW_MAX:
                raise BrokenFrame(ErrorCode.FLOW_CONTROL_ERROR, "The connection's window is too large.")
        elif number in self._streams:
            self._streams[number].window += by
        self._send_unsent()

    # What goes out.

    def _asked(self, number: int, stream: _Stream) -> None:
        stream.asked = True
        head = stream.head
        served = self._serve(Request(head.method, head.path, head.query, head.headers, bytes(stream.body), True))
        stream.body = bytearray()
        if not isinstance(served, Outcome):
            served(StreamWire(self, number))
        elif served.delay_s:
            self._loop.call_later(served.delay_s, self._answer, number, served)
        else:
            self._answer(number, served)

    def _answer(self, number: int, outcome: Outcome) -> None:
        stream = self._streams.get(number)
        if stream is None or outcome.ending is Ending.SILENT:
            return
        reply = outcome.reply
        block = self._prefix + _block(reply.status, reply.content_type, reply.headers)
        self._prefix = b""
        if outcome.ending is Ending.RESET:
            self._out.append(frames.headers(number, block, end_stream=False))
            self._flush()
            self._broken()
            return
        body = reply.body
        self._out.append(frames.headers(number, block, end_stream=not body))
        if not body:
            self._end_stream(number)
        elif len(body) <= self._window and len(body) <= stream.window:
            self._window -= len(body)
            self._out.append(frames.data(number, body, end_stream=True))
            self._end_stream(number)
        else:
            stream.unsent += body
            stream.ending = True
            self._send_some(number, stream)
        if not self._reading:
            self._flush()

    def begin(self, number: int, content_type: str) -> None:
        """Say 200 on a stream whose body comes in pieces."""
        if number in self._streams:
            self._write(frames.headers(number, self._prefix + _block(200, content_type, ()), end_stream=False))
            self._prefix = b""

    def write(self, number: int, piece: bytes, *, end: bool) -> None:
        """A piece of a body; who does not read is hung up on."""
        stream = self._streams.get(number)
        if stream is None:
            return
        stream.unsent += piece
        stream.ending = end
        self._send_some(number, stream)
        if len(stream.unsent) > limits.UNREAD_BYTES_MAX:
            self._transport.abort()
        elif not self._reading:
            self._flush()

    def when_gone(self, number: int, call: Callable[[], None]) -> None:
        """Call this when the client leaves the stream."""
        stream = self._streams.get(number)
        if stream is not None:
            stream.gone = call

    def _send_unsent(self) -> None:
        for number, stream in tuple(self._streams.items()):
            if stream.unsent:
                self._send_some(number, stream)

    def _send_some(self, number: int, stream: _Stream) -> None:
        """As much as the windows allow."""
        fits = max(0, min(len(stream.unsent), self._window, stream.window))
        ends = stream.ending and fits == len(stream.unsent)
        if not fits and not ends:
            return
        self._window -= fits
        stream.window -= fits
        self._out.append(frames.data(number, bytes(stream.unsent[:fits]), end_stream=ends))
        del stream.unsent[:fits]
        if ends:
            self._end_stream(number)

    def _end_stream(self, number: int) -> _Stream | None:
        stream = self._streams.pop(number, None)
        if self._closing and not self._streams:
            self._loop.call_soon(self._close_if_done)
        return stream

    def _close_if_done(self) -> None:
        if self._closing and not self._streams:
            self._flush()
            self._transport.close()

    def _break(self, code: ErrorCode, words: str) -> None:
        self._out.append(frames.goaway(self._last, code, words.encode()[:200]))
        self._flush_now()
        self._transport.close()

    def _write(self, framed: bytes) -> None:
        self._out.append(framed)
        if not self._reading:
            self._flush()

    def _flush(self) -> None:
        if self._out and not self._transport.is_closing():
            self._flush_now()

    def _flush_now(self) -> None:
        self._transport.write(b"".join(self._out))
        self._out.clear()


class StreamWire:
    """`Wire` over one stream of a connection."""

    def __init__(self, connection: Http2, number: int) -> None:
        self._connection = connection
        self._number = number

    def begin(self, content_type: str) -> None:
        """`Wire`."""
        self._connection.begin(self._number, content_type)

    def write(self, piece: bytes) -> None:
        """`Wire`."""
        self._connection.write(self._number, piece, end=False)

    def end(self) -> None:
        """`Wire`."""
        self._connection.write(self._number, b"", end=True)

    def when_gone(self, call: Callable[[], None]) -> None:
        """`Wire`."""
        self._connection.when_gone(self._number, call)


@lru_cache(maxsize=256)
def _block(status: int, content_type: str, headers: tuple[tuple[str, str], ...]) -> bytes:
    """A header block that uses no table of ours: literals, never indexed, never Huffman-coded."""
    begin = _STATUS_BLOCKS.get(status) or _STATUS_NAME + _literal(str(status))
    more = (("content-type", content_type), *headers) if content_type else headers
    return begin + b"".join(b"\x00" + _literal(name) + _literal(value) for name, value in more)


def _literal(text: str) -> bytes:
    encoded = text.encode("latin-1", "replace")
    length = len(encoded)
    if length < 127:
        return bytes((length,)) + encoded
    rest, prefix = length - 127, bytearray(b"\x7f")
    while rest >= 128:
        prefix.append(rest & 0x7F | 0x80)
        rest >>= 7
    prefix.append(rest)
    return bytes(prefix) + encoded
