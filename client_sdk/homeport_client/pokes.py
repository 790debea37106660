"""Listening for pokes, beside everything else: a socket that is lost costs speed and never holds up the syncing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from random import Random

from homeport_client.backoff import pause_s
from homeport_client.errors import DeviceError, Refused
from homeport_client.limits import DeviceLimits
from homeport_client.state import Event
from homeport_client.transport import Transport


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
        self._listening: asyncio.Task[None] | None = None

    def hold(self) -> None:
        """Opens the socket, and from now on opens it again when it is lost; harmless when it is held already."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())

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
            with suppress(asyncio.CancelledError):
                await listening

    async def _listen(self) -> None:
        failures = 0
        while True:
            told_ms = None
            try:
                async with self._transport.pokes() as pokes:
                    async for _ in pokes:
                        failures = 0
                        self._tell(Event.POKED)
            except Refused as error:
                self.refusal = error
                self._tell(Event.REFUSED)
                return
            except DeviceError as error:  # the next one heals it, and polling does meanwhile
                told_ms = error.retry_after_ms
            if told_ms is None:
                failures += 1
            await asyncio.sleep(pause_s(failures, told_ms, self._random, self._limits))
