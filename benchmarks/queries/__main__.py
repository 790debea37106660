"""What a page of 100 records costs out of 1,000 and out of 1,000,000 of its kind, at the store: `python -m
benchmarks.queries`. All lie in one scope, and half of them pass the filter. Some parts: name `sqlite` or `postgres`.

The pages are the first of a value, a later one of it, and one of a range by its own field. Of each the ratio is told;
the last line is one JSON object, whose `page_cost_ratio_1k_to_1m` is the worst.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks.parts import run
from benchmarks.queries.filled import TENANT, USER, app, on_postgres, on_sqlite
from benchmarks.table import show
from homeport_client.fleet.live.postgres import RealPostgres
from homeport_sync.query import Compare, Order, Queries, Query, mark_of

FEW, MANY = 1_000, 1_000_000
PAGE = 100
ROUNDS, PAGES = 7, 60
TASK = app.catalog.kind("Task")
OF_VALUE = Query(kind="Task", limit=PAGE, where=Compare(field="done", test="equals", value=False))
OF_RANGE = Query(
    kind="Task",
    limit=PAGE,
    where=Compare(field="code", test="at_least", value=500),
    order=Order(field="code", descending=True),
)


async def page_us(store: Queries) -> Mapping[str, float]:
    """The time of each page in µs."""
    first = await store.query(TENANT, USER, TASK, OF_VALUE)
    place = mark_of(first.records[-1], TASK, OF_VALUE.order)
    later = Query(kind="Task", limit=PAGE, where=OF_VALUE.where, after=place)
    asked = {"value": OF_VALUE, "later": later, "range": OF_RANGE}
    return {name: await _median_us(store, query) for name, query in asked.items()}


async def _median_us(store: Queries, query: Query) -> float:
    took: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(PAGES):
            found = await store.query(TENANT, USER, TASK, query)
            assert len(found.records) == PAGE
        took.append((time.perf_counter() - began) / PAGES * 1e6)
    return median(took[1:])


def _figures(few: Mapping[str, float], many: Mapping[str, float], where: str) -> Mapping[str, float]:
    show(
        f"µs a page on {where}",
        {f"{name}, of {count}": of[name] for name in few for count, of in ((FEW, few), (MANY, many))},
    )
    ratios = {f"{where}_{name}_ratio": many[name] / few[name] for name in few}
    return {**ratios, f"{where}_page_cost_ratio_1k_to_1m": max(ratios.values())}


async def sqlite() -> Mapping[str, float]:
    """On one file each."""
    with tempfile.TemporaryDirectory() as folder:
        async with on_sqlite(Path(folder), FEW) as store:
            few = await page_us(store)
        async with on_sqlite(Path(folder), MANY) as store:
            return _figures(few, await page_us(store), "sqlite")


async def postgres() -> Mapping[str, float]:
    """In one database each of a server of our own."""
    async with RealPostgres() as server:
        async with on_postgres(server, FEW) as store:
            few = await page_us(store)
        async with on_postgres(server, MANY) as store:
            return _figures(few, await page_us(store), "postgres")


if __name__ == "__main__":
    run({"sqlite": sqlite, "postgres": postgres})
