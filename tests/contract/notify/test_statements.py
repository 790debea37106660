"""Every statement of the store finds its rows by an index, and those of a tenant by the tenant: on both databases."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import asyncpg
import pytest

from homeport_notify import sql as room
from homeport_notify.sql.dialect import Statement
from homeport_notify.sql.tables import metadata
from homeport_sync.sql.postgres.database import SERVER_SETTINGS
from homeport_sync.sql.sqlite.store import SqliteStore
from tests.contract.databases import Databases
from tests.contract.notify.samples import TENANT
from tests.contract.plans import planned

STATEMENTS = {
    f"{module.name}.{name}": value
    for module in iter_modules(room.__path__)
    for name, value in vars(import_module(f"{room.__name__}.{module.name}")).items()
    if isinstance(value, Statement)
}
OF_NO_TENANT = {name for name in STATEMENTS if name.startswith("gates.")}
# What workers ask all the time, or page by page: it stops where the answer is, and sorts nothing.
HOT = (
    "chunks.LEASE",
    "chunks.NEXT_DUE",
    "expansion.EVERYONE",
    "expansion.OF_TOPIC",
    "expansion.TO_EXPAND",
    "notifications.NEWEST",
    "notifications.NEWEST_OF_LANE",
    "notifications.CHUNKS",
    "forgetting.ENDED",
    "addresses.UNSEEN",
    "addresses.LONG_RETIRED",
    "addresses.OF_USER",
    "wakes.DUE",
    "wakes.NEXT",
)

COLUMNS = {
    name: [column.name for column in columns]
    for table in metadata.tables.values()
    for name, columns in [
        (f"{table.name}_pkey", table.primary_key.columns),
        *((str(each.name), each.columns) for each in table.indexes),
    ]
}
ELSEWHERE = ("Function Scan", "Subquery Scan", "CTE Scan")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("statements") / "homeport.sqlite3"


@pytest.fixture
async def connection(file: Path) -> AsyncIterator[sqlite3.Connection]:
    """A file with the real schema."""
    await (await SqliteStore.open(file, beside=[metadata])).close()
    with closing(sqlite3.connect(file)) as opened:
        yield opened


def explained(connection: sqlite3.Connection, name: str) -> list[str]:
    text = STATEMENTS[name].text["sqlite"]
    values = ["[]"] * max(int(number) for number in re.findall(r"\?(\d+)", text))
    return [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]


def is_bounded(step: str) -> bool:
    """Whether the step reads no table from end to end, nor all that a tenant has in it."""
    if (
        re.fullmatch(r"(SCAN|SEARCH) (first|page|step|free|others|unexpanded|CONSTANT ROW)", step)
        or "VIRTUAL TABLE" in step
    ):
        return True  # a step back, no table
    return not step.startswith(("SCAN", "SEARCH")) or step.startswith("SEARCH gates") or " AND " in step


@pytest.fixture
async def planner(postgres18: Databases) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the servers have it."""
    name = await postgres18.fresh()
    opened = await asyncpg.connect(postgres18.url(name), server_settings=SERVER_SETTINGS)
    await opened.execute(f"BEGIN; SET LOCAL homeport.tenant = '{TENANT}'")
    yield opened
    await opened.close()
    await postgres18.give_back(name)


def is_indexed(step: dict[str, object]) -> bool:
    if "Index Name" not in step:
        return "Scan" not in str(step["Node Type"]) or step["Node Type"] in (
            "Function Scan",
            "Subquery Scan",
            "CTE Scan",
        )
    first, *then = COLUMNS[str(step["Index Name"])]
    condition = str(step["Index Cond"])
    return _bound(first, condition) and (not then or _bound(then[0], condition))


def _bound(column: str, condition: str) -> bool:
    """Whether the condition says where in the column to look: what is said of a later one reads all of the former."""
    return re.search(rf"\b{column} (=|<|>|<=|>=) ", condition) is not None


def test_the_statements_of_all_modules_are_found() -> None:
    assert len(STATEMENTS) > 50
    assert set(HOT) < set(STATEMENTS)
    assert OF_NO_TENANT


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_a_statement_binds_its_tenant(name: str) -> None:
    for text in STATEMENTS[name].text.values():
        assert ("tenant_id" in text) == (name not in OF_NO_TENANT)


@pytest.mark.parametrize("name", sorted(STATEMENTS))
async def test_no_statement_scans_a_table_on_sqlite(connection: sqlite3.Connection, name: str) -> None:
    assert [step for step in explained(connection, name) if not is_bounded(step)] == []


@pytest.mark.parametrize("name", sorted(STATEMENTS))
async def test_no_statement_scans_a_table_on_postgresql(planner: asyncpg.Connection, name: str) -> None:
    assert [step for step in await planned(planner, STATEMENTS[name].text["postgresql"]) if not is_indexed(step)] == []


@pytest.mark.parametrize("name", HOT)
async def test_a_hot_statement_never_sorts(
    connection: sqlite3.Connection, planner: asyncpg.Connection, name: str
) -> None:
    assert [step for step in explained(connection, name) if "TEMP B-TREE" in step] == []
    assert [
        step for step in await planned(planner, STATEMENTS[name].text["postgresql"]) if step["Node Type"] == "Sort"
    ] == []


def test_every_key_begins_with_the_tenant_but_that_of_the_gates() -> None:
    for table in metadata.tables.values():
        keys = [table.primary_key.columns, *(each.columns for each in table.indexes)]
        first = {next(iter(each)).name for each in keys}
        assert first == ({"channel"} if table.name == "gates" else {"tenant_id"})
