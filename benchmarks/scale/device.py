"""A light device: what a real one does on coming back, at a small part of its cost, and it does as it is told."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import cast

import msgspec

from benchmarks.load import END_OF_HEAD, connect, post
from benchmarks.sockets import TEXT, listen, upgrade
from benchmarks.workload import Phone
from homeport_sync.wire import PUSH, PullInput, PushMessage

ANSWER_S = 120.0
CHANGES = 3
_CLOSE, _PING, _PONG, _MASKED = 0x88, 0x89, b"\x8a", 0x80
_NO_MASK = b"\0\0\0\0"
_SWITCHED = b"HTTP/1.1 101 "
_RETRY_AFTER = re.compile(rb'retryAfterMs(?:=|"\s*:\s*)(\d+)').search
_CURSOR = re.compile(rb'"cursor":"([^"]*)"').search
_encode = msgspec.json.encode


class Told(Exception):  # it is no error
    """The server said when to come again."""

    def __init__(self, after_ms: int) -> None:
        super().__init__(after_ms)
        self.after_s = after_ms / 1_000


@dataclass(slots=True)
class Tally:
    """What became of many devices: how often they were told to wait, and what went wrong, by its words."""

    told: int = 0
    errors: Counter[str] = field(default_factory=Counter)


class Line(asyncio.Protocol):
    """A poke socket. `poked` is done with the first poke, or fails with `Told` or `ConnectionError`."""

    def __init__(self, token: str) -> None:
        self.poked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._token = token
        self._buffer = b""
        self._open = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(upgrade())

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._buffer += data
        if not self._open and END_OF_HEAD in self._buffer:
            head, _, self._buffer = self._buffer.partition(END_OF_HEAD)
            if not head.startswith(_SWITCHED):
                self._fail(head + self._buffer)
                return
            self._open = True
            self._write(listen(self._token))
        while self._open and len(self._buffer) >= 2 and len(self._buffer) >= 2 + self._buffer[1]:
            opcode, end = self._buffer[0], 2 + self._buffer[1]
            body, self._buffer = self._buffer[2:end], self._buffer[end:]
            self._take(opcode, body)

    def connection_lost(self, error: Exception | None) -> None:
        """Called by asyncio."""
        self._fail(repr(error).encode())

    def close(self) -> None:
        """Be gone, without a farewell."""
        if self._transport:
            self._transport.abort()

    def _take(self, opcode: int, body: bytes) -> None:
        if opcode == TEXT and b'"next"' in body and not self.poked.done():
            self.poked.set_result(None)
        elif opcode == _PING:
            self._write(_PONG + bytes([_MASKED | len(body)]) + _NO_MASK + body)
        elif opcode == _CLOSE:
            self._fail(body)

    def _write(self, data: bytes) -> None:
        if self._transport:
            self._transport.write(data)

    def _fail(self, why: bytes) -> None:
        if not self.poked.done():
            told = _RETRY_AFTER(why)
            self.poked.set_exception(Told(int(told[1])) if told else ConnectionError(why[:200]))


class LightDevice:
    """One device of one user. It comes back with some changes, and is through when it has pulled and heard a poke."""

    def __init__(self, port: int, token: str, phone: Phone) -> None:
        self._port = port
        self._token = token
        self._phone = phone
        self._cursor: str | None = None
        self._request = b""
        self._line: Line | None = None

    def work(self) -> None:
        """Write some changes, to be pushed when it comes back."""
        made = self._phone.push(CHANGES)
        message = PushMessage(
            device=made.device,
            changes=made.changes,
            confirmed=made.confirmed,
            clock_ms=made.clock_ms,
            pull=PullInput(cursor=self._cursor),
        )
        body = _encode({"query": PUSH, "variables": message})
        self._request = post("/api/v1/graphql", body, authorization=f"Bearer {self._token}")

    async def come_back(self, tally: Tally) -> None:
        """Push and pull, then listen; each again when it is told to wait, or when it goes wrong, which is counted."""
        for step in (self._push, self._listen):
            while True:
                try:
                    async with asyncio.timeout(ANSWER_S):
                        await step()
                    break
                except Told as told:
                    tally.told += 1
                    await asyncio.sleep(told.after_s)
                except (OSError, TimeoutError) as error:
                    tally.errors[repr(error)[:200]] += 1
                    await asyncio.sleep(1.0)

    def drop(self) -> None:
        """Lose the connection."""
        if self._line:
            self._line.close()

    async def _push(self) -> None:
        connection = await connect(self._port)
        try:
            answer = await connection.ask(self._request)
        finally:
            connection.close()
        if told := _RETRY_AFTER(answer):
            raise Told(int(told[1]))
        if b'"applied"' not in answer or not (cursor := _CURSOR(answer)):
            raise ConnectionError(answer[:200])
        self._cursor = cursor[1].decode()

    async def _listen(self) -> None:
        self.drop()
        loop = asyncio.get_running_loop()
        _, self._line = await loop.create_connection(lambda: Line(self._token), "127.0.0.1", self._port)
        await self._line.poked
