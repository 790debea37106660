"""A store with very many records of one kind in one scope, written past the log, and the indexes of its queries."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from random import Random
from typing import TypeAlias

from homeport_client.fleet.live.postgres import SUPERUSER, RealPostgres
from homeport_server.migrations.migrate import Indexing, migrate
from homeport_server.migrations.postgres import PostgresPlace
from homeport_sync import App, field
from homeport_sync.change import Fields, Record, encode
from homeport_sync.clock import make_stamp, uuid7
from homeport_sync.ports import Wanted, Writes
from homeport_sync.query import Queries
from homeport_sync.scope import Grant
from homeport_sync.sql.postgres.store import PostgresStore
from homeport_sync.sql.sqlite.statements import PUT_RECORD
from homeport_sync.sql.sqlite.store import SqliteStore

TENANT, USER, SCOPE = "bench", "ann", "019b0000-0000-7000-8000-000000000000"
NOW_MS = 1_795_000_000_000
ROLE = "homeport_app"
STATES = 1_000  # so many values has the field of the range
app = App("bench")
_NOTHING = Wanted(devices=frozenset(), outcomes=frozenset(), grants=frozenset(), records=frozenset())
Row: TypeAlias = tuple[str, str, str, str, int, str, int, str, int, int, None]


@app.kind(root=True)
class Board:
    title: str


@app.kind(within=Board)
class Task:
    title: str
    code: int = field(indexed=True)
    done: bool = field(default=False, indexed=True)


def rows(count: int) -> Iterator[Row]:
    """That many records, half of them done; of each code there are enough for a page only among many."""
    chance = Random(1)  # a workload, not a secret
    for at in range(count):
        id = uuid7(NOW_MS + at, chance)
        fields: Fields = {
            "title": f"Oat milk, the one in the green carton {at}",
            "code": at % STATES,
            "done": at % 2 == 0,
        }
        stamp = make_stamp(NOW_MS + at, 0, "0" * 8)
        record = Record(id=id, kind="Task", scope=SCOPE, stamp=stamp, position=at + 1, fields=fields)
        yield TENANT, id, "Task", SCOPE, at + 1, "d", 0, encode(record), NOW_MS, NOW_MS, None


@asynccontextmanager
async def on_sqlite(folder: Path, count: int) -> AsyncIterator[Queries]:
    """A file with so many, opened when all of its write-ahead log is in it."""
    path = folder / f"{count}.sqlite3"
    store = await SqliteStore.open(path)
    try:
        await _begin(store)
        with closing(sqlite3.connect(path)) as file, file:
            file.executemany(PUT_RECORD, rows(count))
        await store.make_indexes(app.catalog)
    finally:
        await store.close()
    store = await SqliteStore.open(path)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def on_postgres(server: RealPostgres, count: int) -> AsyncIterator[Queries]:
    """A database with so many, whose statistics are up to date."""
    import asyncpg

    name = f"of_{count}"
    await server.query(f"CREATE DATABASE {name}")
    place = PostgresPlace(server.url(name, SUPERUSER), ROLE)
    await migrate(place)
    owner = await asyncpg.connect(server.url(name, SUPERUSER))
    try:
        await owner.copy_records_to_table("records", records=rows(count))
    finally:
        await owner.close()
    await migrate(place, indexes=Indexing(catalog=app.catalog, made=lambda _: None))
    await server.query("VACUUM ANALYZE", database=name)
    store = await PostgresStore.open(server.url(name, ROLE))
    try:
        await _begin(store)
        yield store
    finally:
        await store.close()


async def _begin(store: SqliteStore | PostgresStore) -> None:
    """The tenant, and its one grant."""
    await store.create(TENANT, id=TENANT, epoch="first", now_ms=NOW_MS)
    grant = Grant(user=USER, scope=SCOPE, role="owner", since=1)
    async with store.transaction(TENANT) as transaction:
        await transaction.load(_NOTHING)
        await transaction.commit(Writes(head=1, now_ms=NOW_MS, grants=[grant]))
