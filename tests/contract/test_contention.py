"""Another process writes to the SQLite file: a batch waits for it in the thread, and the event loop goes on."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from homeport_sync.limits import LIMITS
from homeport_sync.ports import Head
from homeport_sync.sql.sqlite.connection import BUSY_TIMEOUT_MS, Connection
from homeport_sync.sql.sqlite.transaction import SqliteTransaction
from tests.contract.samples import EPOCH, NOTHING, NOW, TENANT, all_of, load, write
from tests.contract.stores import Store, sqlite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "homeport.sqlite3"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    async with sqlite(path, LIMITS) as opened:
        await opened.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
        yield opened


@pytest.fixture
def other(store: Store, path: Path) -> Iterator[sqlite3.Connection]:
    """What another process would have open on the file of the store."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


async def the_loop_goes_on(store: Store) -> None:
    """Reads are answered, each by way of another thread and back."""
    for _ in range(20):
        assert (await store.standing(TENANT, "u", "d")).head == Head(position=0, epoch=EPOCH)


async def test_a_batch_waits_for_another_writer_without_the_loop_and_sees_what_that_one_wrote(
    store: Store, other: sqlite3.Connection
) -> None:
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE heads SET position = 7")
    waits = asyncio.create_task(load(store))
    # Were the loop blocked, the lock could not be released below: the wait would end in "database is locked".
    await the_loop_goes_on(store)
    assert not waits.done()
    other.execute("COMMIT")
    assert (await waits).head.position == 7


async def test_a_batch_that_waited_is_written_and_those_behind_it_too(store: Store, other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    waiting = [asyncio.create_task(write(store, all_of(position))) for position in (1, 2)]
    await the_loop_goes_on(store)
    assert not any(task.done() for task in waiting)
    other.execute("ROLLBACK")
    await asyncio.gather(*waiting)
    assert [entry.position for entry in await store.read(TENANT, 0, 10)] == [1, 2]
    assert other.execute("SELECT position FROM heads").fetchone() == (2,)


async def test_a_batch_cancelled_while_it_waits_leaves_nothing_locked(store: Store, other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    waits = asyncio.create_task(write(store, all_of()))
    await the_loop_goes_on(store)
    waits.cancel()
    await the_loop_goes_on(store)
    other.execute("COMMIT")
    with pytest.raises(asyncio.CancelledError):
        await waits
    other.execute("BEGIN IMMEDIATE")
    other.execute("ROLLBACK")
    await write(store, all_of())
    assert (await load(store)).head.position == 1


async def test_a_transaction_holds_the_file_from_its_load_to_its_end(store: Store, other: sqlite3.Connection) -> None:
    other.execute("PRAGMA busy_timeout = 0")
    async with store.transaction(TENANT) as transaction:
        await transaction.load(NOTHING)
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            other.execute("BEGIN IMMEDIATE")
        await transaction.commit(all_of())
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")


@pytest.mark.parametrize("contended", [False, True])
async def test_the_patience_of_the_connection_is_the_same_after_a_begin(
    path: Path, store: Store, other: sqlite3.Connection, contended: bool
) -> None:
    connection = await Connection.open(path)
    try:
        if contended:
            other.execute("BEGIN IMMEDIATE")
        transaction = SqliteTransaction(connection, TENANT)
        loads = asyncio.create_task(transaction.load(NOTHING))
        await the_loop_goes_on(store)
        assert loads.done() is not contended
        if contended:
            other.execute("COMMIT")
        await loads
        assert connection.raw.execute("PRAGMA busy_timeout").fetchone() == (BUSY_TIMEOUT_MS,)
        await transaction.end()
    finally:
        await connection.close()


VISIT = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM log').fetchone()"
LOOK = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT position FROM heads').fetchone()[0])"


async def visit(code: str, path: Path) -> str:
    """What another process prints that opens the file and ends."""
    command = [sys.executable, "-c", code, str(path)]
    ended = await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, text=True)
    return ended.stdout.strip()


@pytest.mark.promise("I1")
async def test_a_process_that_comes_and_goes_leaves_the_log_that_others_still_write(store: Store, path: Path) -> None:
    """It must not take itself for the last one and delete the write-ahead log: what is committed after it would be
    in a file that nobody finds any more."""
    await write(store, all_of(1))
    log = path.with_name(f"{path.name}-wal")
    before = log.stat().st_ino
    for position in (2, 3):
        await visit(VISIT, path)
        assert log.stat().st_ino == before
        await write(store, all_of(position))
        assert await visit(LOOK, path) == str(position)


async def test_a_batch_does_not_wait_where_nobody_else_writes(store: Store, other: sqlite3.Connection) -> None:
    other.execute("BEGIN")
    assert other.execute("SELECT position FROM heads").fetchone() == (0,)
    await write(store, all_of(3))
    assert other.execute("SELECT position FROM heads").fetchone() == (0,)
    other.execute("COMMIT")
    assert other.execute("SELECT position, updated_at FROM heads").fetchone() == (3, NOW)
