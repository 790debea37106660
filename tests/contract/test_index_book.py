"""The indexes of queries: named by a rule, made where they are missing, made again where they are broken, told of where
they are not needed; and the view through which PostgreSQL reads them, which shows one tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import asyncpg
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from homeport_client.fleet.live.postgres import SUPERUSER
from homeport_server.cli import main
from homeport_server.doctor.indexes import check_indexes
from homeport_server.doctor.isolation import check_isolation
from homeport_server.migrations.isolation import TENANT_IS
from homeport_server.migrations.migrate import Indexing, migrate
from homeport_server.settings import Settings
from homeport_sync import App, field
from homeport_sync.index_book import indexed
from homeport_sync.limits import LIMITS
from homeport_sync.ports import StoredRecord, Writes
from homeport_sync.sql.index_sql import indexes_of
from homeport_sync.sql.postgres import indexes
from homeport_sync.sql.postgres.dialect import POSTGRES
from homeport_sync.sql.postgres.queries import VIEW
from homeport_sync.sql.postgres.store import PostgresStore
from homeport_sync.sql.query_sql import Dialect
from homeport_sync.sql.sqlite.dialect import SQLITE
from homeport_sync.values import TEXT_LENGTH_MAX
from tests.contract.databases import APP_ROLE, Databases
from tests.contract.empty_databases import EmptyPostgres
from tests.contract.questions import CATALOG, app
from tests.contract.samples import EPOCH, NOW, TENANT, grant, stored, write
from tests.contract.stores import Store

NAMES = [each.name for each in indexes_of(CATALOG, POSTGRES)]
NAME_BYTES_MAX = 63
APP = """
from homeport_sync import App, field

app = App("notes")


@app.kind(root=True)
class Note:
    title: str = field(indexed=True)
"""


def app_with(default: str) -> App:
    """An app whose only indexed field has that default."""
    made = App("other")

    @made.kind(root=True)
    class ANameThatNoDatabaseWouldTakeForAnIndexAsItStandsHereSinceItIsTooLong:
        größe: str = field(default=default, indexed=True)  # noqa: PLC2401  # as people may name it

    return made


@pytest.fixture
async def empty(postgres18: Databases) -> EmptyPostgres:
    made = EmptyPostgres(postgres18.server)
    await made.make()
    return made


async def indexed_by_owner(database: EmptyPostgres, of: App = app, *, drop: list[str] | None = None) -> list[str]:
    made: list[str] = []
    dropped = None if drop is None else drop.append
    await migrate(database.place, indexes=Indexing(catalog=of.catalog, made=made.append, dropped=dropped))
    return made


def settings_of(database: EmptyPostgres) -> Settings:
    return Settings(database_url=database.server.url(database.name, APP_ROLE))


@asynccontextmanager
async def opened(database: EmptyPostgres) -> AsyncIterator[PostgresStore]:
    """A store as a server would have it."""
    store = await PostgresStore.open(settings_of(database).database_url, LIMITS)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def session(database: EmptyPostgres, user: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.server.url(database.name, user))
    try:
        yield connection
    finally:
        await connection.close()


async def missing(database: EmptyPostgres, of: App = app) -> list[str]:
    """What a server of the app finds missing as it starts."""
    async with opened(database) as store:
        return list(await indexed(store, of.catalog))


def odd(id: str, **fields: str | float | bool | None) -> StoredRecord:
    made = stored(id, 1)
    return replace(made, record=replace(made.record, kind="Sample", fields=dict(fields)))


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRES])
def test_a_name_follows_from_what_the_index_is_over_and_no_database_cuts_it(dialect: Dialect) -> None:
    one, same, other = (indexes_of(app_with(default).catalog, dialect) for default in ("a", "a", "b"))
    assert one == same
    assert len(set(one) ^ set(other)) == 2, "a field with another default has another index"
    for each in (*one, *indexes_of(CATALOG, dialect)):
        assert each.name.isascii()
        assert len(each.name) <= NAME_BYTES_MAX


async def test_a_server_makes_what_is_missing_as_it_starts_where_it_owns_the_tables(kind: str, store: Store) -> None:
    if kind.startswith("postgres"):
        assert await indexed(store, CATALOG) == [VIEW, *NAMES]
        return
    told: list[Sequence[str]] = []
    assert not await indexed(store, CATALOG, told.append)
    assert not await store.make_indexes(CATALOG, told.append)
    assert len(told) == (1 if kind == "sqlite" else 0)  # what takes a while is told before
    assert not await store.unused_indexes(CATALOG)
    other = app_with("a").catalog
    if kind == "sqlite":
        assert len(await store.missing_indexes(other)) == 2
        assert len(await store.unused_indexes(other)) == len(NAMES) - 2, "those of members are in every app"


async def test_the_owner_makes_what_is_missing_once_and_the_servers_find_it(empty: EmptyPostgres) -> None:
    await migrate(empty.place)
    assert await missing(empty) == [VIEW, *NAMES]
    (found,) = await check_indexes(settings_of(empty), app)
    assert not found.ok
    assert found.what.startswith(f"queries read more than they need, for want of {VIEW} and {len(NAMES)} more")
    assert await indexed_by_owner(empty) == [VIEW, *NAMES]
    assert await indexed_by_owner(empty) == []
    assert await missing(empty) == []
    assert [each.ok for each in await check_indexes(settings_of(empty), app)] == [True]


async def test_an_index_that_was_broken_off_is_made_again(empty: EmptyPostgres) -> None:
    await indexed_by_owner(empty)
    await empty.query(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '\"{NAMES[3]}\"'::regclass")  # noqa: S608
    assert await missing(empty) == [NAMES[3]]
    assert await indexed_by_owner(empty) == [NAMES[3]]


async def test_what_is_not_needed_is_told_and_dropped_when_asked(empty: EmptyPostgres) -> None:
    before, after = app_with("a"), app_with("b")
    old = {each.name for each in indexes_of(before.catalog, POSTGRES)}
    new = {each.name for each in indexes_of(after.catalog, POSTGRES)}
    await indexed_by_owner(empty, before)
    dropped: list[str] = []
    assert set(await indexed_by_owner(empty, after)) == new - old
    (found,) = await check_indexes(settings_of(empty), after)
    assert found.ok, "servers of the app as it was may still need it"
    assert next(iter(old - new)) in found.what
    assert await indexed_by_owner(empty, after, drop=dropped) == []
    assert set(dropped) == old - new
    assert await missing(empty, after) == []


@pytest.mark.promise("I8")
async def test_the_view_shows_the_rows_of_the_tenant_that_is_set_and_no_others(empty: EmptyPostgres) -> None:
    await indexed_by_owner(empty)
    async with opened(empty) as store:
        for tenant in ("a", "b"):
            await store.create(tenant, id=tenant, epoch=EPOCH, now_ms=0)
            await write(store, Writes(head=1, now_ms=NOW, records=[stored(tenant, 1)]), tenant)
    shown = f"SELECT record_id FROM {VIEW}"  # noqa: S608
    for user in (APP_ROLE, empty.owner):
        async with session(empty, user) as connection:
            for tenant, found in (("", []), ("a", ["a"]), ("b", ["b"]), ("*", [])):
                await connection.execute(f"SET homeport.tenant = '{tenant}'")
                assert [row[0] for row in await connection.fetch(shown)] == found
    async with session(empty, APP_ROLE) as connection:
        assert await connection.fetch(shown) == [], "nobody said whose rows it wants"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"DELETE FROM {VIEW}")  # noqa: S608
    assert indexes.TENANT_IS == TENANT_IS


async def test_the_doctor_takes_the_view_for_what_it_is_and_no_more(empty: EmptyPostgres) -> None:
    await indexed_by_owner(empty)

    async def wrongs() -> list[str]:
        async with session(empty, APP_ROLE) as connection:
            return [each.what for each in await check_isolation(connection) if not each.ok]

    assert await wrongs() == []
    await empty.query(f"CREATE OR REPLACE VIEW {VIEW} AS {_columns()} FROM records")
    assert await wrongs() == [f"the view {VIEW} does not hold to one tenant"]
    await indexed_by_owner(empty)
    assert await wrongs() == []
    await empty.query(f"ALTER POLICY {indexes.OWNERS_POLICY} ON records TO PUBLIC")
    assert await wrongs() == [f"the policy {indexes.OWNERS_POLICY} on records lets more through"]


async def test_the_servers_may_read_the_view_and_no_more_whatever_the_database_gives_by_default(
    empty: EmptyPostgres,
) -> None:
    await migrate(empty.place)
    async with session(empty, empty.owner) as connection:
        await connection.execute(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {APP_ROLE}, PUBLIC")
    await indexed_by_owner(empty)
    async with session(empty, APP_ROLE) as connection:
        rights = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
        has = [
            right for right in rights if await connection.fetchval(f"SELECT has_table_privilege('{VIEW}', $1)", right)
        ]
        assert has == ["SELECT"]


async def test_a_view_that_a_dump_brought_without_its_readers_policy_is_missing_and_mended(
    empty: EmptyPostgres,
) -> None:
    await indexed_by_owner(empty)
    for meanwhile in (
        f"DROP POLICY {indexes.OWNERS_POLICY} ON records",
        f"ALTER POLICY {indexes.OWNERS_POLICY} ON records TO {APP_ROLE}",
    ):
        await empty.query(meanwhile)
        assert await missing(empty) == [VIEW]
        assert await indexed_by_owner(empty) == [VIEW]
        assert await missing(empty) == []
        async with session(empty, APP_ROLE) as connection:
            assert all(each.ok for each in await check_isolation(connection))


async def test_a_view_of_another_version_is_mended_by_whoever_may_and_keeps_its_reader(empty: EmptyPostgres) -> None:
    await indexed_by_owner(empty)
    async with session(empty, empty.owner) as connection:
        await connection.execute(f"DROP VIEW {VIEW}")
        await connection.execute(f"CREATE VIEW {VIEW} AS SELECT wire, kind FROM records")  # noqa: S608
    for whoever in (empty.owner, SUPERUSER):
        await migrate(empty.place_of(whoever), indexes=Indexing(catalog=app.catalog, made=lambda _: None))
        assert await missing(empty) == []
        async with session(empty, APP_ROLE) as connection:
            assert all(each.ok for each in await check_isolation(connection))


def _columns() -> str:
    return "SELECT tenant_id, record_id, kind, scope_id, wire, deleted_at"


async def test_the_schema_goes_back_though_there_is_a_view(empty: EmptyPostgres) -> None:
    await indexed_by_owner(empty)
    await migrate(empty.place, 0)
    assert await indexed_by_owner(empty) == [VIEW, *NAMES]


async def test_no_value_that_is_there_keeps_a_record_from_being_written(
    kind: str, databases: Databases | None, store: Store
) -> None:
    """Of a field that was of another type before, or of a kind that had none; or too long for an index."""
    chance = Random(1)
    long = "".join(chr(chance.randrange(0x10000, 0x110000)) for _ in range(TEXT_LENGTH_MAX))
    values = ("x", 1, 1e300, True, None, "", "2026", long)
    records = [odd(f"r{at}", title=each, count=each, size=each, done=each, due=each) for at, each in enumerate(values)]
    if databases is None:
        await store.make_indexes(CATALOG)
        await write(store, Writes(head=1, now_ms=NOW, records=records, grants=[grant()]))
        assert len(await store.seen(TENANT, "u", [each.row for each in records])) == len(values)
        return
    made = EmptyPostgres(databases.server)
    await made.make()
    await indexed_by_owner(made)
    async with opened(made) as indexed_store:
        await indexed_store.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
        await write(indexed_store, Writes(head=1, now_ms=NOW, records=records, grants=[grant()]))
        assert len(await indexed_store.seen(TENANT, "u", [each.row for each in records])) == len(values)


def test_migrate_makes_the_indexes_of_an_app_and_says_so(tmp_path: Path) -> None:
    file, data = tmp_path / "app.py", tmp_path / "data"
    file.write_text(APP)
    verb = CliRunner()
    assert verb.invoke(main, ["tenant", "create", "acme", "--data", str(data)]).exit_code == 0
    plan = verb.invoke(main, ["migrate", str(file), "--plan", "--data", str(data)]).output
    assert 'CREATE INDEX IF NOT EXISTS "query_Note_title_' in plan
    first, again = (verb.invoke(main, ["migrate", str(file), "--data", str(data)]).output for _ in range(2))
    assert "made query_Note_title_" in first
    assert "made" not in again.replace("migrate", "")
    assert f"All that the queries of {file} need is there." in again
    file.write_text(APP.replace("indexed=True", "default='x', indexed=True"))
    found = verb.invoke(main, ["migrate", str(file), "--drop-unused-indexes", "--data", str(data)]).output
    assert "made query_Note_title_" in found
    assert "dropped query_Note_title_" in found


@pytest.mark.parametrize("wrong", [["--drop-unused-indexes"], ["app.py", "--to", "1"]])
def test_migrate_says_what_it_cannot_do_with_indexes(tmp_path: Path, wrong: list[str]) -> None:
    (tmp_path / "app.py").write_text(APP)
    given = [str(tmp_path / each) if each.endswith(".py") else each for each in wrong]
    verb = CliRunner()
    verb.invoke(main, ["tenant", "create", "acme", "--data", str(tmp_path / "data")])
    found = verb.invoke(main, ["migrate", *given, "--data", str(tmp_path / "data")])
    assert found.exit_code == 2
    assert "name it" in found.output or "leave out --to" in found.output
