"""The other end of HTTP/2, by other hands: the h2 package over a plain socket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urlsplit

import h2.config
import h2.connection
import h2.events

Headers = Sequence[tuple[str, str]]


@dataclass
class Answer:
    """What came on one stream. `reset` is the code of a RST_STREAM."""

    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    ended: bool = False
    reset: int | None = None

    @property
    def status(self) -> int:
        return int(self.headers[":status"])


class H2Client:
    """One connection."""

    def __init__(self, url: str) -> None:
        self._where = urlsplit(url)
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.answers: dict[int, Answer] = {}
        self.goaway: int | None = None
        self.acknowledging = True  # that it has read what came, so that more may come
        self._held: list[tuple[int, int]] = []

    async def __aenter__(self) -> H2Client:
        self._reader, self.writer = await asyncio.open_connection(self._where.hostname, self._where.port)
        self.connection.initiate_connection()
        self.flush()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.writer.close()

    def flush(self) -> None:
        self.writer.write(self.connection.data_to_send())

    def begin(
        self, path: str, headers: Headers = (), body: bytes = b"", method: str = "POST", *, last: bool = True
    ) -> int:
        """Send a request; its stream is returned. Unless it is the `last` of it, a body follows."""
        stream = self.connection.get_next_available_stream_id()
        authority = self._where.netloc
        head = [(":method", method), (":scheme", "http"), (":authority", authority), (":path", path), *headers]
        self.connection.send_headers(stream, head, end_stream=last and not body)
        if body:
            self.connection.send_data(stream, body, end_stream=True)
        self.answers[stream] = Answer()
        self.flush()
        return stream

    async def read(self) -> bool:
        """What came next; False when the other end has closed."""
        data = await self._reader.read(65_536)
        if not data:
            return False
        for event in self.connection.receive_data(data):
            self._see(event)
        self.flush()
        return True

    async def rest(self) -> bytes:
        """All that comes until the other end closes."""
        async with asyncio.timeout(10):
            return await self._reader.read()

    async def some(self) -> bytes:
        """What came next, as it is."""
        async with asyncio.timeout(10):
            return await self._reader.read(65_536)

    def _see(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.ResponseReceived):
            self.answers[event.stream_id].headers = {str(name): str(value) for name, value in event.headers}
        elif isinstance(event, h2.events.DataReceived):
            self.answers[event.stream_id].body += event.data
            self._held.append((event.flow_controlled_length, event.stream_id))
            if self.acknowledging:
                self.acknowledge()
        elif isinstance(event, h2.events.StreamEnded):
            self.answers[event.stream_id].ended = True
        elif isinstance(event, h2.events.StreamReset):
            self.answers[event.stream_id].reset = int(event.error_code)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = int(event.error_code or 0)

    def acknowledge(self) -> None:
        """What came was read."""
        for length, stream in self._held:
            self.connection.acknowledge_received_data(length, stream)
        self._held.clear()
        self.flush()

    async def upload(self, path: str, body: bytes) -> Answer:
        """Send a body as the windows of the other end allow, and wait for the answer."""
        stream = self.begin(path, [("content-length", str(len(body)))], method="POST", last=False)
        at = 0
        async with asyncio.timeout(30):
            while at < len(body):
                fits = min(self.connection.local_flow_control_window(stream), 16_384, len(body) - at)
                if not fits:
                    await self.read()
                    continue
                self.connection.send_data(stream, body[at : at + fits], end_stream=at + fits == len(body))
                at += fits
                self.flush()
                await self.writer.drain()
        [answer] = await self.finish(stream)
        return answer

    async def finish(self, *streams: int) -> list[Answer]:
        """The answers of these streams, whole."""
        async with asyncio.timeout(10):
            while not all(self.answers[each].ended or self.answers[each].reset is not None for each in streams):
                if not await self.read():
                    raise ConnectionError("the other end has closed")
        return [self.answers[each] for each in streams]

    async def ask(self, path: str, headers: Headers = (), body: bytes = b"", method: str = "POST") -> Answer:
        """Send a request and wait for its answer."""
        [answer] = await self.finish(self.begin(path, headers, body, method))
        return answer
