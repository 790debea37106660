"""The way from one phone to the simulated server: the client's `Transport` port, over bodies as HTTP carries them.

Nothing is shared by reference. What goes wrong is drawn from the line's own stream, once for each request, or was armed
before; either way it is told, so that it becomes a step of the story.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import TypeAlias, TypeVar

from homeport_client.envelope import pull_request, push_request, read_pull, read_push, read_tell, tell_request
from homeport_client.errors import DeviceError, Refused, Unreachable
from homeport_client.fleet.beside import failure_of
from homeport_client.fleet.measure.meter import Meter
from homeport_client.fleet.networks import Network
from homeport_client.fleet.seed import at_moment, happens
from homeport_client.fleet.sim.incidents import BY_NAME, Answer, Trip, nothing
from homeport_client.fleet.sim.server import ConnectionLost, Server
from homeport_client.fleet.troubles import NONE, Troubles
from homeport_sync.telling import Telling
from homeport_sync.wire import Page, PullMessage, PushAnswer, PushMessage

URL = "the simulated server"
_EXPIRED = (401, b'{"errors":[{"message":"The token has expired.","extensions":{"code":"TOKEN_EXPIRED"}}]}')
Result = TypeVar("Result")
Serve: TypeAlias = Callable[[str, bytes], Awaitable[Answer]]
_TOO_LARGE, _POKE = "too_large", "lose_poke"


class Line:
    """A `Way` as `user`, over `network`, which may be changed while it is in use. How long each way takes belongs to
    its moment and the `salt`, which all lives of a phone share. `armed` is what befalls it in a story that is played
    again; `struck` is told of each incident, and whether it was drawn. `failure` is what the server
    broke on when a copy of an old request came: no phone hears of that."""

    def __init__(
        self,
        server: Server,
        user: str,
        chance: Random,
        network: Network,
        meter: Meter,
        *,
        salt: int,
        armed: Troubles = NONE,
        struck: Callable[[str, bool], None] = lambda incident, drawn: None,
    ) -> None:
        self.network = network
        self._server = server
        self._user = user
        self._chance = chance
        self._salt = salt
        self._meter = meter
        self._struck = struck
        self._armed = armed
        self._reachable = True
        self._valid = True
        self._breaks = 0
        self._pokes: dict[asyncio.Event, None] = {}  # a set would have another order in every process
        self._stray: set[asyncio.Task[None]] = set()
        self.failure: BaseException | None = None

    @property
    def reachable(self) -> bool:
        """See `Way`."""
        return self._reachable

    @property
    def valid(self) -> bool:
        """See `Way`."""
        return self._valid

    @property
    def busy(self) -> bool:
        """Whether copies of old requests are still on their way."""
        return bool(self._stray)

    def connect(self) -> None:
        """See `Way`."""
        self._reachable = True

    def disconnect(self) -> None:
        """See `Way`."""
        self._reachable = False
        self.drop()

    def drop(self) -> None:
        """See `Way`."""
        self._breaks += 1
        for told in self._pokes:
            told.set()

    def expire(self) -> None:
        """See `Way`."""
        self._valid = False
        self.drop()

    def renew(self, token: str) -> None:
        """See `Transport`. Every new token is valid."""
        self._valid = True

    async def close(self) -> None:
        """See `Transport`."""

    async def push(self, message: PushMessage) -> PushAnswer:
        """See `Transport`."""
        answer = await self._told(self._server.push, push_request(message), read_push)
        self._meter.answered(message.device, answer)
        return answer

    async def pull(self, message: PullMessage) -> Page:
        """See `Transport`."""
        page = await self._told(self._server.pull, pull_request(message), read_pull)
        self._meter.pulled(message.device, page)
        return page

    async def tell(self, telling: Telling) -> None:
        """See `Transport`. It meets no incident, for it is told beside requests that may come at the same moment: what
        befell which of them, a replay could not tell. Where there is no network, it fails."""
        body, breaks = tell_request(telling), self._breaks
        if not self._reachable:
            raise Unreachable("There is no network here.")
        self._meter.sent(len(body))
        try:
            await self._travel(len(body), breaks)
            answer = await self._serve(self._server.tell, body)
            await self._travel(len(answer[1]), breaks)
            read_tell(URL, *answer)
        except DeviceError as error:
            self._meter.failed(error.code)
            raise

    @asynccontextmanager
    async def pokes(self, device: str) -> AsyncIterator[AsyncIterator[None]]:
        """See `Transport`."""
        if not self._reachable:
            raise Unreachable("There is no network here.")
        await self._travel(0, self._breaks)
        if not self.network.sockets:
            raise Unreachable("A proxy on the way lets no WebSocket through.")
        if not self._valid:
            raise Refused("The token has expired.")
        told, breaks = asyncio.Event(), self._breaks
        try:
            process = self._server.listen(self._user, device, told)
        except ConnectionLost as lost:
            raise Unreachable(str(lost)) from None
        self._pokes[told] = None
        try:
            yield self._poked(told, lambda: self._breaks == breaks and self._server.process is process)
        finally:
            self._pokes.pop(told, None)
            self._server.leave(self._user, told)

    async def _poked(self, told: asyncio.Event, lives: Callable[[], bool]) -> AsyncIterator[None]:
        yield None
        while True:
            await told.wait()
            told.clear()
            if not lives():
                return
            self._meter.tally.pokes += 1
            if not self._loses_poke():
                await asyncio.sleep(self._delay())
                yield None

    async def _told(self, serve: Serve, body: bytes, read: Callable[[str, int, bytes], Result]) -> Result:
        """What one request brings, with the meter running: an answer that says no, or is not the server's, has failed
        too."""
        try:
            return read(URL, *await self._carry(serve, body))
        except DeviceError as error:
            self._meter.failed(error.code)
            raise

    async def _carry(self, serve: Serve, body: bytes) -> Answer:
        """One request and its answer, through everything that can happen to either."""
        if not self._reachable:
            raise Unreachable("There is no network here.")
        breaks = self._breaks
        self._meter.sent(len(body))

        async def there() -> None:
            await self._travel(len(body), breaks)

        async def back(answer: Answer) -> Answer:
            await self._travel(len(answer[1]), breaks)
            self._meter.received(len(answer[1]))
            return answer

        return await BY_NAME.get(self._incident(len(body)), nothing)(
            Trip(
                network=self.network,
                chance=self._chance,
                there=there,
                serve=lambda: self._serve(serve, body),
                back=back,
                stray=lambda after_s: self._send_stray(serve, body, after_s),
            )
        )

    def _incident(self, size: int) -> str:
        """What befalls this request; one is drawn in any case, so that a replay draws the same delays."""
        left, named = self._chance.random(), ""
        for incident, rate in self.network.rates.items():
            if 0 <= left < rate:
                named = incident
            left -= rate
        drawn = bool(named)
        if not named:
            named = self._armed.take(lambda name: name in BY_NAME)
        if not named and 0 < self.network.body_bytes_max < size:
            named = _TOO_LARGE
        if named:
            self._struck(named, drawn)
        return named

    def _loses_poke(self) -> bool:
        drawn = happens(self._chance, self.network.lose_poke)
        lost = drawn or bool(self._armed.take(lambda name: name == _POKE))
        if lost:
            self._struck(_POKE, drawn)
        return lost

    async def _serve(self, serve: Serve, body: bytes) -> Answer:
        if not self._valid:
            return _EXPIRED
        try:
            return await serve(self._user, body)
        except ConnectionLost as lost:
            raise Unreachable(str(lost)) from None

    def _send_stray(self, serve: Serve, body: bytes, after_s: float) -> None:
        task = asyncio.ensure_future(self._forgotten(serve, body, after_s))
        self._stray.add(task)
        task.add_done_callback(self._stray_over)

    def _stray_over(self, task: asyncio.Task[None]) -> None:
        self._stray.discard(task)
        self.failure = self.failure or failure_of(task)

    async def _forgotten(self, serve: Serve, body: bytes, after_s: float) -> None:
        await asyncio.sleep(after_s)
        with suppress(Unreachable):
            await self._serve(serve, body)

    async def _travel(self, size: int, breaks: int) -> None:
        """One way. Raises `Unreachable` where there is no network any more at its end."""
        throttled_s = size / self.network.bytes_per_s if self.network.bytes_per_s else 0.0
        await asyncio.sleep(self._delay() + throttled_s)
        if not self._reachable or self._breaks != breaks:
            raise Unreachable("The network is gone.")

    def _delay(self) -> float:
        shortest_s, longest_s = self.network.delay_s
        now_s = asyncio.get_running_loop().time()
        return shortest_s + (longest_s - shortest_s) * at_moment(self._salt, now_s, "delay")
