"""What a migration owes PostgreSQL besides: rows that stay apart, a role that owns nothing, and nobody held up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import pytest

from homeport_server.doctor.postgres import check_postgres
from homeport_server.errors import MigrationBusy, MigrationRefused
from homeport_server.migrations.isolation import ROSTER_POLICY, policy
from homeport_server.migrations.migrate import migrate, plan
from homeport_server.migrations.postgres import ADVISORY_LOCK, Patience, PostgresPlace
from homeport_server.settings import Settings
from homeport_server.tables import TABLES
from homeport_sync.errors import SchemaUnknown, Unavailable
from homeport_sync.limits import LIMITS
from homeport_sync.sql.postgres.store import PostgresStore
from homeport_sync.sql.tables import SCHEMA_VERSION
from tests.contract.databases import APP_ROLE, Databases
from tests.contract.empty_databases import EmptyPostgres

TENANT_TABLES = sorted(name for name, table in TABLES.items() if "tenant_id" in table.c)
IMPATIENT = Patience(lock_ms=20, pause_s=0, tries_max=2)
PERSISTENT = Patience(lock_ms=20, pause_s=0, tries_max=10_000)


@pytest.fixture
async def empty(postgres18: Databases) -> EmptyPostgres:
    made = EmptyPostgres(postgres18.server)
    await made.make()
    return made


async def column(database: EmptyPostgres, sql: str) -> Sequence[str]:
    return [row[0] for row in await database.query(sql)]


@asynccontextmanager
async def locked(database: EmptyPostgres, table: str) -> AsyncIterator[asyncpg.Connection]:
    """A transaction of somebody who reads a table and does not end."""
    async with database.connected() as connection:
        await connection.execute(f"BEGIN; LOCK TABLE {table} IN ACCESS SHARE MODE")
        yield connection


async def test_each_table_with_a_tenant_shows_and_takes_that_tenants_rows_alone(empty: EmptyPostgres) -> None:
    await migrate(empty.place)
    flags = "relname, relrowsecurity, relforcerowsecurity"
    isolated = await empty.query(f"SELECT {flags} FROM pg_class WHERE relrowsecurity ORDER BY relname")  # noqa: S608
    assert isolated == [[table, "t", "t"] for table in TENANT_TABLES]
    policies = await empty.query(
        "SELECT tablename, policyname, cmd, permissive, qual = with_check FROM pg_policies ORDER BY policyname"
    )
    one_each = [[table, policy(table), "ALL", "PERMISSIVE", "t"] for table in TENANT_TABLES]
    assert policies == sorted(
        [*one_each, ["tenants", ROSTER_POLICY, "SELECT", "PERMISSIVE", ""]], key=lambda row: row[1]
    )


async def test_text_is_compared_byte_by_byte(empty: EmptyPostgres) -> None:
    await migrate(empty.place)
    texts = "FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'text'"
    assert await column(empty, f"SELECT DISTINCT collation_name {texts}") == ["C"]


async def test_rows_that_change_in_place_have_room_beside_them(empty: EmptyPostgres) -> None:
    await migrate(empty.place)
    roomy = await column(empty, "SELECT relname FROM pg_class WHERE 'fillfactor=50' = ANY (reloptions)")
    assert {"heads", "devices", "places"} <= set(roomy)


async def test_the_servers_role_may_use_our_tables_and_no_more(empty: EmptyPostgres) -> None:
    await migrate(empty.place)
    grants = f"information_schema.role_table_grants WHERE grantee = '{APP_ROLE}' GROUP BY table_name"
    rights = await empty.query(
        f"SELECT table_name, string_agg(privilege_type, ' ' ORDER BY privilege_type) FROM {grants}"  # noqa: S608
    )
    writes = "DELETE INSERT SELECT UPDATE"
    assert {row[0]: row[1] for row in rights} == {
        **dict.fromkeys(TENANT_TABLES, writes),
        "schema": "SELECT",
        "installation": "INSERT SELECT UPDATE",
        "declaration": "INSERT SELECT UPDATE",
        "gates": "INSERT SELECT UPDATE",
        "alembic_version": "SELECT",
    }


async def test_the_servers_role_is_made_without_any_power(empty: EmptyPostgres) -> None:
    role = f"app_of_{empty.name}"
    told: list[str] = []
    await migrate(empty.place_of(empty.owner, role), warn=told.append)
    assert f'Made the role {role}. It has no password yet: ALTER ROLE "{role}" PASSWORD' in told[0]
    await migrate(empty.place_of(empty.owner, role), warn=told.append)
    assert len(told) == 1, "it was there already"
    powers = "rolcanlogin, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication"
    assert await empty.query(f"SELECT {powers} FROM pg_roles WHERE rolname = '{role}'") == [["t", *"fffff"]]  # noqa: S608
    assert await column(empty, f"SELECT count(*) FROM pg_tables WHERE tableowner = '{role}'") == ["0"]  # noqa: S608


async def test_migrating_again_mends_what_the_role_may_do(empty: EmptyPostgres) -> None:
    await migrate(empty.place)
    await empty.query(f"REVOKE SELECT ON log FROM {APP_ROLE}")  # noqa: S608
    await empty.query(f"GRANT TRUNCATE ON log TO {APP_ROLE}")
    await migrate(empty.place)
    may = [f"SELECT has_table_privilege('{APP_ROLE}', 'log', '{right}')" for right in ("SELECT", "TRUNCATE")]
    assert [await column(empty, each) for each in may] == [["t"], ["f"]]


async def test_an_owner_who_may_not_make_roles_is_told_what_an_administrator_must_run(postgres18: Databases) -> None:
    made = EmptyPostgres(postgres18.server)
    await made.make(attributes="NOCREATEROLE")
    place = made.place_of(made.owner, f"app_of_{made.name}")
    with pytest.raises(MigrationRefused, match=rf'CREATE ROLE "app_of_{made.name}" LOGIN NOSUPERUSER') as refused:
        await migrate(place)
    assert await place.version() == 0
    assert "-- You may not make roles: let an administrator" in (await plan(place)).around
    statement = next(line for line in refused.value.message.splitlines() if "CREATE ROLE" in line)
    await made.query(statement)
    assert "ROLE" not in (await plan(place)).around.replace(made.name, "")
    await migrate(place)


async def test_the_servers_role_does_not_migrate(empty: EmptyPostgres) -> None:
    await migrate(empty.place)
    with pytest.raises(MigrationRefused, match="give the owner's URL with --database-url"):
        await migrate(empty.place_of(APP_ROLE))


async def test_a_database_and_a_role_that_are_not_there_are_told_to_whoever_migrates_serves_or_examines(
    empty: EmptyPostgres,
) -> None:
    urls = {
        "there is no database nowhere at ": empty.server.url("nowhere", empty.owner),
        "does not let nobody_yet in ": empty.server.url(empty.name, "nobody_yet"),
    }
    for told, url in urls.items():
        with pytest.raises(Unavailable, match=told) as migrating:
            await migrate(PostgresPlace(url, APP_ROLE))
        with pytest.raises(Unavailable, match=told) as serving:
            await PostgresStore.open(url, LIMITS)
        (found,) = await check_postgres(Settings(database_url=url))
        assert migrating.value.message == serving.value.message == f"{found.what}: {found.mend}."


async def test_a_step_gives_up_rather_than_hold_others_up_and_changes_nothing(empty: EmptyPostgres) -> None:
    await migrate(empty.place, 1)
    async with locked(empty, "places"):
        with pytest.raises(MigrationBusy, match=r"2 tries, so the step to schema version 2 was not made"):
            await migrate(empty.place_of(empty.owner, patience=IMPATIENT))
        assert await empty.place.version() == 1
    await migrate(empty.place)


async def test_a_step_that_was_held_up_goes_through_when_the_lock_is_free(empty: EmptyPostgres) -> None:
    await migrate(empty.place, 1)
    waits = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{empty.name}' AND wait_event = 'relation'"  # noqa: S608
    async with locked(empty, "places") as holder:
        moving = asyncio.create_task(migrate(empty.place_of(empty.owner, patience=PERSISTENT)))
        while await column(empty, waits) == ["0"]:
            assert not moving.done()
        await holder.execute("SELECT * FROM places")  # whoever works there goes on
        await holder.execute("ROLLBACK")
        assert await moving == 1
    assert await empty.place.version() == SCHEMA_VERSION


async def test_a_second_migration_waits_outside_the_database(empty: EmptyPostgres) -> None:
    """A session that waited inside would hold up an index that is built concurrently."""
    async with empty.connected() as first:
        await first.execute(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
        moving = asyncio.create_task(migrate(empty.place))
        asked = f"""SELECT count(*) FROM pg_stat_activity WHERE datname = '{empty.name}' AND state = 'idle'
            AND application_name = 'homeport migrate'"""  # noqa: S608
        while await column(empty, asked) == ["0"]:
            assert not moving.done()
        assert await column(empty, "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'") == ["0"]
        assert not moving.done()
        await first.execute(f"SELECT pg_advisory_unlock({ADVISORY_LOCK})")
    assert await moving == 0


@pytest.mark.parametrize(
    "theirs",
    [
        "CREATE TABLE schema (name text)",
        "CREATE TABLE schema (name text); CREATE TABLE heads (name text)",
        "CREATE TABLE auth_user (id int); CREATE TABLE django_migrations (id int)",
        "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('0001')",
    ],
)
async def test_a_database_of_another_application_is_left_alone_by_everyone(empty: EmptyPostgres, theirs: str) -> None:
    await empty.query(theirs)
    await empty.query(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {APP_ROLE}, {empty.owner}")
    tables = await column(empty, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for attempt in (migrate(empty.place), plan(empty.place)):
        with pytest.raises(MigrationRefused, match=rf"another application \(tables .*: {len(tables)}, such as"):
            await attempt
    with pytest.raises(SchemaUnknown, match="holds no schema of Homeport"):
        await empty.open()
    assert await column(empty, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == tables


async def test_a_table_beside_ours_is_the_owners_affair_and_what_went_back_begins_again(empty: EmptyPostgres) -> None:
    await migrate(empty.place)
    await empty.query("CREATE TABLE notes (id int)")
    assert await migrate(empty.place) == SCHEMA_VERSION
    await migrate(empty.place, 0)
    await empty.query("DROP TABLE notes")
    assert await migrate(empty.place) == 0


async def test_a_server_on_the_first_version_is_told_which_version_is_there(empty: EmptyPostgres) -> None:
    await migrate(empty.place)
    await migrate(empty.place, 1)
    with pytest.raises(SchemaUnknown, match=f"has schema version 1, and this Homeport needs {SCHEMA_VERSION}"):
        await empty.open()


async def test_a_way_back_that_would_lose_tenants_at_its_end_is_not_begun(empty: EmptyPostgres) -> None:
    await migrate(empty.place)
    await empty.query("INSERT INTO tenants (tenant_id, name, created_at, updated_at) VALUES ('t', 't', 0, 0)")
    with pytest.raises(MigrationRefused, match="would lose what stands in tenants"):
        await migrate(empty.place, 0)
    assert await empty.place.version() == SCHEMA_VERSION
    assert (await plan(empty.place, 0)).around == "", "nobody is given a right on what was just dropped"
    await migrate(empty.place, 0, lose_data=True)
