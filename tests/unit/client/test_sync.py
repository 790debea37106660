"""Devices against the real core in memory: what one writes the others see, whatever is lost on the way."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import shutil
from pathlib import Path

import pytest

from homeport_client import Device, Refused, ServerError, Unreachable
from homeport_sync.rejections import ScopeGone
from homeport_sync.values import PythonValue
from tests.unit.client.world import (
    NOW,
    Clock,
    Line,
    Server,
    Task,
    TaskList,
    answer,
    phone,
    sent,
    shared_list,
    wire_error,
)


async def titles(*devices: Device) -> list[list[PythonValue]]:
    for device in devices:
        await device.sync()
    return [[task["title"] for task in await device.query(Task, order_by="title")] for device in devices]


async def test_what_one_writes_offline_the_other_sees_after_both_have_synced() -> None:
    server = await Server().begin()
    ann, _, home = await shared_list(server, "bob")
    bob = await phone(Line(server, "bob"), seed=200)
    await bob.sync()
    await bob.create(Task, scope=home, title="eggs")
    await ann.create(Task, scope=home, title="milk")
    assert await titles(bob, ann, bob) == [["eggs", "milk"]] * 3
    assert (ann.pending, bob.pending) == (0, 0)


async def test_what_waits_in_the_outbox_can_be_looked_at_until_it_is_answered() -> None:
    server = await Server().begin()
    ann, _, home = await shared_list(server, "bob")
    before = ann.pending
    milk = await ann.create(Task, scope=home, title="milk")
    await ann.update(milk, done=True)
    waiting = await ann.unanswered()
    assert [(each.op, each.id) for each in waiting][before:] == [("create", milk), ("update", milk)]
    assert await ann.unanswered(waiting[-2].number, 1) == waiting[-1:]
    await ann.sync()
    assert await ann.unanswered() == []


async def test_concurrent_edits_of_two_fields_both_survive() -> None:
    server = await Server().begin()
    ann, _, home = await shared_list(server, "bob")
    bob = await phone(Line(server, "bob"), seed=200)
    milk = await ann.create(Task, scope=home, title="milk")
    await ann.sync()
    await bob.sync()
    await ann.update(milk, title="oat milk")
    await bob.update(milk, done=True)
    for device in (ann, bob, ann):
        await device.sync()
    for device in (ann, bob):
        seen = await device.get(milk)
        assert seen is not None
        assert (seen["title"], seen["done"]) == ("oat milk", True)
    assert [each.outcome for each in await bob.outcomes()] == ["merged"]


async def test_a_push_whose_answer_is_lost_takes_effect_once() -> None:
    server = await Server().begin()
    ann, line, home = await shared_list(server)
    await ann.create(Task, scope=home, title="milk")
    line.lost_answers = 1
    with pytest.raises(Unreachable):
        await ann.sync()
    assert ann.pending == 1
    head = (await server.store.standing("acme", "ann", ann.id)).head.position
    await ann.sync()
    assert ann.pending == 0
    assert (await server.store.standing("acme", "ann", ann.id)).head.position == head
    assert [each.outcome for each in await ann.outcomes(after=1)] == ["applied"]


async def test_a_catch_up_of_many_pages_that_is_cut_goes_on_where_it_was() -> None:
    server = await Server(page_size=3).begin()
    ann, _, home = await shared_list(server, "bob")
    for number in range(10):
        await ann.create(Task, scope=home, title=f"{number}")
    await ann.sync()
    line = Line(server, "bob")
    bob = await phone(line, seed=200)
    line.cut_before_pull = 3
    with pytest.raises(Unreachable):
        await bob.sync()
    assert await bob.query(Task) == []
    line.pulls.clear()
    await bob.sync()
    assert len(await bob.query(Task)) == 10
    assert line.pulls[0].cursor is not None


async def test_a_rejected_change_comes_back_with_its_reason_and_does_not_block_the_next() -> None:
    server = await Server().begin()
    _, _, home = await shared_list(server, "bob")
    bob = await phone(Line(server, "bob"), seed=200)
    await bob.sync()
    await bob.delete(home)
    own = await bob.create(TaskList, title="mine")
    assert await bob.get(home) is None
    await bob.sync()
    assert await bob.get(home) is not None
    assert await bob.get(own) is not None
    first, second = await bob.outcomes()
    assert (first.outcome, first.change.op, second.outcome) == ("rejected", "delete", "applied")
    assert first.error is not None


async def test_when_a_grant_ends_the_scope_disappears_and_late_writes_come_back_rejected() -> None:
    server = await Server().begin()
    ann, _, home = await shared_list(server, "bob")
    bob = await phone(Line(server, "bob"), seed=200)
    await bob.sync()
    milk = await bob.create(Task, scope=home, title="milk")
    await ann.remove(home, "bob")
    await ann.sync()
    await bob.sync()
    assert await bob.get(milk) is None
    assert await bob.get(home) is None
    assert [each.outcome for each in await bob.outcomes()] == ["rejected"]
    with pytest.raises(ScopeGone):
        await bob.create(Task, scope=home, title="x")


async def test_a_phone_that_was_cloned_goes_on_under_another_id_and_nothing_is_lost(tmp_path: Path) -> None:
    server = await Server().begin()
    first, second = tmp_path / "a.sqlite3", tmp_path / "b.sqlite3"
    async with await phone(Line(server, "ann"), path=str(first)) as ann:
        home = await ann.create(TaskList, title="Home")
        await ann.sync()
    shutil.copy(first, second)
    async with (
        await phone(Line(server, "ann"), path=str(first), seed=2) as ann,
        await phone(Line(server, "ann"), path=str(second), seed=3) as twin,
    ):
        assert (former := twin.id) == ann.id
        await ann.create(Task, scope=home, title="eggs")
        await twin.create(Task, scope=home, title="milk")
        assert await titles(ann, twin, ann, twin) == [["eggs", "milk"]] * 4
        assert ann.id == former != twin.id


async def test_a_server_restored_from_a_backup_gets_again_what_the_device_still_holds() -> None:
    server = await Server().begin()
    ann, line, home = await shared_list(server)
    backup = copy.deepcopy(server.store)
    await ann.create(Task, scope=home, title="milk")
    line.withheld_pages = 1
    with pytest.raises(Unreachable):
        await ann.sync()
    assert ann.pending == 0
    server.store = backup
    server.rekey()  # makes the core anew, on the restored store
    await ann.create(Task, scope=home, title="eggs")
    assert await titles(ann, ann) == [["eggs", "milk"]] * 2
    fresh = await phone(Line(server, "ann"), seed=300)
    assert await titles(fresh) == [["eggs", "milk"]]


async def test_after_a_contained_change_was_lost_with_a_backup_the_device_takes_another_id() -> None:
    server = await Server().begin()
    ann, _, home = await shared_list(server)
    backup = copy.deepcopy(server.store)
    await ann.create(Task, scope=home, title="lost with the server")
    await ann.sync()
    await ann.sync()
    server.store = backup
    server.rekey()
    former = ann.id
    await ann.create(Task, scope=home, title="eggs")
    await ann.sync()
    assert ann.id != former
    assert await titles(ann) == [["eggs"]]


async def test_a_cursor_that_is_not_accepted_any_more_means_pulling_from_the_start() -> None:
    server = await Server().begin()
    ann, line, home = await shared_list(server)
    await ann.create(Task, scope=home, title="milk")
    await ann.sync()
    server.rekey()
    line.pulls.clear()
    await ann.sync()
    assert [message.cursor is None for message in line.pulls[:2]] == [False, True]
    assert await titles(ann) == [["milk"]]


async def test_a_cursor_that_is_not_accepted_beside_a_push_does_not_take_the_outcomes_with_it() -> None:
    server = await Server().begin()
    ann, line, home = await shared_list(server)
    server.rekey()
    line.pushes.clear()
    await ann.create(Task, scope=home, title="milk")
    await ann.sync()
    assert [each.number for each in await ann.outcomes()][-1] == 2
    assert [message.pull.cursor is None for message in line.pushes if message.pull] == [False, True]
    assert await titles(ann) == [["milk"]]


async def test_another_users_token_on_the_same_replica_takes_another_id_and_pulls_anew() -> None:
    server = await Server().begin()
    ann, line, home = await shared_list(server)
    await ann.create(TaskList, title="written by ann, sent by bob")
    former, line.user = ann.id, "bob"
    await ann.sync()
    assert ann.id != former
    assert [view["title"] for view in await ann.query(TaskList)] == ["written by ann, sent by bob"]
    assert await ann.get(home) is None


async def test_a_clock_that_is_hours_wrong_is_corrected_and_no_work_is_refused() -> None:
    server = await Server().begin()
    line = Line(server, "ann")
    clock = Clock(NOW + 7_200_000)
    ann = await phone(line, clock=clock)
    home = await ann.create(TaskList, title="from the future")
    await ann.sync()
    await ann.update(home, title="now")
    await ann.sync()
    (first, second) = await ann.outcomes()
    assert first.outcome == second.outcome == "applied"
    assert int(sent(line.pushes[-1])[0].stamp[:12], 16) < NOW + 400_000
    seen = await ann.get(home)
    assert seen is not None
    assert seen["title"] == "now"


async def test_a_server_that_contradicts_itself_is_not_asked_in_a_hot_loop() -> None:
    server = await Server().begin()
    ann, line, home = await shared_list(server)
    await ann.create(Task, scope=home, title="milk")
    line.pushes.clear()
    line.scripted.extend([answer(errors=[wire_error("DEVICE_FORKED")])] * 9)
    with pytest.raises(Unreachable, match="again and again"):
        await ann.sync()
    assert len(line.pushes) == 4


async def test_a_refused_token_says_so_and_a_new_one_helps() -> None:
    server = await Server().begin()
    ann, line, _ = await shared_list(server)
    line.token_good = False
    with pytest.raises(Refused):
        await ann.sync()
    await ann.renew("good")
    await ann.sync()


async def test_a_full_server_says_when_to_come_again() -> None:
    server = await Server().begin()
    ann, line, _ = await shared_list(server)
    line.fails_with.append(ServerError(wire_error("OVERLOADED", retryable=True, retryAfterMs=700)))
    with pytest.raises(ServerError) as told:
        await ann.sync()
    assert (told.value.code, told.value.retryable, told.value.retry_after_ms) == ("OVERLOADED", True, 700)


async def test_two_syncs_at_once_do_each_others_work() -> None:
    server = await Server().begin()
    ann, line, home = await shared_list(server)
    for number in range(5):
        await ann.create(Task, scope=home, title=f"{number}")
    line.pushes.clear()
    await asyncio.gather(ann.sync(), ann.sync())
    assert ann.pending == 0
    assert len(line.pushes) == 1


@pytest.mark.promise("I13")
async def test_a_push_that_never_gets_through_whole_gets_through_in_halves() -> None:
    server = await Server().begin()
    ann, line, home = await shared_list(server)
    for number in range(40):
        await ann.create(Task, scope=home, title=f"{number}")
    line.largest_push = 6
    line.pushes.clear()
    for _ in range(10):
        with contextlib.suppress(Unreachable):
            await ann.sync()
    assert ann.pending == 0
    assert [len(message.changes) for message in line.pushes][:4] == [40, 20, 10, 5]


@pytest.mark.promise("I13")
async def test_on_a_line_too_thin_for_a_page_the_page_comes_in_parts_and_the_outbox_is_not_held_up() -> None:
    server = await Server().begin()
    ann, _, home = await shared_list(server, "bob")
    for number in range(40):
        await ann.create(Task, scope=home, title=f"{number}")
    await ann.sync()
    line = Line(server, "bob")
    bob = await phone(line, seed=300)
    await bob.create(TaskList, title="my own")
    line.largest_page = 6
    for _ in range(20):
        with contextlib.suppress(Unreachable):
            await bob.sync()
    assert bob.pending == 0
    assert len(await bob.query(Task, scope=home)) == 40
