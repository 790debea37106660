"""`homeport doctor` on PostgreSQL: each fault is planted, its line found, and what that line says mends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from homeport_client.fleet.live.nats import RealNats
from homeport_server.database import opened_store
from homeport_server.doctor.finding import Finding
from homeport_server.doctor.followers import check_followers
from homeport_server.doctor.isolation import TABLES
from homeport_server.doctor.nats import check_nats
from homeport_server.doctor.postgres import check_clock, check_postgres, check_room, check_version
from homeport_server.followers.upkeep import UPKEEP
from homeport_server.migrations.migrate import migrate
from homeport_server.secret import Secret, check_fingerprint, open_secret
from homeport_server.settings import Settings
from homeport_sync.errors import RoleUnsafe
from homeport_sync.limits import LIMITS
from homeport_sync.sql.postgres.store import PostgresStore
from homeport_sync.sql.schema_version import revision
from homeport_sync.sql.tables import SCHEMA_VERSION
from homeport_sync.usage import FOLLOWER
from tests.contract.databases import Databases
from tests.contract.empty_databases import EmptyPostgres
from tests.contract.samples import EPOCH, NOW, TENANT, all_of, write

UNSYNCED = "fsync is off: a crash loses acknowledged changes"  # true of the test's own server, which is in a hurry


@pytest.fixture
async def database(postgres18: Databases) -> EmptyPostgres:
    """A migrated database whose servers' role is its own, so that a test may give it any power."""
    made = EmptyPostgres(postgres18.server)
    await made.make()
    await migrate(made.place_of(made.owner, role_of(made)))
    return made


def role_of(database: EmptyPostgres) -> str:
    return f"app_of_{database.name}"


def settings_of(database: EmptyPostgres) -> Settings:
    url = database.server.url(database.name, role_of(database))
    return Settings(database_url=url, database_role=role_of(database))


async def faults(database: EmptyPostgres, data: Path = Path("nowhere")) -> Sequence[Finding]:
    """What is wrong besides the hurry."""
    hurry = ("fsync is off", "full_page_writes is off")
    found = await check_postgres(replace(settings_of(database), data=data))
    return [each for each in found if not each.ok and not each.what.startswith(hurry)]


async def mended(database: EmptyPostgres, found: Finding) -> None:
    """Run the SQL that the line names, then look again."""
    await database.query(found.mend)
    assert await faults(database) == []


async def test_a_migrated_database_is_fine_but_for_the_hurry_of_the_test_server(database: EmptyPostgres) -> None:
    found = await check_postgres(settings_of(database))
    assert [each.what.partition(" is off")[0] for each in found if not each.ok] == ["fsync", "full_page_writes"]
    assert any(each.what == UNSYNCED and "ALTER SYSTEM SET fsync = on" in each.mend for each in found)
    assert any(f"keeps tenants apart on {len(TABLES)} tables" in each.what for each in found)


async def test_each_table_without_row_level_security_is_told(database: EmptyPostgres) -> None:
    for table in TABLES:
        await database.query(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        (found,) = await faults(database)
        assert found.what == f"row-level security is off on {table}"
        await mended(database, found)


async def test_a_table_whose_owner_is_not_bound_is_told(database: EmptyPostgres) -> None:
    await database.query("ALTER TABLE log NO FORCE ROW LEVEL SECURITY")
    (found,) = await faults(database)
    assert "does not bind the owner of log" in found.what
    await mended(database, found)


@pytest.mark.parametrize(
    "fault",
    [
        "DROP POLICY records_tenant ON records",
        "ALTER POLICY records_tenant ON records USING (true)",
        "ALTER POLICY records_tenant ON records WITH CHECK (true)",
    ],
)
async def test_a_policy_that_is_gone_or_weakened_is_told(database: EmptyPostgres, fault: str) -> None:
    await database.query(fault)
    (found,) = await faults(database)
    assert found.what.startswith("the policy records_tenant on records is")
    await mended(database, found)


async def test_a_policy_that_lets_more_through_is_told(database: EmptyPostgres) -> None:
    await database.query("CREATE POLICY backdoor ON grants USING (true)")
    (found,) = await faults(database)
    assert found.what == "the policy backdoor on grants lets more through"
    await mended(database, found)


async def test_the_roster_opens_the_list_of_tenants_alone(database: EmptyPostgres) -> None:
    await database.query("ALTER POLICY tenants_roster ON tenants USING (true)")
    (found,) = await faults(database)
    assert found.what.startswith("the policy tenants_roster on tenants")
    await mended(database, found)


async def test_a_role_that_bypasses_the_policies_is_told(database: EmptyPostgres) -> None:
    await database.query(f"ALTER ROLE {role_of(database)} BYPASSRLS")
    (found,) = await faults(database)
    assert found.what == f"the role {role_of(database)} bypasses row-level security"
    await mended(database, found)


async def test_a_superuser_is_told(database: EmptyPostgres) -> None:
    await database.query(f"ALTER ROLE {role_of(database)} SUPERUSER")
    (found,) = await faults(database)
    assert "a superuser, who sees every tenant" in found.what
    await mended(database, found)


@pytest.mark.parametrize(("user", "whose"), [("postgres", "a superuser's URL"), ("owner", "the owner's URL")])
async def test_a_url_that_is_not_the_servers_is_told_in_one_line_that_touches_no_role(
    database: EmptyPostgres, user: str, whose: str
) -> None:
    name = database.owner if user == "owner" else user
    found = await check_postgres(replace(settings_of(database), database_url=database.server.url(database.name, name)))
    (line,) = [each for each in found if not each.ok and "is off" not in each.what]
    assert line.what.startswith(f"this is {whose}")
    assert line.mend == f"give the servers that of {role_of(database)}, and keep this one for homeport migrate"


async def test_a_role_that_owns_a_table_is_told_and_so_is_a_member_of_the_owner(database: EmptyPostgres) -> None:
    await database.query(f"ALTER TABLE places OWNER TO {role_of(database)}")
    found = await faults(database)
    assert f"the role {role_of(database)} owns the table places" in [each.what for each in found]
    other = f"other_of_{database.name}"
    await database.query(
        f"CREATE ROLE {other}; ALTER TABLE places OWNER TO {other}; GRANT {other} TO {role_of(database)}"
    )
    assert f"is a member of {other}, who owns the table places" in (await faults(database))[0].what


MEMBERSHIPS = (
    ("SUPERUSER", "is a member of {other}, a superuser, who sees every tenant"),
    ("BYPASSRLS", "is a member of {other}, who bypasses row-level security"),
    ("OWNER", "is a member of {other}, who owns the table places"),
)


@pytest.mark.parametrize(("power", "told"), MEMBERSHIPS)
async def test_a_power_that_can_be_taken_by_set_role_is_told_and_refused_at_start(
    database: EmptyPostgres, power: str, told: str
) -> None:
    other, role = f"other_of_{database.name}", role_of(database)
    await database.query(
        f"CREATE ROLE {other} {power.replace('OWNER', '')}; GRANT {other} TO {role} WITH INHERIT FALSE"
    )
    await database.query(f"ALTER TABLE places OWNER TO {other}" if power == "OWNER" else "SELECT")
    (found,) = await faults(database)
    assert told.format(other=other) in found.what
    with pytest.raises(RoleUnsafe, match=f"is a member of {other}"):
        await PostgresStore.open(settings_of(database).database_url, LIMITS)
    if power != "OWNER":
        await mended(database, found)


async def test_a_power_behind_several_roles_is_told(database: EmptyPostgres) -> None:
    far, near = f"far_of_{database.name}", f"near_of_{database.name}"
    await database.query(f"CREATE ROLE {far} BYPASSRLS; CREATE ROLE {near} NOINHERIT IN ROLE {far}")
    await database.query(f"GRANT {near} TO {role_of(database)} WITH INHERIT FALSE")
    (found,) = await faults(database)
    assert f"is a member of {far}, who bypasses" in found.what
    await mended(database, found)


async def test_rights_that_lack_or_are_too_many_are_told_and_migrating_mends_them(database: EmptyPostgres) -> None:
    await database.query(f"REVOKE INSERT ON log FROM {role_of(database)}")
    await database.query(f"GRANT UPDATE ON schema TO {role_of(database)}")
    lacking, excess = await faults(database)
    assert "lacks INSERT on the table log" in lacking.what
    assert "has UPDATE on the table schema" in excess.what
    assert lacking.mend.startswith("homeport migrate --database-url")
    await migrate(database.place_of(database.owner, role_of(database)))
    assert await faults(database) == []


async def test_an_older_schema_and_stamps_that_disagree_are_told(database: EmptyPostgres) -> None:
    await database.query("UPDATE alembic_version SET version_num = '0001'")
    assert "alembic_version says 0001" in (await faults(database))[0].what
    await database.query(f"UPDATE alembic_version SET version_num = '{revision(SCHEMA_VERSION)}'")  # noqa: S608
    await migrate(database.place_of(database.owner, role_of(database)), 1)
    assert f"schema version 1, and this Homeport needs {SCHEMA_VERSION}" in (await faults(database))[0].what


class Answers:
    """A connection that answers everything with one value, for faults that cannot be planted in a real server."""

    def __init__(self, value: object) -> None:
        self._value = value

    async def fetchval(self, _: str) -> object:
        return self._value


async def test_an_old_server_a_wrong_clock_and_too_few_connections_are_told() -> None:
    (old,) = await check_version(Answers("130012"))
    assert old.what == "PostgreSQL 13; expected 14 or newer"
    (clock,) = await check_clock(Answers(0.0))
    assert "behind this machine's" in clock.what
    (room,) = await check_room(Answers(30), Settings(database_url="postgresql://x", workers=4))
    assert (room.what, room.ok) == (
        "44 connections may be opened by 4 server processes, and PostgreSQL has room for 30",
        False,
    )
    assert room.mend.startswith("--database-connections-max 6")


async def test_the_real_clock_and_the_real_room_are_fine(database: EmptyPostgres) -> None:
    async with database.connected() as connection:
        assert [each.ok for each in await check_clock(connection)] == [True]
        assert [each.ok for each in await check_room(connection, replace(settings_of(database), workers=2))] == [True]


async def test_commits_that_do_not_wait_for_the_disk_are_told(database: EmptyPostgres) -> None:
    await database.query(f"ALTER ROLE {role_of(database)} SET synchronous_commit = off")
    (found,) = await faults(database)
    assert found.what == "synchronous_commit is off: a crash loses acknowledged changes"


async def test_a_log_that_nobody_follows_is_told_until_a_worker_is_at_it_and_when_it_is_done(
    database: EmptyPostgres,
) -> None:
    settings = settings_of(database)
    store = await PostgresStore.open(settings.database_url, LIMITS)
    try:
        await store.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
        await write(store, all_of())
        (early,) = await check_followers(settings, lambda: NOW)
        assert early.ok
        assert f"no worker is at the log of {TENANT}, which has moved: that is a fault after 60 s" in early.what
        (alone,) = await check_followers(settings, lambda: NOW + 3_600_000)
        assert "is 1 changes and" in alone.what
        assert alone.mend == "start one: homeport work"
        assert await store.lease(TENANT, UPKEEP, "worker", ttl_ms=2**40)
        assert await check_followers(settings, lambda: NOW + 3_600_000) == [alone], "who keeps house follows nothing"
        lease = await store.lease(TENANT, FOLLOWER, "worker", ttl_ms=2**40)
        assert lease is not None
        (slow,) = await check_followers(settings, lambda: NOW + 3_600_000)
        assert slow.mend == "start more workers: homeport work"
        await store.keep_place(lease, 1)
        assert [each.ok for each in await check_followers(settings, lambda: NOW + 3_600_000)] == [True]
    finally:
        await store.close()


async def test_a_nats_that_answers_is_fine(nats: RealNats) -> None:
    (found,) = await check_nats(nats.url)
    assert found.ok


async def test_a_second_machine_whose_secret_is_another_is_told(database: EmptyPostgres, tmp_path: Path) -> None:
    settings = replace(settings_of(database), data=tmp_path)
    ours = open_secret(tmp_path)
    async with opened_store(settings) as store:
        await check_fingerprint(store, Secret(b"s" * 32))
        (found,) = await faults(database, tmp_path)
        assert "copy the file secret from a machine that serves already" in found.mend
        await check_fingerprint(store, ours, replace=True)
    assert await faults(database, tmp_path) == []
