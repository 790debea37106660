"""Every store of notifications that must pass the suite, opened fresh for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from homeport_notify.memory import MemoryNotifyStore
from homeport_notify.ports import NotifyStore
from homeport_notify.sql.store import SqlNotifyStore
from homeport_notify.sql.tables import metadata
from homeport_sync.sql.postgres.store import PostgresStore
from homeport_sync.sql.sqlite.store import SqliteStore
from tests.contract.databases import Databases


@pytest.fixture
async def notify(kind: str, databases: Databases | None, tmp_path: Path) -> AsyncIterator[NotifyStore]:
    """An empty store, of each kind that there is."""
    if databases is not None:
        name = await databases.fresh()
        store = await PostgresStore.open(databases.url(name), beside=[metadata])
        yield SqlNotifyStore(store.beside)
        await store.close()
        await databases.give_back(name)
    elif kind == "sqlite":
        file = await SqliteStore.open(tmp_path / "homeport.sqlite3", beside=[metadata])
        yield SqlNotifyStore(file.beside)
        await file.close()
    else:
        yield MemoryNotifyStore()
