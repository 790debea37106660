"""Which signals the settings name: of this process alone on SQLite, by PostgreSQL, or by NATS where one is named."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from homeport_server.extras import NATS, POSTGRES, needing
from homeport_server.observe import Log
from homeport_server.settings import Settings
from homeport_sync.ports import Signals
from homeport_sync.relay import Changed
from homeport_sync.signals import LocalSignals


def open_signals(settings: Settings, log: Log) -> AbstractAsyncContextManager[Signals]:
    """The signals of the settings, for as long as the context lasts. Entering it waits for no server.

    Raises `BadSetting` when what they need is not installed.
    """
    if not settings.database_url:
        return _local()

    def changed(connected: bool) -> None:
        if connected:
            log.info("signals connected", pid=os.getpid())
        else:
            log.warning("signals lost", pid=os.getpid())

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
