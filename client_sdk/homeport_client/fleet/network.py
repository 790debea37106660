"""The simulated network between phones and the server, which does to messages all that real ones do.

Every message crosses as JSON text, so that nothing is shared by reference. Each phone has a `Line` of its own,
which is the client's `Transport` port; whatever goes wrong on it is drawn from that line's stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

import msgspec

from homeport_client.errors import Unreachable, server_error
from homeport_client.fleet.seed import happens
from homeport_client.fleet.server import ConnectionLost, Server
from homeport_sync.errors import HomeportError
from homeport_sync.wire import (
    Page,
    PullMessage,
    PushAnswer,
    PushMessage,
    WireError,
    decode_page,
    decode_push_answer,
)

_encode = msgspec.json.Encoder().encode
_decode_error = msgspec.json.Decoder(WireError).decode
Serve: TypeAlias = Callable[[str, bytes], Awaitable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFaults:
    """How often what goes wrong (rates from 0 to 1, for each request or poke), and how slow it is.

    `lose_request`: it never arrives. `lose_answer`: it is served, and nobody hears of it. `cut`: the connection
    ends while the server works. `double`: it arrives twice. `late`: it, or its second copy, arrives up to `late_s`
    later than what was sent after it. A phone gives up on a lost one after `patience_s`. `lose_poke` is for pokes.
    """

    lose_request: float = 0.0
    lose_answer: float = 0.0
    cut: float = 0.0
    double: float = 0.0
    late: float = 0.0
    lose_poke: float = 0.0
    delay_s: float = 0.05
    late_s: float = 20.0
    patience_s: float = 5.0


PERFECT = NetworkFaults()
ROUGH = NetworkFaults(lose_request=0.08, lose_answer=0.08, cut=0.05, double=0.08, late=0.05, lose_poke=0.3)


class Line:
    """The way from one phone to the server, as `user`. `faults` may be changed while it is in use."""

    def __init__(self, server: Server, user: str, chance: Random, faults: NetworkFaults = PERFECT) -> None:
        self.faults = faults
        self.injected = 0
        self._server = server
        self._user = user
        self._chance = chance
        self._reachable = True
        self._pokes: set[asyncio.Event] = set()
        self._stray: set[asyncio.Task[None]] = set()

    @property
    def reachable(self) -> bool:
        """Whether the phone has a network at all."""
        return self._reachable

    def connect(self) -> None:
        """The phone comes out of the tunnel."""
        self._reachable = True

    def disconnect(self) -> None:
        """The phone goes into a tunnel: answers on their way do not arrive, and its poke socket ends."""
        self._reachable = False
        for told in self._pokes:
            told.set()

    async def push(self, message: PushMessage) -> PushAnswer:
        """See `Transport`."""
        return decode_push_answer(await self._carry(self._server.push, _encode(message)))

    async def pull(self, message: PullMessage) -> Page:
        """See `Transport`."""
        return decode_page(await self._carry(self._server.pull, _encode(message)))

    def renew(self, token: str) -> None:
        """See `Transport`. The simulated server knows its users without tokens."""

    async def close(self) -> None:
        """See `Transport`."""

    @property
    def busy(self) -> bool:
        """Whether copies of old requests are still on their way."""
        return bool(self._stray)

    @asynccontextmanager
    async def pokes(self) -> AsyncIterator[AsyncIterator[None]]:
        """See `Transport`."""
        await self._travel()
        told = asyncio.Event()
        try:
            process = self._server.listen(self._user, told)
        except ConnectionLost as lost:
            raise Unreachable(str(lost)) from None
        self._pokes.add(told)
        try:
            yield self._poked(told, lambda: self._reachable and self._server.process is process)
        finally:
            self._pokes.discard(told)
            self._server.leave(told)

    async def _poked(self, told: asyncio.Event, lives: Callable[[], bool]) -> AsyncIterator[None]:
        yield None
        while True:
            await told.wait()
            told.clear()
            if not lives():
                return
            if not self._strikes(self.faults.lose_poke):
                await asyncio.sleep(self._delay())
                yield None

    async def _carry(self, serve: Serve, text: bytes) -> bytes:
        """One request and its answer, through everything that can happen to either."""
        await self._travel()
        if self._strikes(self.faults.double):
            self._send_stray(serve, text)
        if self._strikes(self.faults.late):
            self._send_stray(serve, text)
            return await self._nothing("The request is late.")
        if self._strikes(self.faults.lose_request):
            return await self._nothing("The request was lost.")
        if self._strikes(self.faults.cut):
            return await self._cut(serve, text)
        answer = await self._serve(serve, text)
        if self._strikes(self.faults.lose_answer):
            return await self._nothing("The answer was lost.")
        await self._travel()
        return answer

    async def _serve(self, serve: Serve, text: bytes) -> bytes:
        try:
            return await serve(self._user, text)
        except ConnectionLost as lost:
            raise Unreachable(str(lost)) from None
        except HomeportError as error:
            await self._travel()
            raise server_error(_decode_error(_encode(error.as_error()))) from None

    async def _cut(self, serve: Serve, text: bytes) -> bytes:
        """The server goes on with what it got; the phone knows only that the line is dead."""
        self._stray_task(self._forgotten(serve, text))
        await asyncio.sleep(self._delay())
        raise Unreachable("The connection was cut.")

    def _send_stray(self, serve: Serve, text: bytes) -> None:
        after_s = self._chance.uniform(0, self.faults.late_s)
        self._stray_task(self._forgotten(serve, text, after_s))

    def _stray_task(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._stray.add(task)
        task.add_done_callback(self._stray.discard)

    async def _forgotten(self, serve: Serve, text: bytes, after_s: float = 0.0) -> None:
        await asyncio.sleep(after_s)
        try:
            await serve(self._user, text)
        except (ConnectionLost, HomeportError):
            return

    async def _travel(self) -> None:
        """Half a round trip. Raises `Unreachable` where there is no network, at its beginning or at its end."""
        if self._reachable:
            await asyncio.sleep(self._delay())
        if not self._reachable:
            raise Unreachable("There is no network here.")

    async def _nothing(self, why: str) -> bytes:
        await asyncio.sleep(self.faults.patience_s)
        raise Unreachable(why)

    def _strikes(self, rate: float) -> bool:
        struck = happens(self._chance, rate)
        self.injected += struck
        return struck

    def _delay(self) -> float:
        return self._chance.uniform(0, self.faults.delay_s)
