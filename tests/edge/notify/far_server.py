"""The server by other hands on a real socket: `h2`, with a script, on 127.0.0.1."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from h2.settings import SettingCodes

from tests.unit.notify.far_end import FarEnd, Heard, Script, echo


class Seat(asyncio.Protocol):
    """One connection that was accepted."""

    def __init__(self, server: FarServer) -> None:
        self.far = FarEnd(server.script, server.settings)
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.socket = cast("asyncio.Transport", transport)
        self._server.seats.append(self)
        self.flush()

    def data_received(self, data: bytes) -> None:
        out = self.far.receive(data)
        self.socket.write(out)
        self._server.moved()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(None)
        self._server.moved()

    def flush(self) -> None:
        """Write what was said outside of the script."""
        self.socket.write(self.far.h2.data_to_send())

    def reply(self, heard: Heard, status: int = 200, body: bytes = b"") -> None:
        """Answer now what came before."""
        self.far.reply(heard.stream, status, body)
        self.flush()


@dataclass
class FarServer:
    """All connections of one server, in the order they came."""

    script: Script = echo
    settings: Mapping[SettingCodes, int] = field(default_factory=dict)
    seats: list[Seat] = field(default_factory=list)
    origin: str = ""

    def __post_init__(self) -> None:
        self._moved = asyncio.Event()
        self.stop_listening: Callable[[], None] = lambda: None

    @property
    def heard(self) -> list[Heard]:
        return [heard for seat in self.seats for heard in seat.far.heard]

    def moved(self) -> None:
        self._moved.set()

    async def heard_of(self, count: int) -> None:
        """Wait until so many requests came."""
        while len(self.heard) < count:
            self._moved.clear()
            await self._moved.wait()


@asynccontextmanager
async def serving(
    script: Script = echo,
    settings: Mapping[SettingCodes, int] | None = None,
    *,
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[FarServer]:
    """A server until the end of the block. With a context it speaks TLS, as `localhost`."""
    far = FarServer(script, settings or {})
    listening = await asyncio.get_running_loop().create_server(lambda: Seat(far), "127.0.0.1", 0, ssl=context)
    far.stop_listening = listening.close
    port = listening.sockets[0].getsockname()[1]
    far.origin = f"https://localhost:{port}" if context else f"http://127.0.0.1:{port}"
    try:
        yield far
    finally:
        listening.close()
        for seat in far.seats:
            seat.socket.abort()
            await seat.lost
