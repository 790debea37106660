"""Which database the settings name: one SQLite file in the data directory, or PostgreSQL for many processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, runtime_checkable

from homeport_notify.memory import MemoryNotifyStore
from homeport_notify.ports import NotifyStore
from homeport_notify.sql.door import Door
from homeport_notify.sql.store import SqlNotifyStore
from homeport_server.data import database_of
from homeport_server.extras import POSTGRES, needing
from homeport_server.settings import Settings
from homeport_server.tables import BESIDE
from homeport_sync import LIMITS
from homeport_sync.annals import Annals
from homeport_sync.index_book import IndexBook
from homeport_sync.installation import Installation
from homeport_sync.key_book import KeyBook
from homeport_sync.lookups import Lookups
from homeport_sync.ports import LogStore, Places, Tenants
from homeport_sync.quarantine import Quarantine
from homeport_sync.query import Queries
from homeport_sync.receipts import Receipts
from homeport_sync.sightings import Sightings
from homeport_sync.usage import Usage


class Store(
    Annals,
    IndexBook,
    Installation,
    KeyBook,
    LogStore,
    Lookups,
    Places,
    Quarantine,
    Queries,
    Receipts,
    Sightings,
    Tenants,
    Usage,
    Protocol,
):
    """What every adapter is: one store for the log, what was rejected, the followers' places, what they count,
    devices, their receipts, tenants, for which declaration keys are kept, what is looked up, what is asked with which
    indexes, and the log as people read it."""


@runtime_checkable
class LendsItsDatabase(Protocol):
    """What a store on a database is, and one in memory is not."""

    @property
    def beside(self) -> Door:
        """The door for the tables of notifications."""


class OpenedStore(Store, Protocol):
    """A store on a database, which lends others its transactions."""

    @property
    def beside(self) -> Door:
        """The door for the tables of notifications."""

    async def close(self) -> None:
        """Finish what is under way, then let go of every connection."""


async def open_store(settings: Settings) -> OpenedStore:
    """The store of the settings; whoever opens it closes it.

    Raises `BadSetting` when what PostgreSQL needs is not installed, `Unavailable` when nobody answers there, and what
    the store says of a schema that it does not know.
    """
    if not settings.database_url:
        from homeport_sync.sql.sqlite.store import SqliteStore

        return await SqliteStore.open(database_of(settings.data), LIMITS, beside=BESIDE)
    with needing(POSTGRES):
        from homeport_sync.sql.postgres.store import PostgresStore
    return await PostgresStore.open(
        settings.database_url, LIMITS, connections_max=settings.database_connections_max, beside=BESIDE
    )


def notify_store_of(store: Store | OpenedStore) -> NotifyStore:
    """The store of notifications that lies beside it: in the same database, or in memory as it is. Make one a store."""
    return SqlNotifyStore(store.beside) if isinstance(store, LendsItsDatabase) else MemoryNotifyStore()


@asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[Store]:
    """The store of the settings, closed at the end."""
    store = await open_store(settings)
    try:
        yield store
    finally:
        await store.close()
