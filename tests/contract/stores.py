"""The stores under contract. A new one is one more opener here and passes the same suite."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeAlias

from homeport_server.tables import BESIDE
from homeport_sync.index_book import IndexBook
from homeport_sync.installation import Installation
from homeport_sync.key_book import KeyBook
from homeport_sync.limits import Limits
from homeport_sync.lookups import Lookups
from homeport_sync.memory import MemoryStore
from homeport_sync.ports import LogStore, Places, Tenants
from homeport_sync.quarantine import Quarantine
from homeport_sync.query import Queries
from homeport_sync.receipts import Receipts
from homeport_sync.sightings import Sightings
from homeport_sync.sql.postgres.store import PostgresStore
from homeport_sync.sql.sqlite.store import SqliteStore
from homeport_sync.usage import Usage
from tests.contract.databases import Databases


class Store(
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
    """All that a database has to offer."""


OpenStore: TypeAlias = Callable[..., Awaitable[Store]]
Opener: TypeAlias = Callable[[Path, Limits], AbstractAsyncContextManager[Store]]


@asynccontextmanager
async def memory(_: Path, limits: Limits) -> AsyncIterator[Store]:
    yield MemoryStore(limits)


@asynccontextmanager
async def sqlite(path: Path, limits: Limits) -> AsyncIterator[Store]:
    store = await SqliteStore.open(path, limits, beside=BESIDE)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def postgres(databases: Databases, limits: Limits) -> AsyncIterator[Store]:
    name = await databases.fresh()
    store = await PostgresStore.open(databases.url(name), limits)
    try:
        yield store
    finally:
        await store.close()
    await databases.give_back(name)


OPENERS: Mapping[str, Opener] = {"memory": memory, "sqlite": sqlite}
STORES = (*OPENERS, "postgres16", "postgres18")
