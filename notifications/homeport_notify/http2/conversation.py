"""What is said on one HTTP/2 connection of a sender: posts out, replies in. Pure: bytes in, bytes out.

It keeps what RFC 9113 asks of a client. Both windows are respected when sending; of those for answers the connection's
is given back in bulk, and a stream's never needs to be, since no answer may be as large. What the peer changes by
SETTINGS holds from there on. After a GOAWAY, or at the end of the stream ids, nothing new is begun, and what is on its
way goes on. A peer that breaks the protocol is left (`BrokenFrame`).
"""

from __future__ import annotations

from typing import Final

from homeport_notify.answer import Answer
from homeport_notify.http2 import frames, limits
from homeport_notify.http2.batch import Batch
from homeport_notify.http2.frames import BrokenFrame, ErrorCode, FrameReader
from homeport_notify.http2.head import HeadReader, HeadWriter, literal, own_path
from homeport_notify.http2.stream import Stream
from homeport_notify.transport import REFUSED, RESET, TOO_LATE, Post

GREETING: Final = (
    frames.PREFACE
    + frames.settings({frames.HEADER_TABLE_SIZE: 0, frames.ENABLE_PUSH: 0})
    + frames.window_update(0, limits.GIVE_BACK_BYTES - frames.WINDOW_FIRST)
)


class Conversation:
    """`settled`: the peer's settings are there. `leaving`: nothing new may begin. `useful`: an answer came.
    `controls` counts what the peer asked since somebody last set it to 0."""

    def __init__(self, scheme: str, authority: str, reply_heads: HeadReader) -> None:
        self.settled = False
        self.leaving = False
        self.useful = False
        self.controls = 0
        self._reader = FrameReader()
        self._heads = HeadWriter(scheme, authority)
        self._reply_heads = reply_heads
        self._pieces: list[bytes] = [GREETING]
        self._open: dict[int, Stream] = {}
        self._blocked: dict[int, Stream] = {}  # those of them whose body the windows cut
        self._next = 1
        self._streams_max = limits.STREAMS_MAX
        self._window = frames.WINDOW_FIRST
        self._stream_window = frames.WINDOW_FIRST
        self._consumed = 0

    @property
    def room(self) -> int:
        """How many requests may begin now, as far as their number is concerned."""
        return 0 if self.leaving else self._streams_max - len(self._open)

    @property
    def busy(self) -> bool:
        """Whether requests are on their way."""
        return bool(self._open)

    def take(self) -> bytes:
        """What is to be written, all that came together since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)

    def send(self, batch: Batch, most: int, deadline_s: float) -> int:
        """Begin with at most so many of the batch's next posts, as many as the connection's window allows; how many."""
        begin, end = batch.next, min(batch.next + most, len(batch.posts))
        settled, lead, tail = 0, b"", b""
        for index in range(begin, end):
            post = batch.posts[index]
            if len(post.body) > self._window or self.leaving:
                break
            if settled < 2:  # the second is short already, and so is what follows
                lead, tail = self._heads.parts(batch.head)
                settled += 1
            batch.next = index + 1
            self._begin(post, lead, tail, Stream(batch, index, deadline_s, post.body, self._stream_window))
        return batch.next - begin

    def _begin(self, post: Post, lead: bytes, tail: bytes, stream: Stream) -> None:
        block = lead + own_path(post.path) + tail if post.path else lead + tail
        for name, value in post.headers:
            block += literal(name, value)
        number = self._next
        self._next += 2
        self._open[number] = stream
        self._pieces.append(frames.headers(number, block, end_stream=False))
        self._send_body(number, stream)
        if stream.rest:
            self._blocked[number] = stream
        if self._next > frames.STREAM_MAX:
            self.leaving = True

    def _send_body(self, number: int, stream: Stream) -> None:
        """As much of it as both windows let through. An empty body ends its stream as well."""
        size = max(0, min(len(stream.rest), self._window, stream.window))
        body, stream.rest = stream.rest[:size], stream.rest[size:]
        if not body and stream.rest:
            return
        self._window -= size
        stream.window -= size
        self._pieces.append(frames.data(number, body, end_stream=not stream.rest))

    def receive(self, data: bytes) -> None:
        """Whatever came. Raises `BrokenFrame`: then the conversation is over."""
        for kind, flags, number, payload in self._reader.read(data):
            if kind == frames.DATA:
                self._on_data(flags, number, payload)
            elif kind == frames.HEADERS:
                self._on_headers(flags, number, payload)
            else:
                self._on_control(kind, flags, number, payload)
        if self._consumed * 2 >= limits.GIVE_BACK_BYTES:
            self._pieces.append(frames.window_update(0, self._consumed))
            self._consumed = 0
        if self._blocked:
            self._unblock()

    def _on_control(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        match kind:
            case frames.SETTINGS:
                self._on_settings(flags, payload)
            case frames.WINDOW_UPDATE:
                self._on_window(number, payload)
            case frames.RST_STREAM:
                self._on_reset(number, payload)
            case frames.PING:
                self._on_ping(flags, payload)
            case frames.GOAWAY:
                self._on_goaway(payload)

    # What the peer says of a stream.

    def _on_headers(self, flags: int, number: int, block: bytes) -> None:
        stream = self._open.get(number)
        if stream is None:
            self._was_ours(number)
            return
        if stream.status:
            self._reply_heads.read_trailers(block)
            if not flags & frames.END_STREAM:
                raise BrokenFrame(ErrorCode.PROTOCOL_ERROR, "An answer has a second head.")
        else:
            status, stream.headers = self._reply_heads.read(block)
            if status < 200 and not flags & frames.END_STREAM:
                return  # the answer is still to come
            stream.status = status
        if flags & frames.END_STREAM:
            self._complete(number, stream)

    def _on_data(self, flags: int, number: int, payload: bytes) -> None:
        self._consumed += len(payload)
        stream = self._open.get(number)
        if stream is None:
            self._was_ours(number)
            return
        if not stream.status:
            raise BrokenFrame(ErrorCode.PROTOCOL_ERROR, "A body comes before its head.")
        body = frames.data_of(flags, payload)
        stream.body = stream.body + body if stream.body else body
        if flags & frames.END_STREAM:
            self._complete(number, stream)
        elif stream.too_long:
            self._pieces.append(frames.rst_stream(number, ErrorCode.CANCEL))
            self._complete(number, stream)

    def _complete(self, number: int, stream: Stream) -> None:
        del self._open[number]
        if stream.rest:  # answered before it was whole: nobody reads on
            del self._blocked[number]
            self._pieces.append(frames.rst_stream(number, ErrorCode.CANCEL))
        self.useful = True
        stream.complete()

    def _on_reset(self, number: int, payload: bytes) -> None:
        if number not in self._open:
            self._was_ours(number)
            return
        refused = frames.number_of(payload) == ErrorCode.REFUSED_STREAM
        self._lose(number, REFUSED if refused else RESET)

    def _lose(self, number: int, answer: Answer) -> None:
        stream = self._open.pop(number)
        self._blocked.pop(number, None)
        stream.lose(answer)

    def _was_ours(self, number: int) -> None:
        """Frames of streams that have ended may still be on their way to us; of others none can be."""
        if number % 2 == 0 or number >= self._next:
            raise BrokenFrame(ErrorCode.PROTOCOL_ERROR, f"Nobody opened the stream {number}.")

    # What the peer says of the connection.

    def _on_settings(self, flags: int, payload: bytes) -> None:
        if flags & frames.ACK:
            return
        for name, value in frames.settings_of(payload):
            if name == frames.HEADER_TABLE_SIZE:
                self._heads.resize(value)
            elif name == frames.MAX_CONCURRENT_STREAMS:
                self._streams_max = min(value, limits.STREAMS_MAX)
            elif name == frames.INITIAL_WINDOW_SIZE:
                self._resize_windows(value)
        self._reply(frames.SETTINGS_ACK)
        self.settled = True

    def _resize_windows(self, size: int) -> None:
        """It holds for streams that are open too; a window can so become negative (RFC 9113, section 6.9.2)."""
        for stream in self._blocked.values():
            stream.window += size - self._stream_window
            if stream.window > frames.WINDOW_MAX:
                raise BrokenFrame(ErrorCode.FLOW_CONTROL_ERROR, "A stream's window is too large.")
        self._stream_window = size

    def _on_window(self, number: int, payload: bytes) -> None:
        more = frames.number_of(payload) & frames.WINDOW_MAX
        if number:
            self._on_stream_window(number, more)
            return
        self._window += more
        if not more or self._window > frames.WINDOW_MAX:
            code = ErrorCode.FLOW_CONTROL_ERROR if more else ErrorCode.PROTOCOL_ERROR
            raise BrokenFrame(code, "The connection's window cannot be that.")

    def _on_stream_window(self, number: int, more: int) -> None:
        stream = self._blocked.get(number)
        if stream is None:  # all of its body is sent, so nobody needs its window
            if number not in self._open:
                self._was_ours(number)
            return
        stream.window += more
        if not more or stream.window > frames.WINDOW_MAX:
            code = ErrorCode.FLOW_CONTROL_ERROR if more else ErrorCode.PROTOCOL_ERROR
            self._pieces.append(frames.rst_stream(number, code))
            self._lose(number, RESET)

    def _unblock(self) -> None:
        """Go on with the bodies that are cut, oldest first."""
        for number, stream in list(self._blocked.items()):
            self._send_body(number, stream)
            if not stream.rest:
                del self._blocked[number]

    def _on_ping(self, flags: int, payload: bytes) -> None:
        if not flags & frames.ACK:
            self._reply(frames.ping(payload, ack=True))

    def _reply(self, answer: bytes) -> None:
        """Answer, unless the peer asks and asks and never reads."""
        self.controls += 1
        if self.controls > limits.CONTROLS_WAITING_MAX:
            raise BrokenFrame(ErrorCode.ENHANCE_YOUR_CALM, "Many questions, and no answer is read.")
        self._pieces.append(answer)

    def _on_goaway(self, payload: bytes) -> None:
        self.leaving = True
        last, _, _ = frames.goaway_of(payload)
        for number in [number for number in self._open if number > last]:
            self._lose(number, REFUSED)

    # Its end.

    def late(self, now_s: float) -> bool:
        """Whether a deadline is over. Streams are begun in order, so the oldest has the first."""
        return next((stream.deadline_s <= now_s for stream in self._open.values()), False)

    def give_up(self, now_s: float) -> None:
        """Take back what has not been answered by its deadline."""
        for number in [number for number, stream in self._open.items() if stream.deadline_s <= now_s]:
            self._pieces.append(frames.rst_stream(number, ErrorCode.CANCEL))
            self._lose(number, TOO_LATE)

    def end(self, code: ErrorCode) -> None:
        """Say why it ends; nothing more is sent or awaited."""
        self._pieces.append(frames.goaway(0, code))
        self.cut()

    def cut(self) -> None:
        """Nothing more comes."""
        self.leaving = True
        streams, self._open, self._blocked = self._open, {}, {}
        for stream in streams.values():
            stream.cut()
