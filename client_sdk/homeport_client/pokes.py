"""Listening for pokes, beside everything else: a socket that is lost costs speed and never holds up the syncing.

A server that is about to stop says so on the socket. Then the next one is opened within the time it gives, and only
when that one hears is the former let go: in between both are heard, so that no poke is missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

from homeport_client.backoff import pause_s
from homeport_client.errors import DeviceError, Refused, Restarting
from homeport_client.limits import DeviceLimits
from homeport_client.state import Event
from homeport_client.transport import GoAway, Transport


class PokeSocket:
    """Holds a poke socket open and raises `poked` for each poke, `refused` when the server does not let us listen."""

    def __init__(
        self, transport: Transport, tell: Callable[[Event], None], random: Random, limits: DeviceLimits
    ) -> None:
        self.refusal: Refused | None = None
        self._transport = transport
        self._tell = tell
        self._random = random
        self._limits = limits
        self._device = ""
        self._listening: asyncio.Task[None] | None = None

    def hold(self, device: str) -> None:
        """Opens the socket as this device, and from now on opens it again when it is lost; harmless when it is held.

        A device that goes on under another id listens anew: under the old one it would be deaf to what a clone that
        keeps it changes.
        """
        if device != self._device:
            self.drop()
        if self._listening is None:
            self._device = device
            self._listening = asyncio.create_task(self._listen(device))

    def drop(self) -> None:
        """Closes the socket, without waiting for it."""
        if self._listening is not None:
            self._listening.cancel()
            self._listening = None

    async def close(self) -> None:
        """Closes the socket and waits until it is."""
        listening = self._listening
        self.drop()
        if listening is not None:
            await asyncio.wait([listening])  # whoever cancels us means us, and not what we have cancelled
            if not listening.cancelled():
                listening.result()

    async def _listen(self, device: str) -> None:
        """One socket after the other, until the server refuses."""
        former: _Line | None = None
        line = _Line(self._transport, device, self._tell)
        failures = 0
        try:
            while True:
                await _first(line.heard, line.task)
                if line.heard.done():
                    failures = 0
                    await _hang_up(former)
                    former = None
                    await _first(line.told, line.task)
                if not line.task.done():
                    former, wait_s = line, self._moment_s(line.told.result())
                else:
                    told_ms = line.ended()
                    failures += told_ms is None
                    wait_s = pause_s(failures, told_ms, self._random, self._limits)
                await self._until(wait_s, former)
                line = _Line(self._transport, device, self._tell)
        except Refused as error:
            self.refusal = error
            self._tell(Event.REFUSED)
        finally:
            await _hang_up(former, line)

    def _moment_s(self, told: GoAway) -> float:
        """A moment within the time we were given, and a little more, for that may be none at all. The server has
        spread its devices; the second half keeps that."""
        within_ms = min(told.within_ms, self._limits.retry_after_max_ms)
        return self._random.uniform(within_ms / 2, within_ms) / 1_000 + self._soon_s()

    async def _until(self, wait_s: float, former: _Line | None) -> None:
        """Wait; or, once the socket we still listen on is over, only a moment more, for we are deaf then. That it is
        over already is no news. Raises `Refused`."""
        if former is not None and not former.task.done():
            await asyncio.wait({former.task}, timeout=wait_s)
            if not former.task.done():
                return
            former.ended()
            wait_s = self._soon_s()
        await asyncio.sleep(wait_s)

    def _soon_s(self) -> float:
        return pause_s(0, 0, self._random, self._limits)


class _Line:
    """One socket, listened on by a task of its own.

    `heard` is done with the first poke, `told` when the server wants it gone, `task` when it is over.
    """

    def __init__(self, transport: Transport, device: str, tell: Callable[[Event], None]) -> None:
        loop = asyncio.get_running_loop()
        self.heard: asyncio.Future[None] = loop.create_future()
        self.told: asyncio.Future[GoAway] = loop.create_future()
        self.task = loop.create_task(self._listen(transport, device, tell))

    def ended(self) -> int | None:
        """Why it is over: how long the server told to wait, in milliseconds, or None: it failed. Raises `Refused`.

        A restart before the first poke is a failure, too: who never gets further must come back ever more seldom.
        """
        try:
            self.task.result()
        except Refused:
            raise
        except Restarting as error:
            return error.retry_after_ms if self.heard.done() else None
        except DeviceError as error:  # the next one heals it, and polling does meanwhile
            return error.retry_after_ms
        return None

    async def _listen(self, transport: Transport, device: str, tell: Callable[[Event], None]) -> None:
        async with transport.pokes(device) as pokes:
            async for news in pokes:
                if news is None:
                    if not self.heard.done():
                        self.heard.set_result(None)
                    tell(Event.POKED)
                elif not self.told.done():
                    self.told.set_result(news)


async def _first(*either: asyncio.Future[Any]) -> None:
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)


async def _hang_up(*lines: _Line | None) -> None:
    """Close sockets that are over or no longer needed; how they end does not matter any more."""
    tasks = {line.task for line in lines if line is not None}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.gather(*tasks, return_exceptions=True)
