"""What the server refused waits on the device: it is told, edited, replayed, or let go, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import pytest

from homeport_client import Device, DeviceClosed, LimitExceeded, NotInQuarantine, Rejected, increment
from homeport_client.intents import Adding, Altering, Incrementing, Removing
from homeport_client.scribe import Scribe
from homeport_sync.quarantine import QUARANTINE_START, Chosen, change_name
from homeport_sync.rejections import RecordExists, RecordGone, UnknownField, WrongType
from tests.unit.client import test_call as shop
from tests.unit.client.versions import newer, older, served
from tests.unit.client.world import TENANT, Line, Server, phone

Phone: TypeAlias = tuple[Server, Device, str]


@pytest.fixture
async def ann() -> AsyncIterator[Phone]:
    """The server, Ann's phone, and a list on it."""
    server = await Server(of=served()).begin()
    async with await phone(Line(server, "ann"), of=newer()) as device:
        home = await device.create("TaskList", title="Home")
        await device.sync()
        yield server, device, home


async def only(device: Device) -> Rejected:
    (found,) = await device.quarantine()
    return found


async def open_on(server: Server) -> list[str]:
    """The names of what is open in the server's quarantine."""
    return [each.name for each in await server.store.quarantine(TENANT, Chosen(), QUARANTINE_START, 100)]


async def shown(device: Device, id: str, *names: str) -> tuple[object, ...] | None:
    view = await device.get(id)
    return tuple(view[name] for name in names) if view else None


async def test_a_rejected_change_is_told_with_all_that_was_meant_and_why(ann: Phone) -> None:
    _, device, home = ann
    task = await device.create("Task", scope=home, title="Milk", state="soured", due=date(2026, 12, 1), tags={"a", "b"})
    await device.sync()
    found = await only(device)
    assert (found.op, found.kind, found.id, found.scope, found.code) == ("create", "Task", task, home, "WRONG_TYPE")
    assert found.message.startswith("Task.state holds")
    assert (found.fields["title"], found.fields["due"], found.fields["tags"]) == (
        "Milk",
        date(2026, 12, 1),
        frozenset({"a", "b"}),
    )
    assert found.dependents == ()


async def test_a_rejected_update_is_told_as_the_intents_it_was(ann: Phone) -> None:
    _, device, home = ann
    task = await device.create("Task", scope=home, title="Milk", tags={"a", "b"}, stock=3)
    await device.sync()
    for tags in ({"a", "c"}, Adding(("d",)), Removing(("b",))):
        await device.update(task, state="soured", votes=increment(2), tags=tags, stock=5)
        await device.sync()
    both, add, remove = [each.fields for each in await device.quarantine()]
    assert (both["votes"], both["tags"], both["stock"]) == (Incrementing(2), Altering(("c",), ("b",)), 5)
    assert (add["tags"], remove["tags"]) == (Adding(("d",)), Removing(("b",)))


async def test_an_update_lands_when_it_is_edited_and_replayed_and_nothing_of_it_waits_anywhere(ann: Phone) -> None:
    server, device, home = ann
    task = await device.create("Task", scope=home, title="Milk", tags={"a"})
    await device.update(task, title="Oat milk", state="soured", votes=increment(2), tags={"b"}, stock=5)
    await device.sync()
    assert await shown(device, task, "title", "votes") == ("Milk", 0)
    assert await device.replay((await only(device)).place, state="done") == task
    assert await shown(device, task, "title", "state", "votes", "tags", "stock") == ("Oat milk", "done", 2, {"b"}, 5)
    assert await device.quarantine() == []
    assert await open_on(server) == [change_name(device.id, 3)]
    await device.sync()
    assert await shown(device, task, "title", "state", "votes", "tags", "stock") == ("Oat milk", "done", 2, {"b"}, 5)
    assert (await device.quarantine(), await open_on(server)) == ([], [])
    held = await server.store.held(TENANT, device.id, 3)
    assert held is not None
    assert held.replayed_by == change_name(device.id, 4)


async def test_what_an_update_was_decided_on_is_looked_at_again(ann: Phone) -> None:
    server, device, home = ann
    task = await device.create("Task", scope=home, title="Milk", stock=3)
    await device.sync()
    async with await phone(Line(server, "ann"), seed=2, of=newer()) as other:
        await other.sync()
        await other.update(task, stock=9)
        await other.sync()
    await device.update(task, stock=2)
    await device.sync()
    stale = await only(device)
    assert stale.code == "STALE"
    await device.replay(stale.place)
    await device.sync()
    assert await device.quarantine() == []
    assert await shown(device, task, "stock") == (2,)


@pytest.mark.promise("I7")
async def test_a_rejected_create_with_nine_edits_behind_it_is_ten_explained_and_holds_nothing_else_up(
    ann: Phone,
) -> None:
    server, device, home = ann
    bad = await device.create("Task", scope=home, title="Milk", state="soured")
    good = await device.create("Task", scope=home, title="Bread")
    for number in range(9):
        await device.update(bad, title=f"Milk {number}", votes=increment())
        await device.update(good, title=f"Bread {number}")
    await device.sync()
    found = await device.quarantine()
    assert [each.code for each in found] == ["WRONG_TYPE", *["DEPENDS_ON_REJECTED"] * 9]
    assert found[0].dependents == tuple(each.place for each in found[1:])
    assert [each.dependents for each in found[1:]] == [()] * 9
    assert (await shown(device, bad, "title"), await shown(device, good, "title")) == (None, ("Bread 8",))
    assert [each.outcome for each in await device.outcomes()].count("applied") == 11
    assert await device.replay(found[0].place, state="open") == bad
    assert await shown(device, bad, "title", "votes") == ("Milk 8", 9)
    await device.sync()
    assert await shown(device, bad, "title", "votes") == ("Milk 8", 9)
    assert (await device.quarantine(), await open_on(server)) == ([], [])


async def test_a_rejected_list_takes_all_that_was_made_in_it_along(ann: Phone) -> None:
    server, device, _ = ann
    work = await device.create("TaskList", title="Work", colour="mauve")
    task = await device.create("Task", scope=work, title="Write", stock=1)
    await device.update(task, stock=2)
    await device.invite(work, "bob")
    gone = await device.create("Task", scope=work, title="Call")
    await device.delete(gone)
    await device.sync()
    head, *behind = await device.quarantine()
    assert head.dependents == tuple(each.place for each in behind)
    assert [each.op for each in behind] == ["create", "update", "create", "create", "delete"]
    assert await device.replay(head.place, colour="blue") == work
    await device.sync()
    assert (await device.quarantine(), await open_on(server)) == ([], [])
    assert (await shown(device, task, "stock"), await shown(device, gone, "title")) == ((2,), None)
    async with await phone(Line(server, "bob"), seed=2, of=newer()) as bob:
        await bob.sync()
        assert await shown(bob, task, "title") == ("Write",)


async def test_without_its_dependents_a_create_is_replayed_alone_and_each_of_them_later(ann: Phone) -> None:
    _, device, home = ann
    task = await device.create("Task", scope=home, title="Milk", state="soured")
    await device.update(task, title="Oat milk")
    await device.sync()
    head, behind = await device.quarantine()
    with pytest.raises(RecordGone):
        await device.replay(behind.place)
    await device.replay(head.place, dependents=False, state="open")
    assert (await shown(device, task, "title"), await only(device)) == (("Milk",), behind)
    await device.replay(behind.place)
    await device.sync()
    assert (await shown(device, task, "title"), await device.quarantine()) == (("Oat milk",), [])


async def test_a_replay_that_is_rejected_again_waits_with_its_edits_and_names_the_first(ann: Phone) -> None:
    server, device, home = ann
    task = await device.create("Task", scope=home, title="Milk", state="soured")
    await device.update(task, title="Oat milk")
    await device.sync()
    await device.replay((await device.quarantine())[0].place, title="Soy milk", state="curdled")
    await device.sync()
    head, behind = await device.quarantine()
    assert (head.fields["title"], head.fields["state"], behind.code) == ("Soy milk", "curdled", "DEPENDS_ON_REJECTED")
    assert await open_on(server) == [change_name(device.id, 2), change_name(device.id, 3)]
    await device.replay(head.place, state="open")
    await device.sync()
    assert (await device.quarantine(), await open_on(server)) == ([], [])
    assert await shown(device, task, "title") == ("Oat milk",)


async def test_what_does_not_fit_writes_nothing_and_goes_on_waiting(ann: Phone) -> None:
    _, device, home = ann
    task = await device.create("Task", scope=home, title="Milk", state="soured")
    await device.update(task, title="Oat milk")
    await device.sync()
    head, _ = waiting = await device.quarantine()
    with pytest.raises(WrongType):
        await device.replay(head.place, title=3)
    with pytest.raises(WrongType, match="votes is given a incrementing"):
        await device.replay(head.place, votes=increment())
    with pytest.raises(UnknownField):
        await device.replay(head.place, colour="red")
    assert (await device.quarantine(), device.pending, await device.get(task)) == (waiting, 0, None)


async def test_a_dependent_that_does_not_fit_takes_the_whole_replay_back(ann: Phone) -> None:
    _, device, _ = ann
    work = await device.create("TaskList", title="Work", colour="mauve")
    task = await device.create("Task", scope=work, title="Write")
    await device.update(task, title="Write more")
    await device.sync()
    head, made, changed = await device.quarantine()
    await device.dismiss(made.place, dependents=False)
    with pytest.raises(RecordGone):
        await device.replay(head.place, colour="red")
    assert ([each.place for each in await device.quarantine()], device.pending) == ([head.place, changed.place], 0)
    assert await device.get(work) is None


async def test_a_record_that_is_there_by_now_is_not_made_twice(ann: Phone) -> None:
    server, device, home = ann
    await device.create("Task", scope=home, title="Milk", state="soured")
    await device.sync()
    refused = await only(device)
    async with await phone(Line(server, "ann"), seed=2, of=newer()) as other:
        await other.sync()
        Scribe(other._replica).write(
            "create", "Task", refused.id, home, {"title": "Milk"}, replays=change_name(device.id, 2)
        )
        await other.sync()
    await device.sync()
    with pytest.raises(RecordExists, match="was made meanwhile"):
        await device.replay(refused.place, state="open")
    assert (await only(device), await open_on(server)) == (refused, [])


async def test_an_update_or_a_delete_of_what_is_gone_cannot_be_replayed(ann: Phone) -> None:
    _, device, home = ann
    task = await device.create("Task", scope=home, title="Milk")
    await device.update(task, state="soured")
    await device.sync()
    await device.delete(task)
    refused = await only(device)
    with pytest.raises(RecordGone):
        await device.replay(refused.place, state="open")
    await device.dismiss(refused.place)
    assert await device.quarantine() == []


async def test_what_is_dismissed_waits_here_no_longer_and_the_server_keeps_it(ann: Phone) -> None:
    server, device, home = ann
    task = await device.create("Task", scope=home, title="Milk", state="soured")
    await device.update(task, title="Oat milk")
    await device.update(task, title="Soy milk")
    await device.sync()
    head, second, third = await device.quarantine()
    await device.dismiss(third.place)
    await device.dismiss(head.place, dependents=False)
    assert await device.quarantine() == [second]
    await device.dismiss(second.place)
    assert (await device.quarantine(), len(await open_on(server))) == ([], 3)
    assert [each.outcome for each in await device.outcomes()] == ["applied", *["rejected"] * 3]
    with pytest.raises(NotInQuarantine):
        await device.dismiss(head.place)


async def test_everything_waits_through_a_restart_and_a_later_version_leaves_out_what_it_does_not_know(
    tmp_path: Path,
) -> None:
    server = await Server(of=older()).begin()
    path = str(tmp_path / "phone.sqlite3")
    async with await phone(Line(server, "ann"), path=path, of=newer()) as device:
        home = await device.create("TaskList", title="Home")
        await device.update(home, colour="blue")
        await device.sync()
        before = await device.quarantine()
    async with await phone(Line(server, "ann"), path=path, of=newer()) as device:
        assert await device.quarantine() == before
        assert [each.code for each in before] == ["UNKNOWN_FIELD", "DEPENDS_ON_REJECTED"]
    async with await phone(Line(server, "ann"), path=path, of=older()) as device:
        head, behind = await device.quarantine()
        assert (head.fields, behind.fields) == ({"title": "Home", "colour": "red"}, {"colour": "blue"})
        with pytest.raises(UnknownField):  # nothing of the second is left to be written
            await device.replay(head.place)
        await device.replay(head.place, dependents=False)
        await device.sync()
        assert (await shown(device, home, "title"), await device.quarantine()) == (("Home",), [behind])


async def test_a_replay_is_whole_or_not_at_all_across_a_crash(tmp_path: Path) -> None:
    server = await Server(of=served()).begin()
    path = tmp_path / "phone.sqlite3"
    async with await phone(Line(server, "ann"), path=str(path), of=newer()) as device:
        home = await device.create("TaskList", title="Home", colour="mauve")
        await device.create("Task", scope=home, title="Milk")
        await device.sync()
        (head, _) = await device.quarantine()
        await device.replay(head.place, colour="red")
    async with await phone(Line(server, "ann"), path=str(path), of=newer()) as device:
        assert (device.pending, await device.quarantine()) == (2, [])
        await device.sync()
        assert (await device.quarantine(), await open_on(server)) == ([], [])


async def test_pages_go_on_after_a_place_and_have_a_limit(ann: Phone) -> None:
    _, device, home = ann
    for number in range(3):
        await device.create("Task", scope=home, title=str(number), state="soured")
    await device.sync()
    every = await device.quarantine()
    assert [await device.quarantine(every[0].place, 1), await device.quarantine(limit=2)] == [every[1:2], every[:2]]
    with pytest.raises(LimitExceeded, match="1,001"):
        await device.quarantine(limit=1_001)


async def test_the_app_is_told_of_each_rejection_as_it_comes_until_the_device_is_closed(ann: Phone) -> None:
    _, device, home = ann
    told = device.rejections()
    await device.create("Task", scope=home, title="first", state="soured")
    await device.sync()
    assert (await anext(told)).fields["title"] == "first"
    listening = asyncio.ensure_future(anext(told))
    await device.create("Task", scope=home, title="second", state="soured")
    await device.create("Task", scope=home, title="third", state="soured")
    await device.sync()
    assert ((await listening).fields["title"], (await anext(told)).fields["title"]) == ("second", "third")
    listening = asyncio.ensure_future(anext(told))
    await asyncio.sleep(0)
    await device.close()
    with pytest.raises(StopAsyncIteration):
        await listening
    for call in (device.quarantine(), device.replay(1), device.dismiss(1)):
        with pytest.raises(DeviceClosed):
            await call


async def test_a_rejected_group_is_replayed_as_a_group_whichever_of_it_is_edited(ann: Phone) -> None:
    server, device, home = ann
    async with device.group() as group:
        milk = group.create("Task", scope=home, title="Milk")
        group.create("Task", scope=home, title="Bread", state="soured")
        group.update(home, title="House")
    await device.update(milk, title="Oat milk")
    await device.sync()
    found = await device.quarantine()
    assert [each.code for each in found] == ["GROUP_REJECTED", "WRONG_TYPE", "GROUP_REJECTED", "DEPENDS_ON_REJECTED"]
    places = [each.place for each in found]
    assert [each.dependents for each in found[:2]] == [tuple(places[1:]), (places[0], *places[2:])]
    with pytest.raises(WrongType):
        await device.replay(places[1], state=3)
    assert (device.pending, await device.get(milk)) == (0, None)
    await device.replay(places[1], state="curdled")
    await device.sync()
    again = await device.quarantine()
    assert [each.code for each in again] == [each.code for each in found], "it is a group still"
    await device.replay(again[1].place, state="open")
    await device.sync()
    assert (await device.quarantine(), await open_on(server)) == ([], [])
    assert (await shown(device, milk, "title"), await shown(device, home, "title")) == (("Oat milk",), ("House",))
    entries = await server.store.read(TENANT, 0, 100)
    assert [each.number for each in entries] == [1, 10, 11, 12, 13]


async def test_a_command_that_was_refused_is_called_again_with_other_arguments() -> None:
    server = await Server(of=shop.app).begin()
    async with (
        await phone(Line(server, "ann"), of=shop.app) as device,
        await phone(Line(server, "ann"), seed=2, of=shop.app) as other,
    ):
        place = await device.create("Shop", name="Tea")
        tea = await device.create("Item", scope=place, name="Oolong", stock=3)
        await device.sync()
        await other.sync()
        await other.call("sell", scope=place, item=UUID(tea), count=2)
        await other.sync()
        await device.call("sell", scope=place, item=UUID(tea), count=3)
        await device.sync()
        refused = await only(device)
        assert (refused.op, refused.kind, refused.code) == ("command", "sell", "COMMAND_REFUSED")
        assert refused.fields == {"item": UUID(tea), "count": 3}
        with pytest.raises(WrongType):
            await device.replay(refused.place, count="one")
        called = await device.replay(refused.place, count=1)
        await device.sync()
        assert called == (await device.outcomes())[-1].change.id != refused.id
        assert (await shown(device, place, "sold"), await shown(device, tea, "stock")) == ((3,), (0,))
        assert (await device.quarantine(), await open_on(server)) == ([], [])
