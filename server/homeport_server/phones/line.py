"""A phone's line to the server, which everybody may watch: it tells what leaves, what arrives and what is lost.

It is a `Transport` through another one. Cut, it fails at once whatever is under way and sends nothing more: the device
learns of that as of any network that is gone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from homeport_client import DeviceError, Transport
from homeport_client.fleet.live.air import Air
from homeport_client.transport import GoAway, introduce
from homeport_server.phones.happenings import Fate, Leg
from homeport_server.phones.seldom import seldom
from homeport_sync.introduction import Introduction
from homeport_sync.telling import Telling
from homeport_sync.wire import Page, PullMessage, PushAnswer, PushMessage

Tells = Callable[[Leg, Fate, int], None]
REST_S: Final = 0.1  # between two looks of a phone at what is new: nobody sees more


class Line:
    """`told` hears of each journey. It is open from the start."""

    def __init__(self, transport: Transport, told: Tells) -> None:
        self._transport = transport
        self._told = told
        self._air = Air()

    def open(self) -> None:
        """There is a network."""
        self._air.come()

    def cut(self) -> None:
        """There is none any more: whatever is under way gets no answer."""
        self._air.go()

    def introduce(self, says: Callable[[], Introduction]) -> None:
        """See `Introduces`."""
        introduce(self._transport, says)

    async def push(self, message: PushMessage) -> PushAnswer:
        """See `Transport`."""
        count = len(message.changes)
        if count:
            self._told("push", "left", count)
        try:
            answer = await self._air.through(lambda: self._transport.push(message))
        except DeviceError:
            if count:
                self._told("push", "lost", count)
            raise
        if answer.outcomes:
            self._told("answer", "arrived", len(answer.outcomes))
        if answer.pull is not None:
            self._paged(answer.pull)
        return answer

    async def pull(self, message: PullMessage) -> Page:
        """See `Transport`."""
        try:
            page = await self._air.through(lambda: self._transport.pull(message))
        except DeviceError:
            self._told("page", "lost", 1)
            raise
        self._paged(page)
        return page

    async def tell(self, telling: Telling) -> None:
        """See `Transport`."""
        await self._air.through(lambda: self._transport.tell(telling))

    @asynccontextmanager
    async def pokes(self, device: str) -> AsyncIterator[AsyncIterator[GoAway | None]]:
        """See `Transport`."""
        self._air.check()
        async with self._transport.pokes(device) as pokes, seldom(self._poked(pokes), REST_S) as heard:
            yield heard

    def renew(self, token: str) -> None:
        """See `Transport`."""
        self._transport.renew(token)

    async def close(self) -> None:
        """See `Transport`."""
        await self._transport.close()

    async def _poked(self, pokes: AsyncIterator[GoAway | None]) -> AsyncIterator[GoAway | None]:
        first = True  # says only that the server listens for us
        while True:
            try:
                told = await self._air.through(lambda: anext(pokes))
            except StopAsyncIteration:
                return
            if told is None and not first:
                self._told("poke", "arrived", 1)
            first = False
            yield told

    def _paged(self, page: Page) -> None:
        if page.records:
            self._told("page", "arrived", len(page.records))
