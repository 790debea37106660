"""Signals by LISTEN and NOTIFY: one connection that hears, one that speaks, both lost together.

NOTIFY is a transaction of its own, sent after the commit it tells of: inside it, all commits that notify would wait for
each other. It writes nothing that must survive, so it does not wait for the disk either. A pool that hands connections
from transaction to transaction (such as PgBouncer's transaction mode) does not carry LISTEN: give the server's own
address, or use NATS.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from random import SystemRandom
from secrets import token_hex

import asyncpg

from homeport_sync.relay import CONNECT_S, STILL_ALIVE_S, Changed, Hear, Relay, Wire, unheard

CHANNEL = "homeport"
NOTIFY_BYTES_MAX = 7_999  # PostgreSQL takes less than 8,000
_SPEAK = f"SELECT pg_notify('{CHANNEL}', $1)"
_SETTINGS = {"application_name": "homeport signals", "synchronous_commit": "off"}


def postgres_signals(url: str, changed: Changed = unheard) -> AbstractAsyncContextManager[Relay]:
    """The `Signals` port on the PostgreSQL at `url`, for as long as the context lasts."""
    return Relay(token_hex(8), NOTIFY_BYTES_MAX, SystemRandom(), changed).over(partial(_connected, url))


class _Pair:
    """The two connections as one wire."""

    def __init__(self, ear: asyncpg.Connection, voice: asyncpg.Connection) -> None:
        self._ear = ear
        self._voice = voice
        self._dead = asyncio.Event()
        for connection in (ear, voice):
            connection.add_termination_listener(lambda _: self._dead.set())

    async def send(self, text: bytes) -> None:
        """See `relay.Wire`."""
        await self._voice.execute(_SPEAK, text.decode(), timeout=CONNECT_S)

    async def lost(self) -> None:
        """See `relay.Wire`. A host that vanished closes no connection: so the ear is asked now and then, and the
        voice is found out when it speaks."""
        while not self._dead.is_set():
            try:
                async with asyncio.timeout(STILL_ALIVE_S):
                    await self._dead.wait()
            except TimeoutError:
                await self._ear.execute("SELECT 1", timeout=CONNECT_S)


@asynccontextmanager
async def _connected(url: str, hear: Hear) -> AsyncIterator[Wire]:
    async with AsyncExitStack() as stack:
        async with asyncio.timeout(CONNECT_S):  # LISTEN has no limit of its own, and here nobody asks if it still lives
            ear = await _connection(url, stack)
            pair = _Pair(ear, await _connection(url, stack))
            await ear.add_listener(CHANNEL, lambda _connection, _pid, _channel, text: hear(text.encode()))
        yield pair


async def _connection(url: str, stack: AsyncExitStack) -> asyncpg.Connection:
    opened = await asyncpg.connect(url, server_settings=_SETTINGS)
    stack.callback(opened.terminate)  # nothing to say farewell for; a dead one would keep us waiting
    return opened
