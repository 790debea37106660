"""The face of a device, with no server at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from homeport_client import Device, DeviceClosed, NoServer, ReplicaForeign, ReplicaInUse, Unreachable
from homeport_sync import App
from homeport_sync import field as declare
from homeport_sync.rejections import (
    DocumentTooLarge,
    RecordGone,
    ScopeGone,
    UnknownField,
    UnknownKind,
    WrongId,
    WrongType,
)
from homeport_sync.scope import member_id
from homeport_sync.wire import Page, PullMessage
from tests.unit.client.world import NOW, Clock, Line, Server, Task, TaskList, app, phone


async def test_a_device_works_from_the_first_second_without_a_server() -> None:
    async with await phone() as ann:
        home = await ann.create(TaskList, title="Home")
        milk = await ann.create(Task, scope=home, title="Milk")
        await ann.update(milk, done=True)
        seen = await ann.get(milk)
        assert seen is not None
        assert (seen["title"], seen["done"], seen["rank"], seen.kind, seen.scope) == ("Milk", True, None, "Task", home)
        assert seen.pending
        assert ann.pending == 3
        with pytest.raises(NoServer):
            await ann.sync()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"token": "t"}, "The token is for no server: give its URL"),
        ({"server": "https://sync.example.com", "transport": True}, "A transport has its server"),
        ({"token": "t", "transport": True}, "A transport has its server"),
    ],
)
async def test_a_server_or_a_token_that_would_be_passed_over_is_refused(given: dict[str, Any], says: str) -> None:
    if "transport" in given:
        given = {**given, "transport": Line(await Server().begin(), "ann")}
    with pytest.raises(ValueError, match=says):
        await Device.open(app=app, **given)


async def test_times_are_aware_and_those_of_the_device() -> None:
    async with await phone(clock=(clock := Clock())) as ann:
        home = await ann.create(TaskList, title="Home")
        clock.ms = NOW + 60_000
        await ann.update(home, title="Home!")
        seen = await ann.get(home)
        assert seen is not None
        assert 0 <= (seen.created_at - datetime.fromtimestamp(NOW / 1000, UTC)).total_seconds() < 1
        assert 59 < (seen.updated_at - seen.created_at).total_seconds() < 61


async def test_a_write_that_cannot_be_right_is_refused_and_writes_nothing() -> None:
    async with await phone() as ann:
        home = await ann.create(TaskList, title="Home")
        refused: list[tuple[type[Exception], Awaitable[object]]] = [
            (UnknownKind, ann.create("Tsk", scope=home, title="x")),
            (UnknownField, ann.create(Task, scope=home, titel="x")),
            (WrongType, ann.create(Task, scope=home)),
            (WrongType, ann.create(Task, scope=home, title=7)),
            (WrongType, ann.update(home, title=None)),
            (WrongId, ann.create(Task, title="x")),
            (WrongId, ann.create(TaskList, scope=home, title="x")),
            (WrongId, ann.create("Member", scope=home, user="bob")),
            (ScopeGone, ann.create(Task, scope=ann.id, title="x")),
            (RecordGone, ann.update(ann.id, title="x")),
            (RecordGone, ann.delete(ann.id)),
        ]
        for error, write in refused:
            with pytest.raises(error):
                await write
        assert ann.pending == 1


async def test_a_task_cannot_live_within_a_task() -> None:
    async with await phone() as ann:
        home = await ann.create(TaskList, title="Home")
        milk = await ann.create(Task, scope=home, title="Milk")
        with pytest.raises(WrongId):
            await ann.create(Task, scope=milk, title="x")


async def test_a_change_over_its_limit_is_refused_before_it_is_written() -> None:
    wide = App("wide")

    class Page:
        a: str = declare(default="", max_length=70_000)

    wide.kind(root=True)(Page)
    async with await phone(of=wide) as ann:
        with pytest.raises(DocumentTooLarge):
            await ann.create(Page, a="x" * 66_000)
        assert ann.pending == 0


async def test_what_is_deleted_is_gone_and_stays_so() -> None:
    async with await phone() as ann:
        home = await ann.create(TaskList, title="Home")
        milk = await ann.create(Task, scope=home, title="Milk")
        await ann.delete(milk)
        assert await ann.get(milk) is None
        assert await ann.query(Task) == []
        with pytest.raises(RecordGone):
            await ann.update(milk, done=True)


async def test_with_its_root_everything_in_a_scope_is_gone() -> None:
    async with await phone() as ann:
        home = await ann.create(TaskList, title="Home")
        milk = await ann.create(Task, scope=home, title="Milk")
        await ann.delete(home)
        assert await ann.get(milk) is None
        assert await ann.query(Task) == []
        with pytest.raises(ScopeGone):
            await ann.update(milk, done=True)
        with pytest.raises(ScopeGone):
            await ann.create(Task, scope=home, title="x")


async def test_inviting_twice_and_removing_write_one_member_record() -> None:
    async with await phone() as ann:
        home = await ann.create(TaskList, title="Home")
        first = await ann.invite(home, "bob")
        assert first == await ann.invite(home, "bob", "owner") == member_id(home, "bob")
        seen = await ann.get(first)
        assert seen is not None
        assert seen["role"] == "owner"
        await ann.remove(home, "bob")
        seen = await ann.get(first)
        assert seen is not None
        assert seen["role"] is None


async def test_a_file_keeps_everything_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "replica.sqlite3"
    async with await phone(path=str(path)) as ann:
        home = await ann.create(TaskList, title="Home")
        name = ann.id
        assert path.stat().st_mode & 0o777 == 0o600
    async with await phone(path=str(path), seed=2) as ann:
        assert ann.id == name
        assert ann.pending == 1
        seen = await ann.get(home)
        assert seen is not None
        assert seen["title"] == "Home"


async def test_a_restarted_device_never_stamps_before_itself(tmp_path: Path) -> None:
    path = str(tmp_path / "replica.sqlite3")
    async with await phone(path=path, clock=Clock(NOW + 60_000)) as ann:
        before = await ann.get(await ann.create(TaskList, title="Home"))
    async with await phone(path=path, clock=Clock(NOW), seed=2) as ann:
        after = await ann.get(await ann.create(TaskList, title="Work"))
    assert before is not None
    assert after is not None
    assert after.created_at >= before.created_at


async def test_a_restarted_device_still_knows_how_wrong_its_clock_is(tmp_path: Path) -> None:
    path, server = str(tmp_path / "replica.sqlite3"), await Server().begin()
    slow = Clock(NOW - 7_200_000)
    async with await phone(Line(server, "ann"), path=path, clock=slow) as ann:
        await ann.sync()
    async with await phone(path=path, clock=slow) as ann:
        home = await ann.get(await ann.create(TaskList, title="Home"))
    assert home is not None
    assert abs(home.created_at.timestamp() - NOW / 1_000) < 1


async def test_a_second_owner_of_a_file_is_told_so_and_the_first_goes_on(tmp_path: Path) -> None:
    path = str(tmp_path / "replica.sqlite3")
    async with await phone(path=path) as ann:
        for _ in range(2):
            with pytest.raises(ReplicaInUse, match="open already"):
                await phone(path=path)
        await ann.create(TaskList, title="Home")
    async with await phone(path=path) as again:
        assert again.pending == 1


async def test_a_file_of_another_app_or_of_another_making_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "replica.sqlite3"
    async with await phone(path=str(path)):
        pass
    other = App("other")
    with pytest.raises(ReplicaForeign, match="'tasks'"):
        await phone(path=str(path), of=other)
    path.write_text("not a database, but a letter of some length" * 100)
    with pytest.raises(ReplicaForeign):
        await phone(path=str(path))


async def test_a_new_version_of_the_app_derives_the_view_anew(tmp_path: Path) -> None:
    path = str(tmp_path / "replica.sqlite3")
    async with await phone(path=path) as ann:
        home = await ann.create(TaskList, title="Home")
        milk = await ann.create(Task, scope=home, title="Milk")
    newer = App("tasks", version=2)
    newer.kind(root=True)(TaskList)

    class Task2:
        title: str = declare()
        notes: str = declare(default="", indexed=True)
        urgent: bool = declare(default=True, indexed=True)

    Task2.__name__ = "Task"
    newer.kind(within=TaskList)(Task2)
    async with await phone(path=path, of=newer) as ann:
        assert [task.id for task in await ann.query("Task", where={"urgent": True, "notes": ""})] == [milk]
    async with await phone(path=path, of=app) as ann:
        assert [task.id for task in await ann.query("Task", where={"done": False})] == [milk]


async def test_a_closed_device_says_so() -> None:
    ann = await phone()
    await ann.close()
    await ann.close()
    with pytest.raises(DeviceClosed):
        await ann.create(TaskList, title="Home")
    with pytest.raises(DeviceClosed):
        await ann.query(TaskList)


async def test_an_offline_device_does_not_sync_and_closing_closes_the_transport() -> None:
    line = Line(await Server().begin(), "ann")
    async with await phone(line) as ann:
        await ann.go_offline()
        assert not ann.online
        with pytest.raises(Unreachable):
            await ann.sync()
        assert line.pulls == []
        await ann.go_online()
        await ann.sync()
    assert line.closed


class Bursting(Line):
    """A transport with a bug in it."""

    def __init__(self, server: Server, user: str) -> None:
        super().__init__(server, user)
        self.burst = asyncio.Event()

    async def pull(self, message: PullMessage) -> Page:
        self.burst.set()
        raise ZeroDivisionError


async def test_a_device_whose_syncer_has_died_says_so_at_its_end_and_still_closes_its_transport() -> None:
    line = Bursting(await Server().begin(), "ann")
    ann = await phone(line)
    await ann.start()
    await line.burst.wait()
    with pytest.raises(ZeroDivisionError):
        await ann.close()
    assert line.closed


async def test_half_an_emoji_is_kept_as_the_sign_for_what_could_not_be_kept() -> None:
    async with await phone() as ann:
        shown = await ann.get(await ann.create(TaskList, title="half: \ud83d"))
        assert shown is not None
        assert shown["title"] == "half: \ufffd"
