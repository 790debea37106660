"""How long what the server refused is kept on a device, and how the app is told of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from uuid import UUID

import pytest

from homeport_client import Device, DeviceLimits
from homeport_sync import App, field
from tests.unit.client.versions import newer, served
from tests.unit.client.world import Line, Server, phone


async def test_what_is_settled_is_forgotten_before_what_waits() -> None:
    server = await Server(of=served()).begin()
    async with await phone(Line(server, "ann"), of=newer(), limits=DeviceLimits(outcomes_max=1)) as device:
        home = await device.create("TaskList", title="Home")
        for number in range(2):
            await device.create("Task", scope=home, title=str(number), state="soured")
        await device.sync()
        first, second = await device.quarantine()
        await device.dismiss(second.place)
        await device.update(home, title="House")
        await device.sync()
        assert await device.quarantine() == [first]
        assert [each.outcome for each in await device.outcomes()] == ["rejected", "applied"]


@pytest.mark.promise("I7")
async def test_what_waits_is_never_forgotten_however_short_the_history_is() -> None:
    server = await Server(of=served()).begin()
    async with await phone(Line(server, "ann"), of=newer(), limits=DeviceLimits(outcomes_max=2)) as device:
        home = await device.create("TaskList", title="Home")
        task = await device.create("Task", scope=home, title="Milk", state="soured")
        for number in range(4):
            await device.update(task, title=str(number))
        await device.sync()
        assert [each.op for each in await device.quarantine()] == ["create", *["update"] * 4]
        assert [each.outcome for each in await device.outcomes()] == ["applied", *["rejected"] * 5]


def steps_of(device: Device, work: Callable[[], object]) -> int:
    """How many steps SQLite takes for it, in tens."""
    steps, connection = count(), device._replica._connection
    connection.set_progress_handler(lambda: next(steps) and None, 10)
    work()
    connection.set_progress_handler(None, 10)
    return next(steps)


async def test_to_show_one_of_many_reads_that_one_and_what_depends_on_it() -> None:
    server, taken = await Server(of=served()).begin(), list[int]()
    async with await phone(Line(server, "ann"), of=newer()) as device:
        home = await device.create("TaskList", title="Home")
        for _ in range(2):
            for number in range(50):
                task = await device.create("Task", scope=home, title=str(number), state="soured")
                await device.update(task, title="again")
            await device.sync()
            (head,) = await device.quarantine(limit=1)
            assert len(head.dependents) == 1
            taken.append(steps_of(device, partial(device._quarantine.page, 0, 1)))
    assert taken[1] < taken[0] * 1.5


def teams(length: int) -> App:
    """An app in which an issue refers to a project; names may be so long."""
    made = App("teams")

    @made.kind(root=True)
    class Team:
        name: str = field(max_length=length)

    @made.kind(within=Team)
    class Project:
        name: str = field(max_length=length)

    @made.kind(within=Team)
    class Issue:
        title: str
        project: UUID | None = field(default=None, refers_to=Project, on_delete="cascade")

    return made


@pytest.mark.promise("I7")
async def test_what_refers_to_a_rejected_record_or_moves_into_one_is_replayed_with_it() -> None:
    server = await Server(of=teams(3)).begin()
    async with await phone(Line(server, "ann"), of=teams(5)) as device:
        home = await device.create("Team", name="red")
        other = await device.create("Issue", scope=home, title="other")
        await device.sync()
        project = await device.create("Project", scope=home, name="mauve")
        issue = await device.create("Issue", scope=home, title="one", project=UUID(project))
        away = await device.create("Team", name="mauve")
        await device.move(other, into=away)
        await device.sync()
        found = await device.quarantine()
        assert [(each.kind, each.op) for each in found] == [
            ("Project", "create"),
            ("Issue", "create"),
            ("Team", "create"),
            ("Issue", "move"),
        ]
        places = [each.place for each in found]
        assert [each.dependents for each in found] == [(places[1],), (), (places[3],), ()]
        for place in (places[0], places[2]):
            await device.replay(place, name="red")
        await device.sync()
        assert await device.quarantine() == []
        moved, made = await device.get(other), await device.get(issue)
        assert moved
        assert made
        assert (moved.scope, made["project"]) == (away, UUID(project))


async def test_a_rejected_list_names_what_was_made_in_it_and_each_of_those_its_own() -> None:
    server = await Server(of=served()).begin()
    async with await phone(Line(server, "ann"), of=newer()) as device:
        work = await device.create("TaskList", title="Work", colour="mauve")
        async with device.group() as group:
            write = group.create("Task", scope=work, title="Write")
            group.create("Task", scope=work, title="Read")
        await device.update(write, title="Write more")
        await device.sync()
        found = await device.quarantine()
        places = [each.place for each in found]
        assert [each.dependents for each in found] == [
            tuple(places[1:]),
            (places[2], places[3]),
            (places[1], places[3]),
            (),
        ]
