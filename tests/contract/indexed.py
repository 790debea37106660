"""Stores that have the indexes of the app in `questions.py`, as their servers would find them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from homeport_client.fleet.live.postgres import SUPERUSER
from homeport_server.database import Store
from homeport_server.migrations.migrate import Indexing, migrate
from homeport_server.migrations.postgres import PostgresPlace
from homeport_sync.catalog import Catalog
from homeport_sync.limits import LIMITS
from homeport_sync.sql.postgres.store import PostgresStore
from tests.contract.databases import APP_ROLE, Databases
from tests.contract.questions import CATALOG
from tests.contract.stores import OPENERS

_MADE: dict[Databases, str] = {}


async def index(databases: Databases, name: str, catalog: Catalog = CATALOG) -> list[str]:
    """What `homeport migrate APP` makes in the database."""
    made: list[str] = []
    place = PostgresPlace(databases.url(name, SUPERUSER), APP_ROLE)
    await migrate(place, indexes=Indexing(catalog=catalog, made=made.append))
    return made


async def indexed_database(databases: Databases) -> str:
    """A database that has them, which the tests of a run share: each has tenants of its own."""
    if databases not in _MADE:
        name = await databases.fresh()
        await index(databases, name)
        _MADE[databases] = name
    return _MADE[databases]


@asynccontextmanager
async def indexed_store(kind: str, databases: Databases | None, path: Path) -> AsyncIterator[Store]:
    """A store of that kind with all of its indexes."""
    if databases is None:
        async with OPENERS[kind](path, LIMITS) as store:
            await store.make_indexes(CATALOG)
            yield store
        return
    postgres = await PostgresStore.open(databases.url(await indexed_database(databases)), LIMITS)
    try:
        yield postgres
    finally:
        await postgres.close()
