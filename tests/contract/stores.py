"""The stores under contract. A new one is one more opener here and passes the same suite."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

from homeport_server import database
from homeport_server.tables import BESIDE
from homeport_sync.limits import Limits
from homeport_sync.memory import MemoryStore
from homeport_sync.sql.postgres.store import PostgresStore
from homeport_sync.sql.sqlite.store import SqliteStore
from tests.contract.databases import Databases

Store: TypeAlias = database.Store
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
