"""Which signals the settings name: of this process alone on SQLite, by PostgreSQL, or by NATS where one is named."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final

from homeport_server.extras import NATS, POSTGRES, needing
from homeport_server.observe import Log
from homeport_server.settings import Settings
from homeport_sync.ports import Signals
from homeport_sync.relay import Changed
from homeport_sync.signals import LocalSignals

HEARD_S: Final = 2.0


def open_signals(settings: Settings, log: Log) -> AbstractAsyncContextManager[Signals]:
    """The signals of the settings, for as long as the context lasts. Entering it waits for no server.

    Raises `BadSetting` when what they need is not installed.
    """

    def changed(connected: bool) -> None:
        if connected:
            log.info("signals connected", pid=os.getpid())
        else:
            log.warning("signals lost", pid=os.getpid())

    return _open(settings, changed)


@asynccontextmanager
async def heard_signals(settings: Settings) -> AsyncIterator[Signals]:
    """The same for one who has something to say and then leaves: there is a wire, or none came up in `HEARD_S`.

    On SQLite no other process hears them: the one that serves finds what is new by its own poll.
    """
    up = asyncio.Event()

    def changed(connected: bool) -> None:
        if connected:
            up.set()

    async with _open(settings, changed) as signals:
        if settings.database_url:
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARD_S):
                    await up.wait()
        yield signals


def _open(settings: Settings, changed: Changed) -> AbstractAsyncContextManager[Signals]:
    if not settings.database_url:
        return _local()
    return _nats(settings.nats_url, changed) if settings.nats_url else _postgres(settings.database_url, changed)


@asynccontextmanager
async def _local() -> AsyncIterator[Signals]:
    yield LocalSignals()


def _postgres(url: str, changed: Changed) -> AbstractAsyncContextManager[Signals]:
    with needing(POSTGRES):
        from homeport_sync.sql.postgres.signals import postgres_signals
    return postgres_signals(url, changed)


def _nats(url: str, changed: Changed) -> AbstractAsyncContextManager[Signals]:
    with needing(NATS):
        from homeport_server.nats_signals import nats_signals
    return nats_signals(url, changed=changed)
