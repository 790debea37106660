"""The far end of a proxied line: a tiny HTTP/1.1 server of its own making, which knows exactly what has arrived.

It reads and writes bytes with nothing the proxy uses, and answers with the body it was sent, framed as that was.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from homeport_client.fleet.live.process import until

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
LONG_S = 5.0


@dataclass(frozen=True, slots=True)
class Heard:
    """A request that arrived whole. `head` has its lines as they came."""

    head: bytes
    body: bytes

    @property
    def target(self) -> str:
        return self.head.split(b" ")[1].decode()


@dataclass(slots=True)
class FarEnd:
    """`heard` arrived whole; of `broken` ones it has what came before their connection ended."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    broken: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    def targets(self) -> list[str]:
        return [each.target for each in self.heard]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        ear = _Ear(reader)
        try:
            while True:
                self.heard.append(heard := await _hear(ear, writer))
                await self.answers.wait()
                writer.write(answer(heard))
                await writer.drain()
        except (EOFError, OSError):
            if ear.came:
                self.broken.append(bytes(ear.came))
        finally:
            self.open -= 1
            writer.close()


class _Ear:
    """Hears bytes as they come, so that it is known what came before a reset."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.came = bytearray()
        self._reader = reader
        self._place = 0

    async def until(self, mark: bytes) -> bytes:
        """As far as the mark, and that."""
        while (end := self.came.find(mark, self._place)) < 0:
            await self._more()
        return self._move(end + len(mark))

    async def exactly(self, size: int) -> bytes:
        while len(self.came) < self._place + size:
            await self._more()
        return self._move(self._place + size)

    def forget(self) -> None:
        """What has come is a whole request."""
        del self.came[: self._place]
        self._place = 0

    async def _more(self) -> None:
        part = await self._reader.read(65_536)
        if not part:
            raise EOFError
        self.came += part

    def _move(self, end: int) -> bytes:
        passed = bytes(self.came[self._place : end])
        self._place = end
        return passed


async def _hear(ear: _Ear, writer: asyncio.StreamWriter) -> Heard:
    head = await ear.until(b"\r\n\r\n")
    if b"100-continue" in head:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if b"chunked" in head.lower():
        body = await _chunks(ear)
    else:
        body = await ear.exactly(int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or b"0"))
    ear.forget()
    return Heard(head, body)


async def _chunks(ear: _Ear) -> bytes:
    body = bytearray()
    while size := int(await ear.until(b"\r\n"), 16):
        body += await ear.exactly(size)
        await ear.exactly(2)
    await ear.exactly(2)
    return bytes(body)


def answer(heard: Heard) -> bytes:
    if b"chunked" in heard.head.lower():
        return OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(heard.body, 1_000)
    return OK + b"Content-Length: %d\r\n\r\n" % len(heard.body) + heard.body


def chunked(body: bytes, size: int) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])


@contextlib.asynccontextmanager
async def far_end(tls: ssl.SSLContext | None = None) -> AsyncIterator[FarEnd]:
    """It answers at once, until `answers` is cleared. Its URL has the name localhost."""
    far = FarEnd()
    far.answers.set()
    serving: set[asyncio.Task[None]] = set()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(far.serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    listening = await asyncio.start_server(take, "127.0.0.1", 0, ssl=tls)
    scheme = "https" if tls else "http"
    far.url = f"{scheme}://localhost:{listening.sockets[0].getsockname()[1]}"
    try:
        yield far
    finally:
        listening.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def heard(far: FarEnd, count: int) -> None:
    """Wait until so many requests have arrived."""
    await until(lambda: len(far.heard) >= count, within_s=LONG_S, awaited=f"{count} requests have arrived")
