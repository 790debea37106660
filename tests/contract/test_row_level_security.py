"""Row-level security: a statement that forgets its tenant reaches nobody else's rows, and without a tenant nothing.

Each table holds one row of tenant A and one of tenant B. A probe tries every way out of A by statements that name no
tenant, and says what it reached. That the probe itself can fail is tested too: weaken any one policy, and it speaks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import BigInteger, Boolean, LargeBinary

from homeport_client.fleet.live.postgres import SUPERUSER
from homeport_server.tables import TABLES as ALL
from homeport_sync.errors import Unavailable
from homeport_sync.limits import LIMITS
from homeport_sync.sql.postgres.database import ROSTER
from homeport_sync.sql.postgres.store import PostgresStore
from tests.contract.databases import APP_ROLE, Databases
from tests.contract.samples import EPOCH, NOW, all_of, cancelled_inside, load, write

TABLES = sorted(name for name, table in ALL.items() if "tenant_id" in table.c)
A, B = "tenant-a", "tenant-b"


def row_of(table: str, tenant: str) -> str:
    """A row of the table as an INSERT; every column has a value of its type."""
    values = {}
    for column in ALL[table].c:
        kind = column.type
        number, truth, raw = (isinstance(kind, each) for each in (BigInteger, Boolean, LargeBinary))
        values[column.name] = "7" if number else "true" if truth else "'\\x07'" if raw else f"'of {tenant}'"
    values["tenant_id"] = f"'{tenant}'"
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"  # noqa: S608


@pytest.fixture(scope="module")
def database(postgres18: Databases) -> str:
    """A database in which every table has one row of A and one of B; whatever a test does to it, it rolls back."""
    return asyncio.run(filled(postgres18))


async def filled(databases: Databases) -> str:
    name = await databases.fresh()
    rows = ";".join(row_of(table, tenant) for table in TABLES for tenant in (A, B))
    await databases.server.query(rows, database=name)
    return name


@asynccontextmanager
async def connected(databases: Databases, name: str, user: str = APP_ROLE) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the role of the servers, or as another."""
    connection = await asyncpg.connect(databases.url(name, user))
    try:
        yield connection
    finally:
        await connection.close()


async def reached(connection: asyncpg.Connection, table: str, tenant: str | None) -> list[str]:
    """What statements without a tenant reach, as `tenant` (None: it is not set), that they should not."""
    found: list[str] = []
    async with rolled_back(connection, tenant):
        seen = {row[0] for row in await connection.fetch(f"SELECT tenant_id FROM {table}")}  # noqa: S608
        if seen - {tenant}:
            found.append("reads another's row")
        if tenant and tenant not in seen:
            found.append("does not read its own row")
    own = "1" if tenant else "0"
    for verb, expected in (
        (f"UPDATE {table} SET tenant_id = tenant_id", {f"UPDATE {own}"}),  # noqa: S608
        (f"DELETE FROM {table}", {f"DELETE {own}"}),  # noqa: S608
        (row_of(table, "tenant-c"), {"refused"}),
        (f"UPDATE {table} SET tenant_id = 'tenant-c'", {"refused", "UPDATE 0"}),  # noqa: S608
    ):
        async with rolled_back(connection, tenant):
            done = await executed(connection, verb)
        if done not in expected:
            found.append(f"{done} by {verb}")
    return found


async def executed(connection: asyncpg.Connection, verb: str) -> str:
    """What the statement did, or that it was refused."""
    try:
        async with connection.transaction():
            return str(await connection.execute(verb))
    except asyncpg.InsufficientPrivilegeError:
        return "refused"
    except asyncpg.UniqueViolationError:
        return "refused too late"


@asynccontextmanager
async def rolled_back(connection: asyncpg.Connection, tenant: str | None) -> AsyncIterator[None]:
    """A transaction as the tenant, of which nothing stays."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        if tenant is not None:
            await connection.execute("SELECT set_config('homeport.tenant', $1, true)", tenant)
        yield
    finally:
        await transaction.rollback()


@pytest.mark.promise("I8")
@pytest.mark.parametrize("table", TABLES)
async def test_an_unfiltered_statement_reaches_no_other_tenant(
    postgres18: Databases, database: str, table: str
) -> None:
    async with connected(postgres18, database) as connection:
        assert await reached(connection, table, A) == []
        assert await reached(connection, table, B) == []


@pytest.mark.parametrize("table", TABLES)
async def test_without_a_tenant_nothing_is_reached(postgres18: Databases, database: str, table: str) -> None:
    async with connected(postgres18, database) as connection:
        assert await reached(connection, table, None) == []
        async with rolled_back(connection, A):
            pass
        assert await reached(connection, table, None) == [], "a setting that was local has left something behind"
        assert await reached(connection, table, "") in ([], ["does not read its own row"])


WEAKER = (
    "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    "DROP POLICY {table}_tenant ON {table}",
    "ALTER POLICY {table}_tenant ON {table} USING (true)",
    "ALTER POLICY {table}_tenant ON {table} WITH CHECK (true)",
)


@pytest.mark.parametrize("table", TABLES)
async def test_the_probe_speaks_when_any_one_policy_is_weakened(
    postgres18: Databases, database: str, table: str
) -> None:
    async with connected(postgres18, database, SUPERUSER) as connection:
        for weaker in WEAKER:
            weakened = connection.transaction()
            await weakened.start()
            await connection.execute(weaker.format(table=table))
            await connection.execute(f"SET LOCAL ROLE {APP_ROLE}")
            assert await reached(connection, table, A) != [], weaker
            await weakened.rollback()


@pytest.mark.parametrize("table", TABLES)
async def test_the_policy_binds_the_tables_owner_too(postgres18: Databases, database: str, table: str) -> None:
    """FORCE: a server that is given the owner's role by mistake is held as well."""
    async with connected(postgres18, database, SUPERUSER) as connection:
        owned = connection.transaction()
        await owned.start()
        await connection.execute(f"ALTER TABLE {table} OWNER TO {APP_ROLE}")
        await connection.execute(f"SET LOCAL ROLE {APP_ROLE}")
        assert await reached(connection, table, A) == []
        await owned.rollback()


async def test_the_roster_shows_names_and_nothing_else(postgres18: Databases, database: str) -> None:
    async with connected(postgres18, database) as connection:
        for table in TABLES:
            async with rolled_back(connection, ROSTER):
                seen = {row[0] for row in await connection.fetch(f"SELECT tenant_id FROM {table}")}  # noqa: S608
                assert seen == ({A, B} if table == "tenants" else set())
                assert await connection.execute(f"DELETE FROM {table}") == "DELETE 0"  # noqa: S608


async def test_a_pool_of_one_connection_serves_tenants_in_turn_and_keeps_them_apart(postgres18: Databases) -> None:
    """Alternating tenants, aborted transactions and cancelled ones, all through the same connection."""
    store = await PostgresStore.open(postgres18.url(await postgres18.fresh()), LIMITS, connections_max=1)
    try:
        for tenant in (A, B):
            await store.create(f"name of {tenant}", id=tenant, epoch=EPOCH, now_ms=NOW)
        await write(store, all_of(1, title=f"of {A}"), tenant=A)
        await write(store, all_of(1, title=f"of {B}"), tenant=B)
        for _ in range(5):
            for tenant in (A, B):
                with pytest.raises(asyncpg.UniqueViolationError):
                    await write(store, all_of(1), tenant=tenant)  # position 1 is taken: the transaction aborts
                await cancelled_inside(store, A if tenant == B else B)
                found = (await load(store, tenant=tenant)).records["r"].record.fields["title"]
                assert found == f"of {tenant}"
                assert [entry.position for entry in await store.read(tenant, 0, 10)] == [1]
        assert [each.id for each in await store.tenants("", 10)] == [A, B]
    finally:
        await store.close()


async def test_a_connection_that_served_a_tenant_is_nobodys_when_it_comes_back(postgres18: Databases) -> None:
    store = await PostgresStore.open(postgres18.url(await postgres18.fresh()), LIMITS, connections_max=1)
    try:
        await store.create(A, id=A, epoch=EPOCH, now_ms=NOW)
        await write(store, all_of(1), tenant=A)
        await store.standing(A, "u", "d")
        async with store._database.connection() as connection:
            setting = "SELECT NULLIF(current_setting('homeport.tenant', true), '')"
            assert [row[0] for row in await connection.fetch(setting)] == [None]
            assert await connection.fetch("SELECT tenant_id FROM log") == []
    finally:
        await store.close()


async def test_a_tenants_id_is_data_and_never_sql(postgres18: Databases) -> None:
    store = await PostgresStore.open(postgres18.url(await postgres18.fresh()), LIMITS)
    try:
        odd = "x'; SET LOCAL homeport.tenant = '*'; --"
        await store.create("odd", id=odd, epoch=EPOCH, now_ms=NOW)
        await store.create("other", id="other", epoch=EPOCH, now_ms=NOW)
        await write(store, all_of(1, title="odd"), tenant=odd)
        assert (await load(store, tenant=odd)).records["r"].record.fields["title"] == "odd"
        assert (await load(store, tenant="other")).records == {}
        for nobody in ("' OR true; --", "\\", "\0", "$1", ""):
            with pytest.raises(Unavailable, match=r"no (such )?tenant"):
                await store.standing(nobody, "u", "d")
    finally:
        await store.close()
