"""What SQLite cannot help (a lock that is not had, a full disk) is `Unavailable`: it passes, and blames no push."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from homeport_sync.errors import Unavailable
from homeport_sync.limits import LIMITS
from homeport_sync.ports import Head, Writes
from homeport_sync.sql.sqlite import transaction
from homeport_sync.sql.sqlite.store import SqliteStore
from homeport_sync.sql.sqlite.trouble import translated
from tests.contract.samples import EPOCH, NOW, TENANT, all_of, load, stored, write
from tests.contract.stores import sqlite


@contextmanager
def raises_trouble(cause: str) -> Iterator[None]:
    """Raised inside is what a phone may know; what SQLite said stands behind it, for the log."""
    with pytest.raises(Unavailable, match=r"^The database did not answer: send the same again\.$") as told:
        yield
    assert cause in str(told.value.__cause__)


async def test_a_lock_that_another_process_keeps_is_trouble_that_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "BUSY_TIMEOUT_MS", 0)
    path = tmp_path / "homeport.sqlite3"
    async with sqlite(path, LIMITS) as store:
        await store.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with raises_trouble("database is locked"):
                await write(store, all_of())
            with raises_trouble("database is locked"):
                await store.lease(TENANT, "pokes", "me", 1_000)
            other.execute("ROLLBACK")
        await write(store, all_of())
        assert (await load(store)).head == Head(position=1, epoch=EPOCH)


async def test_a_full_disk_is_trouble_that_leaves_nothing_and_passes(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "homeport.sqlite3")
    try:
        await store.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
        writer = store._writer
        pages = await writer.run(lambda raw: raw.execute("PRAGMA page_count").fetchone()[0])
        await writer.run(lambda raw: raw.execute(f"PRAGMA max_page_count = {pages}"))
        large = Writes(head=1, now_ms=NOW, records=[stored("r", 1, title="x" * 100_000)])
        with raises_trouble("full"):
            await write(store, large)
        await writer.run(lambda raw: raw.execute("PRAGMA max_page_count = 1000000"))
        assert (await load(store)).head == Head(position=0, epoch=EPOCH)
        await write(store, large)
    finally:
        await store.close()


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_BUSY_SNAPSHOT, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE]
)
def test_trouble_is_known_by_its_primary_code(code: int) -> None:
    error = sqlite3.OperationalError("trouble")
    error.sqlite_errorcode = code
    with raises_trouble("trouble"), translated():
        raise error


def test_a_mistake_is_left_as_it_is() -> None:
    mistakes = pytest.raises(sqlite3.OperationalError, match="no such table")
    with closing(sqlite3.connect(":memory:")) as connection, mistakes, translated():
        connection.execute("SELECT * FROM records")
    with pytest.raises(sqlite3.OperationalError, match="of Python"), translated():
        raise sqlite3.OperationalError("of Python")
