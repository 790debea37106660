"""What a page has no room for is hardly read: its memory is bounded, however large the records are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from homeport_sync.limits import LIMITS
from homeport_sync.ports import Writes
from homeport_sync.pull import Range, Room
from homeport_sync.sql.postgres.database import SNAPSHOT, Connection, Database, Row
from homeport_sync.sql.postgres.pages import read_range as read_on_postgres
from homeport_sync.sql.postgres.store import PostgresStore
from homeport_sync.sql.sqlite.connection import Connection as SqliteConnection
from homeport_sync.sql.sqlite.pages import ROWS_AT_ONCE
from homeport_sync.sql.sqlite.pages import read_range as read_on_sqlite
from tests.contract.databases import Databases
from tests.contract.samples import EPOCH, NOW, TENANT, stored, write
from tests.contract.stores import Store, sqlite

COUNT = 300
LARGE = 10_000
ROOM = Room(rows=COUNT + 1, bytes=3 * LARGE)  # for two records and a third that does not fit
SCOPES = pytest.mark.parametrize("scopes", [("s0",), ("s0", "s1")], ids=["of one scope", "of two scopes"])


async def fill(store: Store, scopes: Sequence[str]) -> Range:
    await store.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
    records = [stored(f"r{at}", at, scope=scopes[at % len(scopes)], title="x" * LARGE) for at in range(1, COUNT + 1)]
    await write(store, Writes(head=COUNT, now_ms=NOW, records=records))
    return Range(scopes=tuple(scopes), after=0, upto=COUNT)


class Counted:
    """A connection that counts the bytes of text that come over it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.bytes = 0

    async def fetch(self, statement: str, *values: object) -> list[Row]:
        rows = await self._connection.fetch(statement, *values)
        self.bytes += sum(len(row[1] or "") for row in rows)
        return rows


@SCOPES
async def test_sqlite_reads_little_more_than_the_page_holds(tmp_path: Path, scopes: Sequence[str]) -> None:
    path = tmp_path / "homeport.sqlite3"
    async with sqlite(path, LIMITS) as store:
        wanted = await fill(store, scopes)
    connection = await SqliteConnection.open(path)
    try:
        texts: list[str] = []

        def seen(raw: bytes) -> str:
            texts.append(raw.decode())
            return texts[-1]

        connection.raw.text_factory = seen
        rows = read_on_sqlite(connection.raw, TENANT, wanted, ROOM)
        assert [position for position, _ in rows] == [1, 2, 3]
        assert len(texts) <= (ROWS_AT_ONCE + 1) * len(scopes)
    finally:
        await connection.close()


@SCOPES
async def test_postgres_sends_little_more_than_the_page_holds(postgres18: Databases, scopes: Sequence[str]) -> None:
    name = await postgres18.fresh()
    store = await PostgresStore.open(postgres18.url(name), LIMITS)
    wanted = await fill(store, scopes)
    await store.close()
    database = await Database.open(postgres18.url(name), 1)
    async with database.tenant(TENANT, SNAPSHOT) as connection:
        counted = Counted(connection)
        rows = await read_on_postgres(counted, TENANT, wanted, ROOM)  # type: ignore[arg-type]
    await database.close()
    assert [position for position, _ in rows][:3] == [1, 2, 3]
    assert counted.bytes < 6 * LARGE
