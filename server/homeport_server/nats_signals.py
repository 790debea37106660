"""Signals by NATS: core publish and subscribe on one subject, over one connection.

nats-py's own reconnecting is not used: it waits 2 s between its tries, keeps what was published for a server that
comes back, and logs each failure with a traceback. The relay does that for every wire alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from random import SystemRandom
from secrets import token_hex

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from homeport_sync.relay import CONNECT_S, STILL_ALIVE_S, Changed, Hear, Relay, Wire, unheard

SUBJECT = "homeport.signals"
TEXT_BYTES_MAX = 65_536  # NATS takes 1 MB unless it is told otherwise
UNREAD_BYTES_MAX = 8 * TEXT_BYTES_MAX


def nats_signals(url: str, subject: str = SUBJECT, changed: Changed = unheard) -> AbstractAsyncContextManager[Relay]:
    """The `Signals` port on the NATS at `url` (several: with commas), for as long as the context lasts."""
    return Relay(token_hex(8), TEXT_BYTES_MAX, SystemRandom(), changed).over(partial(_connected, url, subject))


class _Subject:
    """A subject of a connected client as a wire."""

    def __init__(self, client: Client, subject: str, gone: asyncio.Event) -> None:
        self._client = client
        self._subject = subject
        self._gone = gone

    async def send(self, text: bytes) -> None:
        """See `relay.Wire`. The flush waits for the server's answer: only then is it known to have the text."""
        await self._client.publish(self._subject, text)
        await self._client.flush(timeout=CONNECT_S)

    async def lost(self) -> None:
        """See `relay.Wire`. nats-py asks the server now and then whether it is still there."""
        await self._gone.wait()


@asynccontextmanager
async def _connected(url: str, subject: str, hear: Hear) -> AsyncIterator[Wire]:
    gone = asyncio.Event()

    async def disconnected() -> None:
        gone.set()

    async def heard(message: Msg) -> None:
        hear(message.data)

    client = Client()
    try:
        async with asyncio.timeout(CONNECT_S):
            await client.connect(
                url.split(","),
                name="homeport",
                error_cb=_ignored,
                disconnected_cb=disconnected,
                connect_timeout=CONNECT_S,
                reconnect_time_wait=0,
                max_reconnect_attempts=1,  # 0 and below mean for ever
                ping_interval=STILL_ALIVE_S,
                max_outstanding_pings=1,
                no_echo=True,
                pending_size=UNREAD_BYTES_MAX,
            )
            await client.subscribe(subject, cb=heard, pending_bytes_limit=UNREAD_BYTES_MAX)
            await client.flush(timeout=CONNECT_S)
        yield _Subject(client, subject, gone)
    finally:
        with suppress(nats.errors.Error, OSError, TimeoutError):
            async with asyncio.timeout(CONNECT_S):
                await client.close()


async def _ignored(_error: Exception) -> None:
    """`Relay.connected` tells of it, and what must be said is said there."""
