"""A phone's way to a real server: any `Transport`, with a switch that cuts it off without telling the device.

It writes down what the phone was told, for the checkers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from homeport_client.envelope import pull_request, push_request, tell_request
from homeport_client.errors import DeviceError
from homeport_client.fleet.check.witness import Witness
from homeport_client.fleet.live.air import Air
from homeport_client.fleet.live.provider import LiveProvider
from homeport_client.fleet.measure.meter import Meter
from homeport_client.fleet.networks import PERFECT
from homeport_client.transport import GoAway, Transport, introduce
from homeport_sync.introduction import Introduction
from homeport_sync.telling import Telling
from homeport_sync.wire import Page, PullMessage, PushAnswer, PushMessage

Result = TypeVar("Result")
_encode = msgspec.json.Encoder().encode


class Radio:
    """`Transport` through another one, as long as there is a network."""

    def __init__(
        self,
        transport: Transport,
        user: str,
        token: str,
        witness: Witness,
        meter: Meter,
        *,
        provider: LiveProvider | None = None,
    ) -> None:
        self.network = PERFECT  # what goes wrong happens in a proxy behind it
        self._transport = transport
        self._user = user
        self._token = token
        self._witness = witness
        self._meter = meter
        self._provider = provider
        self._valid = True
        self._air = Air()

    @property
    def reachable(self) -> bool:
        """Whether the phone has a network at all."""
        return self._air.there

    @property
    def valid(self) -> bool:
        """See `Way`."""
        return self._valid

    def connect(self) -> None:
        """The phone comes out of the tunnel."""
        self._air.come()

    def disconnect(self) -> None:
        """The phone goes into a tunnel: whatever is under way gets no answer."""
        self._air.go()

    def drop(self) -> None:
        """See `Way`."""
        self._air.drop()

    def expire(self) -> None:
        """See `Way`. The server refuses what is no token just as one that is too old."""
        self._valid = False
        self._transport.renew("expired")
        self.drop()

    def introduce(self, says: Callable[[], Introduction]) -> None:
        """See `Introduces`."""
        introduce(self._transport, says)

    async def push(self, message: PushMessage) -> PushAnswer:
        """See `Transport`."""
        answer = await self._metered(len(push_request(message)), lambda: self._transport.push(message))
        self._witness.saw(self._user, message, answer)
        self._meter.received(len(_encode(answer)))
        self._meter.answered(message.device, answer)
        if self._provider is not None and answer.pull is not None:
            self._provider.pulled(message.device, answer.pull)
        return answer

    async def pull(self, message: PullMessage) -> Page:
        """See `Transport`."""
        page = await self._metered(len(pull_request(message)), lambda: self._transport.pull(message))
        self._meter.received(len(_encode(page)))
        self._meter.pulled(message.device, page)
        if self._provider is not None:
            self._provider.pulled(message.device, page)
        return page

    async def tell(self, telling: Telling) -> None:
        """See `Transport`."""
        await self._metered(len(tell_request(telling)), lambda: self._transport.tell(telling))
        if self._provider is not None:
            self._provider.told(self._user, telling)

    @asynccontextmanager
    async def pokes(self, device: str) -> AsyncIterator[AsyncIterator[GoAway | None]]:
        """See `Transport`."""
        self._air.check()
        async with self._transport.pokes(device) as pokes:
            yield self._poked(pokes)

    def renew(self, token: str) -> None:
        """See `Transport`. Whatever the phone calls it, the token is the one that the site gave."""
        self._valid = True
        self._transport.renew(self._token)

    async def close(self) -> None:
        """See `Transport`."""
        await self._transport.close()

    async def _poked(self, pokes: AsyncIterator[GoAway | None]) -> AsyncIterator[GoAway | None]:
        while True:
            try:
                told = await self._air.through(lambda: anext(pokes))
            except StopAsyncIteration:
                return
            self._meter.tally.pokes += told is None
            yield told

    async def _metered(self, size: int, call: Callable[[], Awaitable[Result]]) -> Result:
        """The same for a request of so many bytes. Where there is no network it fails, and nothing is sent."""

        async def sent() -> Result:
            self._meter.sent(size)
            return await call()

        try:
            return await self._air.through(sent)
        except DeviceError as error:
            self._meter.failed(error.code)
            raise
