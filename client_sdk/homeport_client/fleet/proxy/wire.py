"""One end of a proxied connection as bytes, no faster than the network carries them.

Memory is bounded: nothing more is read while what was read is not written, and a stream holds no more than the limits
say. `bytes_per_s` counts for each connection and each way by itself: each client is taken for a phone of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Iterator
from typing import NoReturn

from homeport_client.fleet.proxy.errors import Gone, PhoneGone, ServerGone
from homeport_client.fleet.proxy.road import Road

_AT_ONCE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)  # SO_LINGER: on, for no time at all


class Wire:
    """Reads and writes. Raises `PhoneGone` or `ServerGone`, as it may be, when the other end is gone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, road: Road, *, server: bool) -> None:
        self.ended = False  # has said its last
        self._said_goodbye = False
        self._reader = reader
        self._writer = writer
        self._road = road
        self._gone: type[Gone] = ServerGone if server else PhoneGone
        self._meter = road.tally.servers if server else road.tally.phones
        writer.transport.set_write_buffer_limits(road.limits.buffer_bytes)

    async def read(self) -> bytes:
        """Bytes as they come; none at the end."""
        try:
            data = await self._reader.read(self._road.limits.read_bytes)
        except OSError as error:
            self.go(error)
        self._meter.came += len(data)
        self.ended = not data
        return data

    async def write(self, data: bytes) -> None:
        """Waits while there is no network, and as long as this network needs for so many bytes."""
        rate = self._road.network.bytes_per_s
        for piece in _pieces(data, int(rate * self._road.limits.slice_s) if rate else len(data)):
            await self._road.air.wait()
            try:
                self._writer.write(piece)
                await self._writer.drain()
            except OSError as error:
                self.go(error)
            self._meter.went += len(piece)
            if rate:
                await self._road.sleep(len(piece) / rate)

    async def leave(self) -> None:
        """Until it is gone; whatever it says is dropped."""
        with contextlib.suppress(Gone):
            while await self.read():
                pass

    async def linger(self) -> None:
        """Says that nothing more comes, and hears out for a while what it still sends: a reset would eat the answer."""
        limits, heard = self._road.limits, 0
        if self._said_goodbye:
            return
        self._said_goodbye = True
        with contextlib.suppress(OSError, Gone):
            async with asyncio.timeout(limits.linger_s):
                await self._flush()
                self._writer.write_eof()
                while heard < limits.linger_bytes_max and (data := await self.read()):
                    heard += len(data)

    async def cut(self, said: bytes) -> None:
        """The last words, as far as they can be brought, and a reset in the middle of them."""
        await self.write(said)
        with contextlib.suppress(OSError):
            async with asyncio.timeout(self._road.limits.linger_s):
                await self._flush()
        self.reset()

    async def close(self) -> None:
        """Ends the connection in good order; by a reset where that takes too long."""
        with contextlib.suppress(OSError):
            async with asyncio.timeout(self._road.limits.linger_s):
                self._writer.close()
                await self._writer.wait_closed()
        self.reset()

    def reset(self) -> None:
        """Ends it at once, as a broken line does. Harmless when it has ended."""
        reset(self._writer)

    def go(self, error: OSError | None) -> NoReturn:
        """Says that the other end is gone."""
        raise self._gone(f"The connection has ended ({error}).") from error

    async def _flush(self) -> None:
        self._writer.transport.set_write_buffer_limits(0)
        await self._writer.drain()


def reset(writer: asyncio.StreamWriter) -> None:
    """A TCP reset. Harmless when the connection has ended."""
    connection: socket.socket | None = writer.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()


def _pieces(data: bytes, step: int) -> Iterator[bytes]:
    step = max(step, 1)
    for start in range(0, len(data), step):
        yield data[start : start + step]
