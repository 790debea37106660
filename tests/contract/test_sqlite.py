"""What SQLite promises besides: synced commits, a private file, and no statement that scans or forgets its tenant."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import stat
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest
from msgspec.structs import replace

from homeport_sync.annals import NEWEST
from homeport_sync.errors import SchemaUnknown
from homeport_sync.keys import Key, Link
from homeport_sync.limits import LIMITS
from homeport_sync.ports import Head, Writes
from homeport_sync.sql.sqlite import device_statements, statements
from homeport_sync.sql.sqlite.connection import Connection, json_is_safe
from homeport_sync.sql.sqlite.store import SqliteStore
from homeport_sync.sql.tables import metadata
from tests.contract.samples import (
    EPOCH,
    NOW,
    TENANT,
    all_of,
    entry,
    grant,
    keep,
    known,
    load,
    outcome,
    refused,
    stored,
    wanted,
    write,
)
from tests.contract.stores import Store, sqlite

STATEMENTS = {
    name: text
    for module in (statements, device_statements)
    for name, text in vars(module).items()
    if name.isupper() and isinstance(text, str)
}
HOT_READS = (
    "SCOPE_ROWS",
    "SCOPE_POSITIONS",
    "READ_LOG",
    "READ_BACK",
    "OF_RECORD",
    "OLD_OUTCOMES",
    "GRANTS_OF_USER",
    "TENANTS",
    "QUARANTINE",
    "DEVICES_LISTED",
)
STEPS_BACK = (
    "SCAN CONSTANT ROW",
    "SCAN reached",
    "SCAN later",
    "SCAN counted",
)  # they read what a step before them found, no table
TENANT_TABLES = frozenset(metadata.tables) - {"tenants", "schema", "installation", "declaration"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "homeport.sqlite3"


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[Connection]:
    """A connection that is closed whatever happens: its thread would outlive a failing test."""
    connection = await Connection.open(path)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def started(path: Path) -> AsyncIterator[Store]:
    """A store on the file, with one tenant."""
    async with sqlite(path, LIMITS) as store:
        await store.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
        yield store


@pytest.fixture
async def analyzed(path: Path) -> AsyncIterator[Connection]:
    """A connection to a database with the real schema, rows in every table, and statistics about them."""
    positions = range(1, 201)
    writes = Writes(
        head=200,
        now_ms=NOW,
        log=[entry(at) for at in positions],
        records=[stored(f"r{at}", at, scope=f"s{at % 9}") for at in positions],
        outcomes=[outcome(at, device=f"d{at % 7}") for at in positions],
        quarantined=[refused(at, record=f"r{at}", created=at % 5 == 0) for at in positions],
        devices=[known(f"d{at}") for at in positions],
        grants=[grant(f"s{at % 9}", user=f"u{at % 20}") for at in positions],
        keys=[(Key(f"s{at % 9}", "Task", "code", f"{at}"), f"r{at}") for at in positions],
        links=[(Link(f"r{at % 9}", f"r{at}", "Task", "parent", at % 2 == 0), True) for at in positions],
    )
    async with sqlite(path, LIMITS) as store:
        for tenant in ("a", "b", "c"):
            await store.create(f"name of {tenant}", id=tenant, epoch=EPOCH, now_ms=0)
            await write(store, writes, tenant=tenant)
            await keep(store, "pokes", 7, tenant)
    async with connected(path) as writer:
        await writer.run(lambda raw: raw.execute("ANALYZE"))
    async with connected(path) as connection:
        yield connection


async def explained(connection: Connection, text: str) -> list[str]:
    """The steps of SQLite's plan for a statement."""
    if "?" in text:
        values: dict[str, object] | tuple[object, ...] = (None,) * text.count("?")
    else:
        values = {name: "[]" if name.endswith("s") else 1 for name in re.findall(r":(\w+)", text)}
    rows = await connection.run(lambda raw: raw.execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall())
    return [str(row[3]) for row in rows]


def taken(raw: sqlite3.Connection, text: str, values: dict[str, str]) -> int:
    """How many steps of its machine SQLite takes for a statement."""
    steps = count()
    raw.set_progress_handler(lambda: next(steps) < 0, 1)
    raw.execute(text, values).fetchall()
    raw.set_progress_handler(None, 1)
    return next(steps)


def is_bounded(step: str) -> bool:
    """Whether the step reads no table from end to end."""
    if step.startswith("SCAN"):
        return "VIRTUAL TABLE INDEX" in step or step in STEPS_BACK
    return not step.startswith("SEARCH") or "INDEX" in step or "PRIMARY KEY" in step


def test_the_statements_are_all_found() -> None:
    assert len(STATEMENTS) > 15
    assert set(HOT_READS) < set(STATEMENTS)


@pytest.mark.parametrize("name", sorted(STATEMENTS))
async def test_no_statement_scans_a_table(analyzed: Connection, name: str) -> None:
    steps = await explained(analyzed, STATEMENTS[name])
    assert [step for step in steps if not is_bounded(step)] == []


async def test_who_looks_back_through_the_log_holds_up_nobody_who_pulls(path: Path) -> None:
    async with started(path) as store:
        await write(store, all_of())
        pulling = threading.Event()
        assert isinstance(store, SqliteStore)
        pull = asyncio.create_task(store._reader.run(lambda _: pulling.wait(5)))  # a long page
        await asyncio.sleep(0)
        try:
            assert len(await store.read_back(TENANT, NEWEST, 9)) == 1
            assert len((await store.of_record(TENANT, "r", NEWEST, 9)).entries) == 1
        finally:
            pulling.set()
            assert await pull


@pytest.mark.parametrize("name", HOT_READS)
async def test_a_hot_read_finds_its_order_in_the_index_and_never_sorts(analyzed: Connection, name: str) -> None:
    steps = await explained(analyzed, STATEMENTS[name])
    assert any(step.startswith("SEARCH") for step in steps)
    assert [step for step in steps if "TEMP B-TREE" in step] == []


async def test_what_a_batch_costs_does_not_grow_with_what_was_refused_of_the_same_record(path: Path) -> None:
    """Whoever has much refused, of one id and under whatever ids of devices, holds up nobody."""
    pairs = {"tenant": TENANT, "creates": '[["d","r"],["e","r"]]'}
    steps = []
    async with started(path) as store, connected(path) as connection:
        for each in range(2):
            creates = [refused(at, device=f"d{at % 7}") for at in range(1_000 * each)]
            others = [refused(at, device="d", created=False) for at in range(1_000 * each)]
            await write(store, Writes(head=0, now_ms=NOW, quarantined=[*creates, *others]))
            steps.append(await connection.run(lambda raw: taken(raw, statements.REJECTED_CREATES, pairs)))
    assert steps[1] <= steps[0] + 10


async def test_a_scan_is_recognised_where_there_is_one(analyzed: Connection) -> None:
    steps = await explained(analyzed, "SELECT * FROM records WHERE kind = :kind ORDER BY wire")
    assert [is_bounded(step) for step in steps] == [False, True]
    assert "TEMP B-TREE" in steps[1]


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_a_statement_about_a_tenants_rows_binds_the_tenant(name: str) -> None:
    text = STATEMENTS[name]
    touched = TENANT_TABLES & set(re.findall(r"\w+", text))
    first_of_an_insert = re.match(r"\s*INSERT INTO \w+ \(tenant_id,[^)]*\)\s+VALUES \((\?|:tenant),", text)
    assert not touched or ":tenant" in text or first_of_an_insert


def test_every_key_begins_with_the_tenant() -> None:
    for table in metadata.tables.values():
        if table.name in {"schema", "installation", "declaration"}:  # of the whole database
            continue
        assert next(iter(table.primary_key.columns)).name == "tenant_id"
        for index in table.indexes:
            assert next(iter(index.columns)).name == "tenant_id"


def test_outcomes_lie_in_the_order_of_their_stamps_whoever_wrote_them() -> None:
    table = metadata.tables["outcomes"]
    assert [column.name for column in table.primary_key.columns] == ["tenant_id", "stamp", "device_id", "number"]
    assert not table.dialect_options["sqlite"]["with_rowid"]


async def test_only_the_owner_can_read_the_file_and_its_write_ahead_log(path: Path) -> None:
    async with started(path):
        files = sorted(path.parent.iterdir())
        assert [file.name for file in files] == [path.name, f"{path.name}-shm", f"{path.name}-wal"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


@pytest.mark.promise("I1")
async def test_every_commit_is_synced_to_a_write_ahead_log(path: Path) -> None:
    pragmas = {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 10_000}

    def found(raw: sqlite3.Connection) -> dict[str, object]:
        return {name: raw.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas}

    async with connected(path) as connection:
        assert await connection.run(found) == pragmas


async def test_the_file_is_trusted_only_where_no_index_could_read_json_else(path: Path) -> None:
    async with connected(path) as connection:
        safe = await connection.run(json_is_safe)
        assert await connection.run(lambda raw: raw.execute("PRAGMA trusted_schema").fetchone()[0]) == (not safe)
        await connection.run(lambda raw: raw.execute("CREATE TABLE t (wire)"))
        await connection.run(lambda raw: raw.execute("CREATE INDEX i ON t (json_extract(wire, '$.a'))"))


async def test_what_was_committed_is_there_when_the_file_is_opened_again(path: Path) -> None:
    async with started(path) as store:
        await write(store, all_of())
        before = await load(store)
    async with sqlite(path, LIMITS) as store:
        assert await load(store) == before


async def test_a_refused_change_is_kept_whole_with_its_reason_and_its_time_under_its_own_tenant(path: Path) -> None:
    create, unreadable = refused(1, record="p"), replace(refused(2, record="", created=False), change="")
    async with started(path) as store:
        await store.create("other", id="other", epoch=EPOCH, now_ms=0)
        await write(store, Writes(head=0, now_ms=NOW, quarantined=[create, unreadable]))
        await write(store, Writes(head=0, now_ms=NOW, quarantined=[create]), tenant="other")
        await write(store, Writes(head=0, now_ms=NOW + 1, devices=[known(last_number=2, confirmed=2)]))
    columns = "tenant_id, device_id, number, record_id, created, change, answer, created_at"
    select = f"SELECT {columns} FROM quarantine ORDER BY tenant_id, number"  # noqa: S608  # the columns are above
    async with connected(path) as connection:
        rows = await connection.run(lambda raw: raw.execute(select).fetchall())
    assert rows == [
        (TENANT, "d", 1, "p", True, create.change, create.text, NOW - 1),
        (TENANT, "d", 2, "", False, "", unreadable.text, NOW - 2),
        ("other", "d", 1, "p", True, create.change, create.text, NOW - 1),
    ]


async def test_a_commit_that_fails_half_way_leaves_nothing_and_the_next_goes_through(path: Path) -> None:
    twice = Writes(
        head=2,
        now_ms=NOW,
        log=[entry(2)],
        records=[stored("q", 2)],
        outcomes=[outcome(2)],
        quarantined=[refused(2, record="p"), refused(3), refused(3)],
    )
    async with started(path) as store:
        await write(store, all_of())
        with pytest.raises(sqlite3.IntegrityError):
            await write(store, twice)
        found = await load(store)
        assert found.head == Head(position=1, epoch=EPOCH)
        assert found.records == {"r": stored("r", 1)}
        assert found.outcomes == {("d", 1): outcome(1)}
        assert (await load(store, wanted(devices=["d"], records=["p"]))).rejected_creates == frozenset()
        await write(store, all_of(2))
        assert [each.position for each in await store.read(TENANT, 0, 10)] == [1, 2]


async def test_a_schema_of_another_version_is_refused_with_what_to_do(path: Path) -> None:
    async with started(path):
        pass
    async with connected(path) as connection:
        await connection.run(lambda raw: raw.execute("UPDATE schema SET version = 10, serves_from = 9"))
    with pytest.raises(SchemaUnknown, match=r"schema version 10.*start a newer Homeport"):
        await SqliteStore.open(path)


async def test_a_file_from_before_there_were_migrations_is_refused_with_the_command_that_moves_it(path: Path) -> None:
    async with connected(path) as connection:
        await connection.run(lambda raw: raw.execute("PRAGMA user_version = 1"))
    with pytest.raises(SchemaUnknown, match=rf"schema version 1.*`homeport migrate --data {path.parent}`"):
        await SqliteStore.open(path)


async def test_a_newer_schema_that_still_serves_this_version_is_served(path: Path) -> None:
    async with started(path) as store:
        await write(store, all_of())
    async with connected(path) as connection:
        await connection.run(lambda raw: raw.execute("UPDATE schema SET version = version + 1"))
    async with sqlite(path, LIMITS) as store:
        assert (await load(store)).head == Head(position=1, epoch=EPOCH)


async def test_a_connection_runs_work_whole_in_order_and_in_a_thread_of_its_own(path: Path) -> None:
    """What `sql/sqlite/connection.py` needs of aiosqlite's unpublished `_execute` and `_conn`."""
    done: list[int] = []

    def fails(_: sqlite3.Connection) -> None:
        done.append(1)
        raise sqlite3.OperationalError("as it should")

    def works(raw: sqlite3.Connection) -> int:
        done.append(2)
        return int(raw.execute("SELECT 7").fetchone()[0])

    async with connected(path) as connection:
        with pytest.raises(sqlite3.OperationalError, match="as it should"):
            await connection.run(fails)
        assert await connection.run(works) == 7
        threads = {await connection.run(lambda _: threading.get_ident()) for _ in range(3)}
    assert done == [1, 2]
    assert len(threads) == 1
    assert threading.get_ident() not in threads
