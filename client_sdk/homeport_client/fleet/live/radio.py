"""A phone's way to a real server: any `Transport`, with a switch that cuts it off without telling the device.

It writes down what the phone was told, for the checkers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from homeport_client.errors import Unreachable
from homeport_client.fleet.witness import Witness
from homeport_client.transport import GoAway, Transport
from homeport_sync.wire import Page, PullMessage, PushAnswer, PushMessage

Result = TypeVar("Result")


class Radio:
    """`Transport` through another one, as long as there is a network."""

    def __init__(self, transport: Transport, user: str, witness: Witness) -> None:
        self._transport = transport
        self._user = user
        self._witness = witness
        self._reachable = True
        self._under_way: set[asyncio.Task[Any]] = set()

    @property
    def reachable(self) -> bool:
        """Whether the phone has a network at all."""
        return self._reachable

    def connect(self) -> None:
        """The phone comes out of the tunnel."""
        self._reachable = True

    def disconnect(self) -> None:
        """The phone goes into a tunnel: whatever is under way gets no answer."""
        self._reachable = False
        for task in self._under_way:
            task.cancel()

    async def push(self, message: PushMessage) -> PushAnswer:
        """See `Transport`."""
        answer = await self._through(self._transport.push(message))
        self._witness.saw(self._user, message, answer)
        return answer

    async def pull(self, message: PullMessage) -> Page:
        """See `Transport`."""
        return await self._through(self._transport.pull(message))

    @asynccontextmanager
    async def pokes(self) -> AsyncIterator[AsyncIterator[GoAway | None]]:
        """See `Transport`."""
        if not self._reachable:
            raise Unreachable("There is no network here.")
        async with self._transport.pokes() as pokes:
            yield self._poked(pokes)

    def renew(self, token: str) -> None:
        """See `Transport`."""
        self._transport.renew(token)

    async def close(self) -> None:
        """See `Transport`."""
        await self._transport.close()

    async def _poked(self, pokes: AsyncIterator[GoAway | None]) -> AsyncIterator[GoAway | None]:
        while True:
            try:
                told = await self._through(_next(pokes))
            except StopAsyncIteration:
                return
            yield told

    async def _through(self, call: Coroutine[Any, Any, Result]) -> Result:
        task = asyncio.ensure_future(call)
        self._under_way.add(task)
        try:
            if not self._reachable:
                task.cancel()
            await asyncio.wait({task})
            if task.cancelled():
                raise Unreachable("There is no network here.")
            return task.result()
        finally:
            task.cancel()
            self._under_way.discard(task)


async def _next(pokes: AsyncIterator[GoAway | None]) -> GoAway | None:
    return await anext(pokes)
