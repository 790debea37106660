"""One address for several servers, as a load balancer gives it: each new connection goes to the next that takes it.

It looks at connections only, never at what they carry. When a server dies its connections end; whoever connects
again comes to another.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from homeport_client.fleet.live.process import free_port

_HOST = "127.0.0.1"
_READ_BYTES = 65_536


class Balancer:
    """Listens on one port of 127.0.0.1, for servers on others."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._port = free_port()
        self._ports = ports
        self._turn = 0
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """What phones call."""
        return f"http://{_HOST}:{self._port}"

    async def start(self) -> None:
        """Take connections from now on."""
        self._server = await asyncio.start_server(self._take, _HOST, self._port)

    async def close(self) -> None:
        """End every connection, and take no more. Harmless when it has not started."""
        if self._server is None:
            return
        self._server.close()
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)
        await self._server.wait_closed()

    def _take(self, phone: asyncio.StreamReader, to_phone: asyncio.StreamWriter) -> None:
        line = asyncio.create_task(self._join(phone, to_phone))
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)

    async def _join(self, phone: asyncio.StreamReader, to_phone: asyncio.StreamWriter) -> None:
        """Carry both ways until one side ends; with no server there, end at once."""
        with contextlib.closing(to_phone):
            server, to_server = await self._connect()
            if server is None or to_server is None:
                return
            with contextlib.closing(to_server):
                ways = [asyncio.create_task(_carry(phone, to_server)), asyncio.create_task(_carry(server, to_phone))]
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | tuple[None, None]:
        for _ in self._ports:
            self._turn = (self._turn + 1) % len(self._ports)
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(_HOST, self._ports[self._turn])
        return None, None


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while part := await source.read(_READ_BYTES):
            target.write(part)
            await target.drain()
