"""Asking: filters and order by index alone, in pages that neither repeat nor skip."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from homeport_client import Device, DeviceLimits, LimitExceeded, NotIndexed, View
from homeport_client.query import make_query, statement
from homeport_client.replica import Replica
from homeport_sync.rejections import UnknownField, UnknownKind, WrongType
from tests.unit.client.world import Clock, Line, Server, Task, TaskList, app, phone, shared_list


async def with_ranks(*ranks: int | None) -> tuple[Device, str]:
    ann = await phone()
    home = await ann.create(TaskList, title="Home")
    for rank in ranks:
        await ann.create(Task, scope=home, title=f"{rank}", rank=rank)
    return ann, home


async def paged(ann: Device, *, limit: int, order_by: str | None, descending: bool) -> list[View]:
    found: list[View] = []
    while more := await ann.query(
        Task, limit=limit, order_by=order_by, descending=descending, after=found[-1] if found else None
    ):
        found += more
    return found


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("order_by", [None, "rank", "title", "done"])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_joined_are_the_whole_in_order(limit: int, order_by: str | None, descending: bool) -> None:
    ann, _ = await with_ranks(3, None, 1, 3, None, 2, 3)
    whole = await ann.query(Task, order_by=order_by, descending=descending)
    assert len(whole) == 7
    assert await paged(ann, limit=limit, order_by=order_by, descending=descending) == whole
    if order_by == "rank":
        ranks = [task["rank"] for task in whole]
        expected: list[int | None] = [None, None, 1, 2, 3, 3, 3]
        assert ranks == (expected[::-1] if descending else expected)


async def test_a_page_after_a_record_that_is_gone_meanwhile_goes_on_in_its_place() -> None:
    ann, _ = await with_ranks(1, 2, 3, 4)
    first = await ann.query(Task, order_by="rank", limit=2)
    await ann.delete(first[-1].id)
    await ann.update(first[0].id, rank=9)
    assert [each["rank"] for each in await ann.query(Task, order_by="rank", after=first[-1])] == [3, 4, 9]


async def test_filters_take_python_values_null_among_them() -> None:
    ann, home = await with_ranks(1, None)
    work = await ann.create(TaskList, title="Work")
    done = await ann.create(Task, scope=work, title="x", done=True, rank=1)
    assert [task.id for task in await ann.query(Task, where={"done": True})] == [done]
    assert [task["rank"] for task in await ann.query(Task, where={"rank": None})] == [None]
    assert len(await ann.query(Task, where={"rank": 1})) == 2
    assert len(await ann.query(Task, where={"rank": 1}, scope=home)) == 1
    assert await ann.query(Task, where={"rank": 1, "done": True, "title": "y"}) == []


async def test_what_is_not_indexed_is_named_with_the_line_to_change() -> None:
    ann, _ = await with_ranks()
    with pytest.raises(NotIndexed, match=r"Task\.notes is not indexed: declare it as notes: … = field\(indexed=True\)"):
        await ann.query(Task, where={"notes": ""})
    with pytest.raises(NotIndexed):
        await ann.query(Task, order_by="notes")
    with pytest.raises(UnknownField):
        await ann.query(Task, where={"note": ""})
    with pytest.raises(UnknownKind):
        await ann.query("Tsk")
    with pytest.raises(WrongType):
        await ann.query(Task, where={"rank": "first"})


@pytest.mark.parametrize("limit", [0, -1, 1_001])
async def test_a_query_is_bounded(limit: int) -> None:
    ann, _ = await with_ranks()
    with pytest.raises(LimitExceeded):
        await ann.query(Task, limit=limit)
    with pytest.raises(LimitExceeded):
        await ann.outcomes(limit=limit)


@pytest.mark.parametrize("scope", [None, "home"])
@pytest.mark.parametrize("by", ["where", "order"])
def test_the_index_is_what_answers(scope: str | None, by: str) -> None:
    replica = Replica(":memory:", app.catalog, wall_ms=Clock(), random=Random(1), limits=DeviceLimits())
    query = make_query(
        app.catalog.kind("Task"),
        scope=scope,
        where={"rank": 1} if by == "where" else None,
        order_by="rank" if by == "order" else None,
        descending=False,
        limit=10,
        limit_max=100,
    )
    replica.views.select(query)  # the first of its kind makes the index
    text, values = statement(query)
    plan = replica._connection.execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall()
    steps = "; ".join(row[3] for row in plan)
    assert f"USING INDEX view Task.rank{' in scope' if scope else ''}" in steps
    assert "TEMP B-TREE" not in steps


async def test_an_index_is_made_by_the_first_query_that_goes_by_it_and_stays(tmp_path: Path) -> None:
    path = str(tmp_path / "replica.sqlite3")
    async with await phone(path=path) as ann:
        home = await ann.create(TaskList, title="Home")
        milk = await ann.create(Task, scope=home, title="milk", rank=1)
        await ann.query(Task, scope=home)
        for _ in range(2):
            assert [task.id for task in await ann.query(Task, scope=home, where={"rank": 1})] == [milk]
            assert [task.id for task in await ann.query(Task, order_by="done")] == [milk]
    with closing(sqlite3.connect(path)) as file:
        names = {row[0] for row in file.execute("SELECT name FROM sqlite_schema WHERE name LIKE 'view %'")}
    assert names == {"view Task.rank in scope", "view Task.done"}
    async with await phone(path=path) as ann:
        assert [task.id for task in await ann.query(Task, order_by="done")] == [milk]


async def test_watch_shows_at_once_and_then_every_change_but_no_repetition() -> None:
    ann, home = await with_ranks(1)
    seen = ann.watch(Task, order_by="rank")
    assert [task["rank"] for task in await anext(seen)] == [1]
    await ann.update(home, title="not a task")
    await ann.create(Task, scope=home, title="x", rank=2)
    await ann.create(Task, scope=home, title="x", rank=3)
    assert [task["rank"] for task in await anext(seen)] == [1, 2, 3]
    await ann.close()
    with pytest.raises(StopAsyncIteration):
        await anext(seen)


@pytest.mark.promise("I6")
async def test_watch_never_shows_half_a_catch_up() -> None:
    server = await Server(page_size=2).begin()
    ann, _, home = await shared_list(server, "bob")
    for number in range(9):
        await ann.create(Task, scope=home, title=f"{number}")
    await ann.sync()
    bob = await phone(Line(server, "bob"), seed=200)
    counts: list[int] = []

    async def watch() -> None:
        counts.extend([len(tasks) async for tasks in bob.watch(Task)])

    watching = asyncio.create_task(watch())
    await bob.sync()
    await asyncio.sleep(0)
    await bob.close()
    await watching
    assert counts == [0, 9]


async def test_a_change_that_is_answered_shows_as_pending_no_more() -> None:
    server = await Server().begin()
    ann, _, home = await shared_list(server)
    seen = ann.watch(Task)
    await anext(seen)
    await ann.create(Task, scope=home, title="milk")
    assert [task.pending for task in await anext(seen)] == [True]
    await ann.sync()
    assert [task.pending for task in await anext(seen)] == [False]
