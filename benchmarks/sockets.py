"""Sockets that listen for pokes at next to no cost of their own, so that what is measured is the server."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import cast

from benchmarks.load import END_OF_HEAD
from homeport_sync.wire import POKE

TEXT = 0x81
_MASKED = 0x80
_LENGTH_16 = 126
_NO_MASK = b"\0\0\0\0"  # clients must mask; masking by zeros is allowed and costs nothing


def upgrade() -> bytes:
    """The request that opens a socket."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET /api/v1/graphql HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        f"sec-websocket-key: {key}\r\nsec-websocket-version: 13\r\n"
        "sec-websocket-protocol: graphql-transport-ws\r\n\r\n".encode()
    )


def listen(token: str, id: str = "1") -> bytes:
    """The frames that say who it is, as a device of its own, and ask for pokes under that id; a `connection_ack` and
    the first poke answer them."""
    init = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
    asked = {"query": POKE, "variables": {"device": str(uuid.uuid4())}}
    return frame(init) + frame({"id": id, "type": "subscribe", "payload": asked})


def frame(message: Mapping[str, object]) -> bytes:
    """A message as a client's text frame."""
    body = json.dumps(message).encode()
    size = len(body)
    head = bytes([TEXT, _MASKED | size]) if size < _LENGTH_16 else bytes([TEXT, _MASKED | _LENGTH_16])
    return head + (b"" if size < _LENGTH_16 else size.to_bytes(2, "big")) + _NO_MASK + body


class PokeSocket(asyncio.Protocol):
    """A `graphql-transport-ws` connection; `heard` is called at every text frame. `id` is that of its subscription."""

    def __init__(self, token: str, heard: Callable[[], None], id: str = "1") -> None:
        self._token = token
        self._id = id
        self._heard = heard
        self._buffer = bytearray()
        self._open = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(upgrade())

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._buffer += data
        if not self._open and (end := self._buffer.find(END_OF_HEAD)) >= 0:
            self._open = True
            del self._buffer[: end + len(END_OF_HEAD)]
            if self._transport:
                self._transport.write(listen(self._token, self._id))
        while self._open and len(self._buffer) >= 2 and len(self._buffer) >= 2 + self._buffer[1]:
            opcode, length = self._buffer[0], self._buffer[1]
            del self._buffer[: 2 + length]
            if opcode == TEXT:
                self._heard()

    def close(self) -> None:
        """Close the connection."""
        if self._transport:
            self._transport.close()


class Listeners:
    """Many sockets; `all_heard` is set when each frame that is expected has come."""

    def __init__(self) -> None:
        self.all_heard = asyncio.Event()
        self._sockets: list[PokeSocket] = []
        self._left = 0

    async def open(self, port: int, token: str, count: int) -> None:
        """Open `count` sockets, each with a subscription id of its own; each has its acknowledgement and its first poke
        when this returns."""
        self.expect(2 * count)
        loop = asyncio.get_running_loop()
        for number in range(count):
            make = partial(PokeSocket, token, self._hear, str(number))
            _, socket = await loop.create_connection(make, "127.0.0.1", port)
            self._sockets.append(socket)
        await self.all_heard.wait()

    def expect(self, frames: int) -> None:
        """Wait for that many frames more."""
        self.all_heard.clear()
        self._left = frames

    def close(self) -> None:
        """Close every socket."""
        for socket in self._sockets:
            socket.close()

    def _hear(self) -> None:
        self._left -= 1
        if self._left == 0:
            self.all_heard.set()
