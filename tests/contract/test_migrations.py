"""Moving the schema: from nothing it becomes what the tables say, on every database, and forward and back with rows."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TypeAlias

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from homeport_client.fleet.live.postgres import RealPostgres
from homeport_server.errors import MigrationRefused
from homeport_server.migrations.migrate import migrate, plan
from homeport_server.migrations.place import Place
from homeport_server.migrations.steps import Step
from homeport_server.tables import BESIDE, METADATA, TABLES
from homeport_sync.errors import SchemaUnknown
from homeport_sync.follow import Follower, Turn
from homeport_sync.ports import Writes
from homeport_sync.quarantine import QUARANTINE_START, Chosen, Replayed
from homeport_sync.sightings import DEVICES_START, Sighting
from homeport_sync.sql.schema_version import SERVES_FROM
from homeport_sync.sql.sqlite.store import SqliteStore
from homeport_sync.sql.tables import SCHEMA_VERSION
from homeport_sync.usage import FOLLOWER, Heading, counting
from tests.contract.empty_databases import EmptyPostgres, EmptySqlite
from tests.contract.samples import EPOCH, TENANT, all_of, keep, known, load, write
from tests.contract.stores import Store

Empty: TypeAlias = EmptySqlite | EmptyPostgres
PLACE = "INSERT INTO places (tenant_id, follower, position, created_at, updated_at) VALUES ('acme', 'pokes', 1, 1, 1)"
REJECTED = "tenant_id, device_id, number, record_id, created, change, answer, created_at"
BEFORE_INTRODUCTIONS = 7  # the schema version whose devices said nothing of themselves
BEFORE_QUARANTINE = 2  # the schema version whose quarantine nobody could work with
TRUE = {"sqlite": "1", "postgresql": "true"}
DATABASES = ("sqlite", "postgres16", "postgres18")


@pytest.fixture(params=DATABASES)
def server(request: pytest.FixtureRequest) -> RealPostgres | None:
    """Which server the database is on; none for a file."""
    return None if request.param == "sqlite" else request.getfixturevalue(request.param).server


@pytest.fixture
async def empty(server: RealPostgres | None, tmp_path: Path) -> Empty:
    """A database without a schema, of each kind that we serve on."""
    if server is None:
        return EmptySqlite(tmp_path)
    made = EmptyPostgres(server)
    await made.make()
    return made


@asynccontextmanager
async def opened(database: Empty) -> AsyncIterator[Store]:
    store = await database.open()
    try:
        yield store
    finally:
        await store.close()  # type: ignore[attr-defined]


async def differences(place: Place) -> list[object]:
    """What Alembic would still have to do to make the schema what the tables say.

    It cannot tell '' from '' on SQLite: there `shape` compares the defaults.
    """

    def compare(connection: Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": connection.dialect.name == "postgresql"}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))  # type: ignore[arg-type]

    async with place.opened() as connection:
        return await connection.run_sync(compare)


async def execute(database: Empty, sql: str) -> list[tuple[object, ...]]:
    """Run one statement past every policy."""
    if isinstance(database, EmptyPostgres):
        return [tuple(row) for row in await database.query(sql)]
    with closing(sqlite3.connect(database.path, isolation_level=None)) as connection:
        return list(connection.execute(sql).fetchall())


async def seed(database: Empty) -> None:
    """A tenant with one of everything in its log."""
    async with opened(database) as store:
        await store.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
        await write(store, all_of())
    await execute(database, PLACE)


async def test_a_schema_migrated_from_nothing_is_what_the_tables_say(empty: Empty) -> None:
    assert await migrate(empty.place) == 0
    assert await differences(empty.place) == []
    assert await empty.place.version() == SCHEMA_VERSION


async def test_a_difference_is_found_where_there_is_one(empty: Empty) -> None:
    await migrate(empty.place, 1)
    assert len(await differences(empty.place)) > 3


async def test_forward_back_and_forward_again_keeps_every_row(empty: Empty) -> None:
    await migrate(empty.place)
    await seed(empty)
    async with opened(empty) as store:
        before = await load(store)
    assert await migrate(empty.place, 1) == SCHEMA_VERSION
    assert await migrate(empty.place) == 1
    assert await differences(empty.place) == []
    async with opened(empty) as store:
        assert await load(store) == before
    assert len(await execute(empty, "SELECT * FROM places WHERE position = 1")) == 1


async def test_what_was_counted_is_counted_anew_after_going_back_and_forward(empty: Empty) -> None:
    await migrate(empty.place)
    async with opened(empty) as store:
        await store.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
        await write(store, all_of())
        await keep(store, "pokes", 1)
        before = await counted(store)
    await migrate(empty.place, 1, lose_data=True)
    await migrate(empty.place)
    async with opened(empty) as store:
        assert await counted(store) == before
        assert await store.place(TENANT, "pokes") == 1
    assert len(before) == 1


async def counted(store: Store) -> Sequence[tuple[Heading, int]]:
    """All that is counted once a worker has caught up."""
    follower = Follower(FOLLOWER, store, store, counting(store), holder="worker", now_s=lambda: 0.0)
    assert await follower.catch_up(TENANT) is Turn.DONE
    return await store.usage(TENANT, Heading(day=""), 10)


async def test_back_to_nothing_leaves_nothing(empty: Empty) -> None:
    await migrate(empty.place)
    await seed(empty)
    with pytest.raises(MigrationRefused, match="what stands in tenants: make a backup"):
        await migrate(empty.place, 0)
    assert await empty.place.version() == SCHEMA_VERSION
    await migrate(empty.place, 0, lose_data=True)
    assert await empty.place.version() == 0
    assert len(await differences(empty.place)) >= len(TABLES)


@pytest.mark.parametrize(("table", "version"), [("usage", 2), ("sightings", 2), ("receipts", 4)])
async def test_going_back_refuses_to_lose_rows_and_changes_nothing(empty: Empty, table: str, version: int) -> None:
    rows = {
        "receipts": "INSERT INTO receipts VALUES ('acme', 'u', 's', 'd', 7, 1, 1, 1, NULL)",
        "usage": "INSERT INTO usage VALUES ('acme', '2026-01-31', 'Task', 'create', 'applied', 3, 1, 1, NULL)",
        "sightings": "INSERT INTO sightings VALUES ('acme', 'd', 'u', 1, 1, 1, NULL, '', 1, 1, NULL)",
    }
    await migrate(empty.place, version)
    await execute(empty, rows[table])
    before = await differences(empty.place)
    with pytest.raises(MigrationRefused, match=rf"lose what stands in {table}: .*--lose-data"):
        await migrate(empty.place, 1)
    assert await empty.place.version() == version
    assert repr(await differences(empty.place)) == repr(before)
    assert len(await execute(empty, f"SELECT * FROM {table}")) == 1  # noqa: S608
    if isinstance(empty, EmptyPostgres):
        forced = f"SELECT relforcerowsecurity FROM pg_class WHERE relname = '{table}'"  # noqa: S608
        assert await execute(empty, forced) == [("t",)]
    await migrate(empty.place, 1, lose_data=True)
    assert await empty.place.version() == 1


async def test_what_was_rejected_before_is_open_afterwards_and_what_was_made_good_is_not_forgotten(
    empty: Empty,
) -> None:
    await migrate(empty.place, BEFORE_QUARANTINE)
    for number in (1, 2):
        row = f"'acme', 'd', {number}, 'r', {TRUE[empty.place.dialect]}, '{{}}', '{{}}', {number}"
        await execute(empty, f"INSERT INTO quarantine ({REJECTED}) VALUES ({row})")  # noqa: S608
    await migrate(empty.place)
    async with opened(empty) as store:
        await store.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
        await write(store, Writes(head=0, now_ms=1, devices=[known()]))
        await write(store, Writes(head=0, now_ms=1, replayed=[Replayed(device="d", number=1, user="u", by="e/1")]))
        held = await store.quarantine(TENANT, Chosen(), QUARANTINE_START, 10)
    assert [(each.name, each.user) for each in held] == [("d/2", "u")]
    with pytest.raises(MigrationRefused, match="lose what stands in replays"):
        await migrate(empty.place, BEFORE_QUARANTINE)
    assert await empty.place.version() == BEFORE_QUARANTINE + 1
    await migrate(empty.place, BEFORE_QUARANTINE, lose_data=True)
    assert len(await execute(empty, f"SELECT {REJECTED} FROM quarantine")) == 2  # noqa: S608


async def test_devices_that_older_servers_sighted_are_listed_and_stay_when_the_schema_goes_back(empty: Empty) -> None:
    await migrate(empty.place, BEFORE_INTRODUCTIONS)
    columns = "tenant_id, device_id, user_id, refused_code, pulled_at, created_at, updated_at"
    add = f"INSERT INTO sightings ({columns}) VALUES ('acme', '{{}}', 'u', '', {{}}, 1, {{}})"  # noqa: S608
    await execute(empty, add.format("a", 5, 5))
    await migrate(empty.place)
    async with opened(empty) as store:
        await store.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
        said = Sighting(device="b", user="u", pulled_at_ms=6, introduced_at_ms=6, outbox=3, app_version=2, sdk="0.1.0")
        await store.keep_sightings(TENANT, [said], now_ms=6)
        await execute(empty, add.format("c", 7, 7))  # by a server of the version before, which is still there
        page = await store.devices(TENANT, DEVICES_START, 10)
    assert [each.sighting.device for each in page.devices] == ["c", "b", "a"]
    assert page.devices[1].sighting == said
    await migrate(empty.place, BEFORE_INTRODUCTIONS)
    kept = await execute(empty, "SELECT device_id FROM sightings ORDER BY device_id")
    assert kept == [("a",), ("b",), ("c",)]


async def test_a_server_refuses_the_older_schema_and_serves_after_the_migration(empty: Empty) -> None:
    await migrate(empty.place, 1)
    with pytest.raises(SchemaUnknown, match="run `homeport migrate"):
        async with opened(empty):
            pass
    await migrate(empty.place)
    await seed(empty)


async def test_migrating_twice_changes_nothing_and_tells_no_step(empty: Empty) -> None:
    told: list[Step] = []
    await migrate(empty.place, tell=told.append)
    assert await migrate(empty.place, tell=told.append) == SCHEMA_VERSION
    assert [step.end for step in told] == list(range(1, SCHEMA_VERSION + 1))


async def test_of_two_migrations_at_once_one_waits_and_both_end_well(empty: Empty) -> None:
    await asyncio.gather(migrate(empty.place), migrate(empty.place))
    assert await empty.place.version() == SCHEMA_VERSION
    assert await differences(empty.place) == []


async def test_a_plan_touches_nothing(empty: Empty) -> None:
    made = await plan(empty.place)
    assert (made.start, [step.end for step, _ in made.steps]) == (0, list(range(1, SCHEMA_VERSION + 1)))
    assert await empty.place.version() == 0
    if isinstance(empty, EmptySqlite):
        assert not empty.path.exists()


async def test_the_statements_of_a_plan_are_those_that_make_the_schema(empty: Empty) -> None:
    statements = "\n".join(sql for _, sql in (await plan(empty.place)).steps)
    if isinstance(empty, EmptyPostgres):
        await empty.server.query(statements, database=empty.name, user=empty.owner)
    else:
        with closing(sqlite3.connect(empty.path)) as connection:
            connection.executescript(statements)
    assert await differences(empty.place) == []
    assert await empty.place.version() == SCHEMA_VERSION


async def test_a_server_of_version_1_keeps_its_place_on_the_newer_schema(empty: Empty) -> None:
    await migrate(empty.place)
    await execute(empty, PLACE)
    assert await execute(empty, "SELECT version, serves_from FROM schema") in (
        [(SCHEMA_VERSION, SERVES_FROM)],
        [(str(SCHEMA_VERSION), str(SERVES_FROM))],
    )
    if isinstance(empty, EmptySqlite):
        assert await execute(empty, "PRAGMA user_version") == [(1,)]


async def test_what_the_database_refuses_is_told_in_its_words_and_nothing_of_the_step_stays(empty: Empty) -> None:
    await migrate(empty.place, 1)
    if isinstance(empty, EmptySqlite):
        await execute(empty, "CREATE TABLE sightings (mine TEXT)")
    else:
        await empty.server.query("CREATE TABLE sightings (mine TEXT)", database=empty.name, user=empty.owner)
    with pytest.raises(MigrationRefused, match=r"step to schema version 2 .*sightings.* already exists"):
        await migrate(empty.place)
    assert await empty.place.version() == 1
    with pytest.raises(Exception, match="usage"):
        await execute(empty, "SELECT * FROM usage")


async def test_a_newer_schema_than_this_homeport_knows_is_left_alone(empty: Empty) -> None:
    await migrate(empty.place)
    await execute(empty, "UPDATE alembic_version SET version_num = '0099'")
    with pytest.raises(MigrationRefused, match="and not 99: use the `homeport migrate` of the Homeport that does"):
        await migrate(empty.place)


async def test_another_applications_versions_are_recognised(empty: Empty) -> None:
    await migrate(empty.place)
    await execute(empty, "UPDATE alembic_version SET version_num = 'ae1027a6acf'")
    with pytest.raises(MigrationRefused, match="another application's database"):
        await migrate(empty.place)


class TestSqliteFiles:
    """A file made by a server, a file made by the migrations, and one from before there were any."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> EmptySqlite:
        return EmptySqlite(tmp_path)

    async def test_a_new_file_holds_what_a_migrated_one_holds(self, file: EmptySqlite, tmp_path: Path) -> None:
        await migrate(file.place)
        other = tmp_path / "new.sqlite3"
        await (await SqliteStore.open(other, beside=BESIDE)).close()
        assert shape(other) == shape(file.path)

    async def test_a_file_from_before_there_were_migrations_is_adopted_with_its_rows(self, file: EmptySqlite) -> None:
        await migrate(file.place)
        await seed(file)
        async with opened(file) as store:
            before = await load(store)
        await migrate(file.place, 1)
        await execute(file, "DROP TABLE alembic_version")
        assert await file.place.version() == 1
        with pytest.raises(SchemaUnknown, match="schema version 1"):
            await file.open()
        assert await migrate(file.place) == 1
        assert await differences(file.place) == []
        async with opened(file) as store:
            assert await load(store) == before

    async def test_the_file_is_its_owners_alone(self, file: EmptySqlite) -> None:
        await migrate(file.place)
        assert file.path.stat().st_mode & 0o777 == 0o600


def shape(path: Path) -> dict[str, object]:
    """What a file's schema is, whatever the order and the words it was made in."""
    read: Callable[[str], list[tuple[object, ...]]]
    with closing(sqlite3.connect(path)) as connection:
        read = lambda sql: sorted(connection.execute(sql).fetchall(), key=repr)  # noqa: E731
        tables = [str(row[0]) for row in read("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            "columns": {
                table: read(f"""SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info('{table}')""")  # noqa: S608
                for table in tables
            },
            "storage": read("SELECT name, wr FROM pragma_table_list WHERE schema = 'main'"),
            "indexes": read("SELECT tbl_name, name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"),
            "stamp": [
                read("SELECT * FROM alembic_version"),
                read("SELECT * FROM schema"),
                read("PRAGMA user_version"),
            ],
        }
