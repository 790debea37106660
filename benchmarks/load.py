"""A load of keep-alive connections, each with one request under way at a time, at little cost of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import cast

END_OF_HEAD = b"\r\n\r\n"


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection. `ask` sends a whole request and waits for the body of its answer."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self._whole = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._buffer += data
        if not self._whole and (end := self._buffer.find(END_OF_HEAD)) >= 0:
            head = bytes(self._buffer[:end]).lower()
            length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            self._whole = end + len(END_OF_HEAD) + length
        if self._whole and len(self._buffer) >= self._whole and self._answer:
            whole, self._whole = bytes(self._buffer[: self._whole]), 0
            self._buffer.clear()
            self._answer.set_result(whole.partition(END_OF_HEAD)[2])

    def connection_lost(self, error: Exception | None) -> None:
        """Called by asyncio."""
        if self._answer and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError())

    async def ask(self, request: bytes) -> bytes:
        """The body of the answer to `request`."""
        if self._transport is None:
            raise ConnectionResetError
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Close the connection."""
        if self._transport:
            self._transport.close()


def post(path: str, body: bytes, **headers: str) -> bytes:
    """A whole POST request with a JSON body."""
    head = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", "content-type: application/json"]
    head += [f"{name}: {value}" for name, value in headers.items()]
    head += [f"content-length: {len(body)}"]
    return "\r\n".join(head).encode() + END_OF_HEAD + body


async def connect(port: int) -> Connection:
    """A connection to that port of this machine."""
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection


async def drive(port: int, requests: Sequence[Iterable[bytes]], expected: bytes) -> float:
    """Seconds until every client has sent its requests, one after the other, all clients at once.

    `requests` has one series a client. Raises `AssertionError` for an answer that does not hold `expected`.
    """
    connections = [await connect(port) for _ in requests]

    async def client(connection: Connection, series: Iterable[bytes]) -> None:
        for request in series:
            answer = await connection.ask(request)
            if expected not in answer:
                raise AssertionError(answer[:500])

    started = time.perf_counter()
    await asyncio.gather(*(client(*pair) for pair in zip(connections, requests, strict=True)))
    took_s = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return took_s
