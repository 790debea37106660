"""A table begins with a list on any app, and a crowd finds something to do there."""

from __future__ import annotations

from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from homeport_client import Device
from homeport_server.phones.antics import ROWS_MAX, Antics
from homeport_server.phones.seeding import WEEKEND, beginning_of, seed
from homeport_sync import App, Rank, field, load_app
from tests.unit.client import world as lists
from tests.unit.server.phones import desk

EXAMPLE = load_app(Path(__file__).parents[4] / "examples" / "tasks" / "app.py")

picky = App("picky", version=1)


@picky.kind(root=True)
class Shelf:
    label: str
    owner: UUID


@picky.kind(within=Shelf)
class Book:
    title: str
    place: Rank


@picky.kind(within=Shelf)
class Loan:
    book: UUID = field(refers_to=Book, on_delete="restrict")


bare = App("bare", version=1)


@bare.kind(root=True)
class Light:
    on: bool
    mark: str = field(max_length=3)


async def begun(app: App) -> tuple[Device, str]:
    device = await Device.open(app=app)
    beginning = beginning_of(app)
    assert beginning
    return device, await seed(device, beginning, "ben")


async def test_the_example_begins_with_a_weekend_that_is_shared() -> None:
    device, scope = await begun(EXAMPLE)
    tasks = await device.query("Task", scope=scope, order_by="place")
    assert [each["title"] for each in tasks] == [values["title"] for _, values in WEEKEND.rows]
    assert [each["user"] for each in await device.query("Member", scope=scope)] == ["ben"]


async def test_any_other_app_begins_with_what_it_declares() -> None:
    device, scope = await begun(desk.app)
    board = await device.get(scope)
    assert board
    assert board["name"] == "First board"
    cards = [each["title"] for each in await device.query("Card", scope=scope, order_by="place")]
    assert cards == ["Card 1", "Card 2", "Card 3"]


async def test_an_app_with_tasks_of_another_sort_begins_with_what_it_declares() -> None:
    device, scope = await begun(lists.app)
    made = await device.get(scope)
    assert made
    assert made["title"] == "First task list"
    assert {each["title"] for each in await device.query("Task", scope=scope)} == {"Task 1", "Task 2", "Task 3"}


async def test_a_row_that_needs_another_is_left_out() -> None:
    device, scope = await begun(picky)
    assert len(await device.query("Book", scope=scope)) == 3
    assert await device.query("Loan", scope=scope) == []


async def test_an_app_without_rows_begins_with_a_list_alone() -> None:
    device, scope = await begun(bare)
    assert (await device.query("Light"))[0].id == scope


@pytest.mark.parametrize("app", [EXAMPLE, desk.app, picky], ids=lambda app: app.catalog.app)
async def test_a_crowd_does_many_small_things_and_keeps_the_list_readable(app: App) -> None:
    device, scope = await begun(app)
    antics = Antics(app.catalog, scope, Random(7))
    kinds = [each.name for each in app.catalog.kinds.values() if each.within not in (None, "*")]
    began = {each.id for kind in kinds for each in await device.query(kind, scope=scope)}
    for _ in range(400):
        await antics.one(device)
        rows = [each for kind in kinds for each in await device.query(kind, scope=scope)]
        assert len(rows) <= ROWS_MAX
    assert antics.written > 300
    assert began <= {each.id for each in rows}, "what others have made is never deleted"


async def test_a_crowd_that_would_only_add_stops_when_the_list_is_long() -> None:
    class Adds(Random):
        def random(self) -> float:
            return 0.95

    device, scope = await begun(EXAMPLE)
    antics = Antics(EXAMPLE.catalog, scope, Adds(1))
    for _ in range(ROWS_MAX + 5):
        await antics.one(device)
    assert len(await device.query("Task", scope=scope)) == ROWS_MAX


async def test_a_crowd_without_its_list_or_without_rows_does_nothing() -> None:
    device, _ = await begun(EXAMPLE)
    nowhere = Antics(EXAMPLE.catalog, "01a22707-c6fa-7de9-b1b6-6c5503892b2b", Random(1))
    await nowhere.one(device)
    other, light = await begun(bare)
    nothing = Antics(bare.catalog, light, Random(1))
    await nothing.one(other)
    assert (nowhere.written, nothing.written) == (0, 0)
