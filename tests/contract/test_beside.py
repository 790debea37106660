"""The door for others' tables: their transactions take turns with ours, are whole or nothing, and of one tenant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from homeport_notify.sql.tables import metadata
from homeport_sync.sql.beside import Beside
from homeport_sync.sql.postgres.store import PostgresStore
from homeport_sync.sql.sqlite.store import SqliteStore
from tests.contract.databases import Databases
from tests.contract.samples import EPOCH, TENANT, all_of, load, write
from tests.contract.stores import STORES

PUT = "INSERT INTO preferences (tenant_id, user_id, prefers, created_at, updated_at) VALUES ({0}1, {0}2, {0}3, 1, 1)"
READ = "SELECT user_id FROM preferences WHERE tenant_id = {0}1 ORDER BY user_id"
READ_ALL = "SELECT user_id FROM preferences ORDER BY user_id"


class Opened:
    """A store with its door, and what is written through it."""

    def __init__(self, store: SqliteStore | PostgresStore) -> None:
        self.store = store
        self.door: Beside = store.beside
        self.sign = "?" if self.door.dialect == "sqlite" else "$"

    async def put(self, user: str, *, tenant: str = TENANT, fails: bool = False) -> None:
        async with self.door.transaction(tenant) as transaction:
            assert await transaction.execute(PUT.format(self.sign), (tenant, user, "{}")) == 1
            assert user in [row[0] for row in await transaction.fetch(READ.format(self.sign), (tenant,))]
            if fails:
                raise LookupError

    async def users(self, tenant: str = TENANT) -> list[str]:
        return [row[0] for row in await self.door.read(tenant, READ.format(self.sign), (tenant,))]


@pytest.fixture(params=[name for name in STORES if name != "memory"])
def kind(request: pytest.FixtureRequest) -> str:
    """Those that are a database."""
    name: str = request.param
    return name


@pytest.fixture
async def opened(databases: Databases | None, tmp_path: Path) -> AsyncIterator[Opened]:
    name = await databases.fresh() if databases else ""
    store: SqliteStore | PostgresStore
    if databases:
        store = await PostgresStore.open(databases.url(name), beside=[metadata])
    else:
        store = await SqliteStore.open(tmp_path / "homeport.sqlite3", beside=[metadata])
    await store.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
    yield Opened(store)
    await store.close()
    if databases:
        await databases.give_back(name)


async def test_what_was_written_is_there_and_what_an_error_left_is_not(opened: Opened) -> None:
    await opened.put("ann")
    with pytest.raises(LookupError):
        await opened.put("bob", fails=True)
    await opened.put("cem")
    assert await opened.users() == ["ann", "cem"]


async def test_one_that_was_cancelled_writes_nothing_and_lets_everybody_else_in(opened: Opened) -> None:
    inside = asyncio.Event()

    async def stuck() -> None:
        async with opened.door.transaction(TENANT) as transaction:
            await transaction.execute_many(PUT.format(opened.sign), [(TENANT, "ann", "{}"), (TENANT, "bob", "{}")])
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(stuck())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await opened.put("cem")
    await write(opened.store, all_of())
    assert await opened.users() == ["cem"]
    assert (await load(opened.store)).head.position == 1


async def test_their_transactions_and_our_batches_take_turns(opened: Opened) -> None:
    await asyncio.gather(*(opened.put(f"user {number}") for number in range(5)), write(opened.store, all_of()))
    assert len(await opened.users()) == 5
    assert (await load(opened.store)).head.position == 1


async def test_a_statement_without_a_tenant_reaches_no_other_on_postgresql(opened: Opened) -> None:
    if opened.door.dialect == "sqlite":
        return  # there each statement binds its tenant, and that is tested of each
    await opened.put("ann")
    await opened.put("bob", tenant="other")
    assert [row[0] for row in await opened.door.read(TENANT, READ_ALL, ())] == ["ann"]
    assert list(await opened.door.read("", READ_ALL, ())) == []


async def test_a_file_that_was_made_without_their_tables_gets_them(tmp_path: Path) -> None:
    path = tmp_path / "homeport.sqlite3"
    await (await SqliteStore.open(path)).close()
    store = await SqliteStore.open(path, beside=[metadata])
    await Opened(store).put("ann")
    await store.close()
