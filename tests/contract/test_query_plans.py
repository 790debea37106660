"""How databases find the answers to queries: by the index of what is asked, from where the page begins, in order.

One sort is left: that which merges the first rows of several scopes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from msgspec.structs import replace

from homeport_server.migrations.migrate import Indexing, migrate
from homeport_sync.limits import LIMITS
from homeport_sync.ports import StoredRecord, Writes
from homeport_sync.query import Compare, Every, Mark, Order, Query
from homeport_sync.sql.index_sql import PREFIX, indexes_of
from homeport_sync.sql.postgres import queries as of_postgres
from homeport_sync.sql.postgres.database import IN_ORDER, SERVER_SETTINGS, Connection, begin
from homeport_sync.sql.postgres.dialect import POSTGRES
from homeport_sync.sql.postgres.store import PostgresStore
from homeport_sync.sql.query_sql import Dialect, asked_of
from homeport_sync.sql.sqlite import connection as of_file
from homeport_sync.sql.sqlite import queries as of_sqlite
from homeport_sync.sql.sqlite.dialect import SQLITE
from homeport_sync.sql.sqlite.store import SqliteStore
from tests.contract.databases import APP_ROLE, Databases
from tests.contract.empty_databases import EmptyPostgres
from tests.contract.plans import planned
from tests.contract.questions import CATALOG, SAMPLE
from tests.contract.samples import EPOCH, NOW, TENANT, grant, stored, write


def ask(
    where: tuple[Compare, ...] = (), order: str = "id", *, descending: bool = False, mark: Mark | None = None
) -> Query:
    return Query(
        kind="Sample", limit=9, where=Every(terms=where), order=Order(field=order, descending=descending), after=mark
    )


DONE = Compare(field="done", test="equals", value=False)
MANY = Compare(field="count", test="at_least", value=3)
A_TITLE = Compare(field="title", test="starts_with", value="a")
# What is asked, the field of whose index it is found, and whether the index begins at a value there.
CASES: dict[str, tuple[Query, str, bool]] = {
    "by id": (ask(), "id", False),
    "by id, a later page": (ask(mark=Mark(value=None, id="r3")), "id", False),
    "by a value": (ask(order="due"), "due", False),
    "by a value, backwards": (ask(order="due", descending=True), "due", False),
    "by a value, a later page": (ask(order="title", mark=Mark(value="x", id="r3")), "title", True),
    "by a value, a later page backwards": (
        ask(order="title", descending=True, mark=Mark(value="x", id="r3")),
        "title",
        True,
    ),
    "by a value, behind one that is null": (ask(order="due", mark=Mark(value=None, id="r3")), "due", True),
    "of one value": (ask((DONE,)), "done", True),
    "of one value, a later page": (ask((DONE,), mark=Mark(value=None, id="r3")), "done", True),
    "of one value, by it": (ask((DONE,), "done", mark=Mark(value=False, id="r3")), "done", True),
    "of a range": (ask((MANY,), "count"), "count", True),
    "of a range, a later page": (ask((MANY,), "count", mark=Mark(value=5, id="r3")), "count", True),
    "of a start": (ask((A_TITLE,), "title"), "title", True),
}


def of_field(name: str, dialect: Dialect) -> str:
    """The name of the index."""
    start = f"{PREFIX}Sample_{name}_"
    (found,) = (each.name for each in indexes_of(CATALOG, dialect) if each.name.startswith(start))
    return found


def record(at: int, scope: str) -> StoredRecord:
    made = stored(f"r{at}", at, scope=scope).record
    return StoredRecord(
        record=replace(made, kind="Sample", fields={"title": f"t{at % 50}", "count": at % 9, "done": at % 2 == 0}),
        author="d",
        foreign_position=0,
    )


@pytest.fixture(params=["without statistics", "with statistics"])
async def file(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[of_file.Connection]:
    """A file with the indexes, and records in several scopes."""
    path = tmp_path / "plans.sqlite3"
    store = await SqliteStore.open(path, LIMITS)
    try:
        await store.make_indexes(CATALOG)
        await store.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
        records = [record(at, f"s{at % 3}") for at in range(600)]
        grants = [grant(f"s{at}", user=f"u{at % 7}") for at in range(60)]
        await write(store, Writes(head=600, now_ms=NOW, records=records, grants=grants))
    finally:
        await store.close()
    connection = await of_file.Connection.open(path)
    if request.param == "with statistics":
        await connection.run(lambda raw: raw.execute("ANALYZE"))
    yield connection
    await connection.close()


async def explained(connection: of_file.Connection, text: str) -> list[str]:
    values = ("x",) * max(int(number) for number in re.findall(r"\?(\d+)", text))
    rows = await connection.run(lambda raw: raw.execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall())
    return [str(row[3]) for row in rows]


@pytest.mark.parametrize("case", CASES)
async def test_sqlite_finds_a_page_in_its_index(file: of_file.Connection, case: str) -> None:
    asked, field, at_a_value = CASES[case]
    of_all, of_some = (asked_of(asked, SAMPLE, SQLITE, bound) for bound in (3, 4))
    for text in (of_sqlite.query_statement(of_all), of_sqlite.within_statement(of_some)):
        steps = [step for step in await explained(file, text) if step.startswith(("SE", "SC", "US"))]
        assert "SEARCH here USING INTEGER PRIMARY KEY (rowid=?)" in "".join(steps).replace(" LEFT-JOIN", "")
        read = [step for step in steps if step.startswith("SEARCH records")]
        assert read
        assert all(f"USING INDEX {of_field(field, SQLITE)} (tenant_id=? AND scope_id=?" in step for step in read)
        assert all(("<expr>" in step) == at_a_value for step in read), steps
        assert next(step for step in steps if step.startswith("SEARCH grants")).count("user_id=?") == 1
        assert [step for step in steps if step.startswith(("SCAN records", "SCAN here", "SCAN grants"))] == []
        assert sum("TEMP B-TREE FOR ORDER BY" in step for step in steps) == 1, steps


@pytest.fixture(scope="module")
def owned(postgres18: Databases) -> EmptyPostgres:
    """A database whose owner, who is bound by the policies, has made the view and the indexes."""
    made = EmptyPostgres(postgres18.server)

    async def make() -> None:
        await made.make()
        await migrate(made.place, indexes=Indexing(catalog=CATALOG, made=lambda _: None))

    asyncio.run(make())
    return made


@pytest.fixture(params=["without statistics", "with statistics"])
async def planner(request: pytest.FixtureRequest, owned: EmptyPostgres) -> AsyncIterator[Connection]:
    """A connection as the servers have it, to a database with records in several scopes."""
    tenant = f"plans {request.param}"
    store = await PostgresStore.open(owned.server.url(owned.name, APP_ROLE), LIMITS)
    try:
        await store.create(tenant, id=tenant, epoch=EPOCH, now_ms=0)
        records = [record(at, f"s{at % 3}") for at in range(600)]
        grants = [grant(f"s{at}", user=f"u{at % 7}") for at in range(60)]
        await write(store, Writes(head=600, now_ms=NOW, records=records, grants=grants), tenant)
    finally:
        await store.close()
    if request.param == "with statistics":
        await owned.query("ANALYZE records; ANALYZE grants")
    url = owned.server.url(owned.name, APP_ROLE)
    connection = await asyncpg.connect(url, server_settings=SERVER_SETTINGS)
    await begin(connection, tenant, IN_ORDER)
    yield connection
    await connection.close()


@pytest.mark.parametrize("case", CASES)
async def test_postgresql_finds_a_page_in_its_index(planner: Connection, case: str) -> None:
    asked, field, at_a_value = CASES[case]
    of_all, of_some = (asked_of(asked, SAMPLE, POSTGRES, bound) for bound in (3, 4))
    for text in (of_postgres.query_statement(of_all), of_postgres.within_statement(of_some)):
        steps = await planned(planner, text)
        read = [step for step in steps if step.get("Relation Name") == "records"]
        assert read
        assert {step["Index Name"] for step in read} == {of_field(field, POSTGRES)}
        assert all(("wire" in str(step["Index Cond"])) == at_a_value for step in read), read
        (grants,) = [step for step in steps if step.get("Relation Name") == "grants"]
        assert grants["Index Name"] == "grants_pkey", "those of one user, and not of all"
        assert [step["Node Type"] for step in steps if "Seq Scan" in str(step["Node Type"])] == []
        assert len([step for step in steps if step["Node Type"] == "Sort"]) == 1
