"""What a page of 100 records costs at the store, out of 1,000 and out of 1,000,000 of its kind. All are in one scope,
and half of them pass the filter.

The pages are the first of a value, a later one of it, and one of a range by its own field. Both stores are open, and
asked in turn, so that what else the machine does falls on both. Of each the ratio is told; `page_cost_ratio_1k_to_1m`
is the worst of all.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks.graphql.filled import TENANT, USER, app, on_postgres, on_sqlite
from benchmarks.table import show
from homeport_client.fleet.live.postgres import RealPostgres
from homeport_sync.query import Compare, Order, Queries, Query, mark_of

FEW, MANY = 1_000, 1_000_000
PAGE = 100
ROUNDS, PAGES = 9, 40
TASK = app.catalog.kind("Task")
OF_VALUE = Query(kind="Task", limit=PAGE, where=Compare(field="done", test="equals", value=False))
OF_RANGE = Query(
    kind="Task",
    limit=PAGE,
    where=Compare(field="code", test="at_least", value=500),
    order=Order(field="code", descending=True),
)


async def ratios(where: str, few: Queries, many: Queries) -> Mapping[str, float]:
    """Of each page: how much more it costs among many."""
    taken, found = dict[str, float](), dict[str, float]()
    for name in ("value", "later", "range"):
        rounds = [[await _us(each, await _asked(each, name)) for each in (few, many)] for _ in range(ROUNDS + 1)][1:]
        taken |= {f"{name}, of {count:,}": median(each[at] for each in rounds) for at, count in enumerate((FEW, MANY))}
        found[f"{where}_{name}_ratio"] = median(among_many / among_few for among_few, among_many in rounds)
    show(f"µs a page on {where}", taken)
    return found


async def _asked(store: Queries, name: str) -> Query:
    if name == "range":
        return OF_RANGE
    if name == "value":
        return OF_VALUE
    page = await store.query(TENANT, USER, TASK, OF_VALUE)
    return replace(OF_VALUE, after=mark_of(page.records[-1], TASK, OF_VALUE.order))


async def _us(store: Queries, asked: Query) -> float:
    began = time.perf_counter()
    for _ in range(PAGES):
        page = await store.query(TENANT, USER, TASK, asked)
        assert len(page.records) == PAGE
    return (time.perf_counter() - began) / PAGES * 1e6


async def sqlite() -> Mapping[str, float]:
    """On one file each."""
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        async with on_sqlite(where, FEW) as few, on_sqlite(where, MANY) as many:
            return await ratios("sqlite", few, many)


async def postgres() -> Mapping[str, float]:
    """In one database each of a server of our own."""
    async with RealPostgres() as server, on_postgres(server, FEW) as few, on_postgres(server, MANY) as many:
        return await ratios("postgres", few, many)


async def measure() -> Mapping[str, float]:
    """On both databases."""
    figures = {**await sqlite(), **await postgres()}
    return {**figures, "page_cost_ratio_1k_to_1m": max(figures.values())}
