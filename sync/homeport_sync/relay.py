"""Signals between processes, whatever wire carries them: the `Signals` port without its I/O.

A wire takes one text at a time to every process, this one included, and may be lost at any moment. The relay keeps one
up for ever. What is published reaches this process at once; for the others it waits, only the newest position of each
tenant, until the wire has taken the text before: so there is at most one text under way, a burst of commits becomes
one text, and while the wire is lost nothing piles up and nothing is forgotten. Whoever could not be heard meanwhile is
another matter: when a wire is up, every listener is told `EVERY_TENANT`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from random import Random
from typing import Protocol, TypeAlias

import msgspec

from homeport_sync.pause import Pause
from homeport_sync.ports import EVERY_TENANT
from homeport_sync.signals import LocalSignals, Newest

PAUSE_FIRST_S = 0.05
PAUSE_LONGEST_S = 2.0
CONNECT_S = 5
STILL_ALIVE_S = 5  # a wire that is silent is asked that often whether it still is one
FAREWELL_S = 1.0  # how long a process that ends tries to say what it has not said yet


class Wire(Protocol):
    """One connection, or what acts as one."""

    async def send(self, text: bytes) -> None:
        """Give the text to all processes. Raises whatever the wire raises when it is lost."""

    async def lost(self) -> None:
        """Return, or raise, when nothing can be sent or heard any more; at most about `STILL_ALIVE_S` late."""


Hear: TypeAlias = Callable[[bytes], None]
Changed: TypeAlias = Callable[[bool], None]
Connect: TypeAlias = Callable[[Hear], AbstractAsyncContextManager[Wire]]


class _Text(msgspec.Struct, frozen=True, array_like=True):
    """What goes over the wire: who sends it, so that they ignore their own echo, and positions by tenant."""

    sender: str
    positions: dict[str, int]


def unheard(_connected: bool) -> None:
    """For whoever does not want to know."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Text).decode


class Relay:
    """The `Signals` port over a wire. `sender` is this process's own name, `text_bytes_max` what the wire carries;
    `changed` is told whenever a wire has come up or was lost, and when the first try has failed."""

    def __init__(self, sender: str, text_bytes_max: int, random: Random, changed: Changed) -> None:
        self._sender = sender
        self._text_bytes_max = text_bytes_max
        self._random = random
        self._changed = changed
        self._here = LocalSignals()
        self._waiting = Newest()
        self._connected = False
        self._tried = False
        self._saying = False  # a text is under way
        self._said = asyncio.Condition()

    def publish(self, tenant: str, position: int) -> None:
        """See `ports.Signals`."""
        self._here.publish(tenant, position)
        self._waiting.tell(tenant, position)

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[tuple[str, int]]]:
        """See `ports.Signals`."""
        return self._here.listen()

    def connected(self) -> bool:
        """See `ports.Signals`."""
        return self._connected

    @asynccontextmanager
    async def over(self, connect: Connect) -> AsyncIterator[Relay]:
        """Keep a wire up until the context is left. Entering waits for nothing: there may be no server yet."""
        running = asyncio.create_task(self._run(connect))
        try:
            yield self
            with suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_S):
                    await self._all_said()
        finally:
            running.cancel()
            await asyncio.wait({running})

    async def _run(self, connect: Connect) -> None:
        pause = Pause(PAUSE_FIRST_S, PAUSE_LONGEST_S, self._random)
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            with suppress(Exception):  # whatever a wire raises, the next one is tried; `connected` tells meanwhile
                await self._carry(connect)
            _heed_the_end()
            if not self._tried:
                self._changed(False)
            self._tried = True
            if loop.time() - began > PAUSE_LONGEST_S:
                pause.begin_again()
            await asyncio.sleep(pause.next_s())

    async def _carry(self, connect: Connect) -> None:
        """The life of one wire."""
        async with connect(self._hear) as wire:
            _heed_the_end()
            self._tried = self._connected = True
            self._changed(True)
            self._here.publish(EVERY_TENANT, 0)
            ends = [asyncio.ensure_future(self._send(wire)), asyncio.ensure_future(wire.lost())]
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                self._changed(False)
            finally:
                self._connected = False
                for end in ends:
                    end.cancel()
                await asyncio.gather(*ends, return_exceptions=True)

    async def _send(self, wire: Wire) -> None:
        while True:
            await self._waiting.waiting()
            positions = self._take()
            self._saying = True
            try:
                await wire.send(_encode(_Text(self._sender, positions)))
            except BaseException:
                for tenant, position in positions.items():  # it may not have arrived: the next wire takes it again
                    self._waiting.tell(tenant, position)
                raise
            finally:
                self._saying = False
            async with self._said:
                self._said.notify_all()

    def _take(self) -> dict[str, int]:
        """As many positions as one text holds, at least one."""
        taken: dict[str, int] = {}
        room = self._text_bytes_max - len(_encode(_Text(self._sender, {})))
        while self._waiting:
            tenant, position = self._waiting.first()
            size = len(_encode({tenant: position}))
            if taken and size > room:
                break
            self._waiting.take()
            if size > room:  # a name too long for any text
                tenant, position = EVERY_TENANT, 0
            taken[tenant] = position
            room -= size
        return taken

    def _hear(self, text: bytes) -> None:
        try:
            heard = _decode(text)
        except (msgspec.MsgspecError, RecursionError):
            return  # none of ours
        if heard.sender != self._sender:
            for tenant, position in heard.positions.items():
                self._here.publish(tenant, position)

    async def _all_said(self) -> None:
        async with self._said:
            await self._said.wait_for(lambda: not (self._connected and (self._waiting or self._saying)))


def _heed_the_end() -> None:
    """Ends a task that was told to end while a library of a wire waited: `wait_for` of Python 3.11 may lose that."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
