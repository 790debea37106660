"""What PostgreSQL promises besides: a batch that waited knows what it waited for, plans that never scan, trouble told
from mistakes, and connections that die without harm."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pkgutil import iter_modules

import asyncpg
import pytest

from homeport_client.fleet.live.postgres import SUPERUSER
from homeport_server.migrations.migrate import migrate
from homeport_server.migrations.postgres import PostgresPlace
from homeport_sync.errors import NO_ANSWER, RoleUnsafe, SchemaUnknown, TimedOut, Unavailable
from homeport_sync.limits import LIMITS
from homeport_sync.sql import postgres as room
from homeport_sync.sql.postgres import statements
from homeport_sync.sql.postgres.database import (
    ACQUIRE_S,
    CONNECT_S,
    ROSTER,
    SERVER_SETTINGS,
    STATEMENT_S,
    Connection,
    literal,
)
from homeport_sync.sql.postgres.store import PostgresStore
from homeport_sync.sql.postgres.trouble import retried, translated
from homeport_sync.sql.postgres.write import PARTS, write_statement
from tests.contract.databases import Databases
from tests.contract.plans import planned
from tests.contract.samples import EPOCH, EVERYTHING, NOTHING, NOW, TENANT, all_of, load, write

MODULES = [import_module(f"{room.__name__}.{each.name}") for each in iter_modules(room.__path__)]
STATEMENTS = {
    name: text
    for module in MODULES
    for name, text in vars(module).items()
    if name[0].isupper() and name.isupper() and "$1" in str(text)
}
HOT_READS = (
    "SCOPE_ROWS",
    "READ_LOG",
    "READ_BACK",
    "OF_RECORD",
    "OLD_OUTCOMES",
    "TENANTS",
    "QUARANTINE",
    "DEVICES_LISTED",
)
OF_THE_ROSTER = ("TENANT_BY_ID", "TENANT_BY_NAME", "TENANTS")


@pytest.fixture
async def name(postgres18: Databases) -> str:
    """A database with one tenant whose log is empty."""
    made = await postgres18.fresh()
    async with opened(postgres18, made) as store:
        await store.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
    return made


@asynccontextmanager
async def opened(databases: Databases, name: str, connections_max: int = 4) -> AsyncIterator[PostgresStore]:
    """A store as a process of its own would have it."""
    store = await PostgresStore.open(databases.url(name), LIMITS, connections_max=connections_max)
    try:
        yield store
    finally:
        await store.close()


async def someone_waits_for_a_lock(databases: Databases, name: str) -> None:
    """Returns once a session of the database waits for another's lock."""
    waiting = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND wait_event_type = 'Lock'"  # noqa: S608
    while await databases.server.query(waiting) == [["0"]]:  # noqa: ASYNC110  # the event is in another process
        await asyncio.sleep(0)


@pytest.mark.promise("I4")
async def test_a_batch_that_waited_for_another_process_knows_all_that_it_wrote(
    postgres18: Databases, name: str
) -> None:
    async with opened(postgres18, name) as one, opened(postgres18, name) as other:
        async with one.transaction(TENANT) as transaction:
            await transaction.load(NOTHING)
            waits = asyncio.create_task(load(other, EVERYTHING))
            await someone_waits_for_a_lock(postgres18, name)
            await transaction.commit(all_of())
        found = await waits
        assert found == await load(one, EVERYTHING)
    assert found.head.position == 1
    assert found.records.keys() == {"r"}
    assert found.devices.keys() == {"d"}
    assert found.grants.keys() == {("u", "s")}
    assert found.outcomes.keys() == {("d", 1)}


async def test_a_batch_that_waited_for_one_that_was_rolled_back_knows_what_was_there_before(
    postgres18: Databases, name: str
) -> None:
    async with opened(postgres18, name) as one, opened(postgres18, name) as other:
        await write(one, all_of())
        before = await load(one, EVERYTHING)
        async with one.transaction(TENANT) as transaction:
            await transaction.load(NOTHING)
            waits = asyncio.create_task(load(other, EVERYTHING))
            await someone_waits_for_a_lock(postgres18, name)
        assert await waits == before


async def test_a_process_that_dies_in_a_batch_frees_the_head_and_leaves_nothing(
    postgres18: Databases, name: str
) -> None:
    async with opened(postgres18, name) as one, opened(postgres18, name) as other:

        async def batch() -> None:
            async with one.transaction(TENANT) as transaction:
                await transaction.load(NOTHING)
                await end_all_sessions(postgres18, name)
                await transaction.commit(all_of())

        with pytest.raises(Unavailable) as told:
            await batch()
        assert told.value.message == NO_ANSWER, "what the driver said is for the log"
        assert not isinstance(told.value, TimedOut)
        assert (await load(other)).head.position == 0
        await write(one, all_of())
        assert (await load(other)).head.position == 1


async def test_a_read_is_asked_again_when_its_connection_died(postgres18: Databases, name: str) -> None:
    async with opened(postgres18, name) as store:
        await write(store, all_of())
        await end_all_sessions(postgres18, name)
        assert (await store.standing(TENANT, "u", "d")).head.position == 1


@pytest.mark.parametrize("late", [TimeoutError(), asyncpg.QueryCanceledError(), asyncpg.LockNotAvailableError()])
async def test_a_read_that_was_not_answered_in_time_is_not_asked_again(late: Exception) -> None:
    asked: list[Exception] = []

    async def read() -> None:
        asked.append(late)
        with translated():
            raise late

    with pytest.raises(TimedOut, match=NO_ANSWER):
        await retried(read)
    assert len(asked) == 1


def test_a_connection_that_the_network_lost_is_one_that_a_fresh_one_mends() -> None:
    with pytest.raises(Unavailable) as told, translated():
        raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")
    assert not isinstance(told.value, TimedOut)


def test_a_request_waits_no_longer_for_a_frozen_database_than_a_phone_waits_for_an_answer() -> None:
    assert max(CONNECT_S, ACQUIRE_S) + STATEMENT_S + 1 < 15


async def end_all_sessions(databases: Databases, name: str) -> None:
    ended = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608
    assert await databases.server.query(ended)


async def test_who_is_not_there_or_does_not_let_us_in_is_unavailable_with_what_to_do(postgres18: Databases) -> None:
    url = postgres18.url("no_such_database")
    for wrong in (url, url.replace("host=", "host=/nowhere"), postgres18.url("postgres", "nobody_we_know")):
        with pytest.raises(Unavailable, match=r"mend the (URL|host)"):
            await PostgresStore.open(wrong, LIMITS)


async def test_a_mistake_is_not_taken_for_trouble(postgres18: Databases, name: str) -> None:
    async with opened(postgres18, name) as store:
        await write(store, all_of())
        with pytest.raises(asyncpg.UniqueViolationError):
            await write(store, all_of())


async def test_a_database_without_our_schema_is_refused_with_what_to_run(postgres18: Databases) -> None:
    await postgres18.server.query("CREATE DATABASE empty_of_homeport")
    with pytest.raises(SchemaUnknown, match="homeport migrate"):
        await PostgresStore.open(postgres18.url("empty_of_homeport"), LIMITS)


async def test_a_database_that_cannot_hold_every_text_is_refused(postgres18: Databases) -> None:
    await postgres18.server.query("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'")
    with pytest.raises(SchemaUnknown, match="as LATIN1, and Homeport needs UTF8"):
        await PostgresStore.open(postgres18.url("latin"), LIMITS)
    with pytest.raises(SchemaUnknown, match="needs UTF8"):
        await migrate(PostgresPlace(postgres18.url("latin", SUPERUSER), "homeport_app"))


async def test_a_role_that_could_pass_the_policies_is_refused(postgres18: Databases, name: str) -> None:
    with pytest.raises(RoleUnsafe, match="could bypass") as refused:
        await PostgresStore.open(postgres18.url(name, SUPERUSER), LIMITS)
    assert "homeport_app" in refused.value.message


@pytest.fixture
async def planner(postgres18: Databases, name: str) -> AsyncIterator[Connection]:
    """A connection as the servers have it."""
    connection = await asyncpg.connect(postgres18.url(name), server_settings=SERVER_SETTINGS)
    await connection.execute(f"BEGIN; SET LOCAL homeport.tenant = {literal(TENANT)}")
    yield connection
    await connection.close()


def is_bounded(step: dict[str, object]) -> bool:
    """Whether the step reads no table from end to end, nor all that a tenant has in it."""
    if "Index Name" not in step:
        return "Scan" not in str(step["Node Type"]) or step["Node Type"] in ELSEWHERE
    condition = str(step["Index Cond"])
    return step.get("Relation Name") in ("heads", "tenants") or ("tenant_id" in condition and " AND " in condition)


ELSEWHERE = ("Function Scan", "Subquery Scan", "CTE Scan", "WorkTable Scan", "Tid Scan")
ALL = {**STATEMENTS, "WRITE": write_statement((True,) * len(PARTS))}


def test_the_statements_of_all_modules_are_found() -> None:
    assert {"LOAD", "READ_LOG", "LEASE", "ADD_USAGE", "WRITE"} <= set(ALL)


@pytest.mark.parametrize("each", sorted(ALL))
async def test_no_statement_scans_a_table(planner: Connection, each: str) -> None:
    if each in OF_THE_ROSTER:
        await planner.execute(f"SET LOCAL homeport.tenant = {literal(ROSTER)}")
    assert [step for step in await planned(planner, ALL[each]) if not is_bounded(step)] == []


async def test_what_a_batch_wants_is_looked_up_by_its_whole_key(planner: Connection) -> None:
    looked_up = [
        (str(step["Index Name"]), str(step["Index Cond"]))
        for step in await planned(planner, statements.LOAD)
        if "Index Name" in step
    ]
    for index, columns in (
        ("devices_pkey", {"device_id"}),
        ("outcomes_pkey", {"number", "stamp"}),
        ("grants_pkey", {"scope_id"}),
        ("records_pkey", {"record_id"}),
        ("quarantine_creates", {"record_id", "device_id"}),
    ):
        conditions = [condition for name, condition in looked_up if name == index]
        assert all(any(f"({column} = " in each for each in conditions) for column in columns)
        assert all(any(f"({column} = " in each for column in columns) for each in conditions)


@pytest.mark.parametrize("each", HOT_READS)
async def test_a_hot_read_finds_its_order_in_the_index_and_never_sorts(planner: Connection, each: str) -> None:
    assert [step for step in await planned(planner, STATEMENTS[each]) if step["Node Type"] == "Sort"] == []


async def test_a_scan_is_recognised_where_there_is_one(planner: Connection) -> None:
    for where in ("kind = $1", "tenant_id = $1 AND kind = $2"):
        scanned = await planned(planner, f"SELECT * FROM records WHERE {where} ORDER BY wire")  # noqa: S608
        assert [is_bounded(step) for step in scanned if "Scan" in str(step["Node Type"])] == [False]


@pytest.mark.parametrize("each", sorted(set(ALL) - set(OF_THE_ROSTER)))
def test_a_statement_names_its_tenant(each: str) -> None:
    assert "$1" in ALL[each]
    assert "tenant_id" in ALL[each]


def test_the_time_of_the_batch_is_one() -> None:
    assert ALL["WRITE"].count("$3, $3") == 5
    assert NOW > 0
