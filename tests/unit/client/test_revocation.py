"""When a grant ends: the device's file holds nothing of what others wrote there, and the server has the receipt."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from homeport_client import Device
from homeport_client.replica import Replica
from homeport_client.storage import open_storage
from homeport_sync import App, field
from homeport_sync.change import Outcome
from homeport_sync.clock import uuid7
from homeport_sync.receipts import Ended, Ending, Holder
from homeport_sync.wire import Page
from tests.unit.client.world import (
    NOW,
    TENANT,
    Clock,
    Line,
    Server,
    Task,
    TaskList,
    answer,
    app,
    page,
    phone,
    record,
    rejected,
    sent,
    shared_list,
)

HOME, WORK, MILK, EGGS, PLAN = (uuid7(NOW, Random(seed)) for seed in range(5))
guarding = App("guarding", version=1)


@guarding.kind(root=True)
class Board:
    name: str
    motto: str = field(default="", merge="guarded")
    words: set[str]


def found(path: Path, text: str) -> int:
    """How often the text stands in a replica's file and in all that is beside it, byte for byte."""
    return sum(each.read_bytes().count(text.encode()) for each in path.parent.glob(f"{path.name}*"))


async def answers(server: Server) -> Sequence[tuple[Ended, Sequence[Holder]]]:
    """The ended grants, each with the devices that have given a receipt and those that have not."""
    ended = await server.store.ended_grants(TENANT, ("", ""), 100)
    return [(each, await server.store.holders(TENANT, each, "", 100)) for each in ended]


async def fill(ann: Device, home: str, bob: Device, random: Random) -> None:
    """Text of all lengths by both, written over and over, so that the pages of the file are filled many times."""
    tasks = [await ann.create(Task, scope=home, title=f"ann-wrote {number}") for number in range(60)]
    for _ in range(6):
        for task in random.sample(tasks, 20):
            await ann.update(task, notes="ann-wrote " * random.choice([1, 9, 99, 900]))
        await ann.sync()
        await bob.sync()
        for task in random.sample(tasks, 5):
            await bob.update(task, title=f"bob-wrote {random.random()}")
        await bob.query(Task, scope=home, order_by="title")
        await bob.sync()
        await ann.sync()


@pytest.mark.promise("I8")
async def test_the_file_searched_byte_for_byte_holds_nothing_of_a_scope_whose_grant_ended(tmp_path: Path) -> None:
    server, path = await Server(page_size=50).begin(), tmp_path / "bob.sqlite3"
    ann, _, home = await shared_list(server, "bob")
    kept = await ann.create(TaskList, title="kept-text")
    await ann.invite(kept, "bob")
    async with await phone(Line(server, "bob"), path=str(path), seed=200) as bob:
        await fill(ann, home, bob, Random(3))
        assert min(found(path, "ann-wrote"), found(path, "bob-wrote"), found(path, home)) > 0
        await ann.remove(home, "bob")
        await ann.sync()
        await bob.sync()
        assert (found(path, "ann-wrote"), found(path, "bob-wrote"), found(path, home)) == (0, 0, 0)
        assert await bob.get(kept) is not None
    assert (found(path, "ann-wrote"), found(path, "bob-wrote"), found(path, home)) == (0, 0, 0)
    assert found(path, "kept-text") > 0
    ((ended, (holder,)),) = await answers(server)
    assert (ended.user, ended.scope) == ("bob", home)
    assert holder.received_at_ms is not None


@pytest.mark.promise("I7")
async def test_what_was_written_in_vain_stays_its_users_and_quotes_nobody(tmp_path: Path) -> None:
    server, path = await Server(of=guarding).begin(), tmp_path / "bob.sqlite3"
    ann = await phone(Line(server, "ann"), seed=100, of=guarding)
    board = await ann.create(Board, name="Board", motto="ann-wrote", words={"ann-wrote this"})
    await ann.invite(board, "bob")
    await ann.sync()
    async with await phone(Line(server, "bob"), path=str(path), seed=200, of=guarding) as bob:
        await bob.sync()
        await bob.go_offline()
        await bob.update(board, motto="bob-wrote", words={"bob-wrote this"})
        late = await bob.invite(board, "cleo")
        assert await bob.get(late) is not None
        await ann.remove(board, "bob")
        await ann.sync()
        await bob.go_online()
        await bob.sync()
        assert (bob.pending, await bob.get(board), await bob.get(late)) == (0, None, None)
        first, second = await bob.outcomes()
        assert [each.error and each.error["extensions"] for each in (first, second)] == [
            {"code": "SCOPE_FORBIDDEN", "retryable": False, "scope": board}
        ] * 2
        assert set(first.change.fields) == {"motto", "words"}
        assert second.change.id == late
        assert found(path, "ann-wrote") == 0
    assert (found(path, "ann-wrote"), found(path, "bob-wrote") > 0) == (0, True)


async def test_what_was_refused_before_keeps_its_code_and_quotes_nobody(tmp_path: Path) -> None:
    server, path = await Server(of=guarding).begin(), tmp_path / "bob.sqlite3"
    ann = await phone(Line(server, "ann"), seed=100, of=guarding)
    board = await ann.create(Board, name="Board", motto="first", words=set())
    await ann.invite(board, "bob")
    await ann.sync()
    async with await phone(Line(server, "bob"), path=str(path), seed=200, of=guarding) as bob:
        await bob.sync()
        await ann.update(board, motto="ann-wrote")
        await ann.sync()
        await bob.update(board, motto="bob-wrote")
        await bob.sync()
        assert found(path, "ann-wrote") > 0
        await ann.remove(board, "bob")
        await ann.sync()
        await bob.sync()
        (stale,) = await bob.outcomes()
        assert stale.error is not None
        assert stale.error["extensions"] == {"code": "STALE", "retryable": False}
        assert (found(path, "ann-wrote"), found(path, "bob-wrote") > 0) == (0, True)


async def test_a_create_that_was_still_queued_disappears_when_its_outcome_arrives(tmp_path: Path) -> None:
    server, path = await Server().begin(), tmp_path / "bob.sqlite3"
    ann, _, home = await shared_list(server, "bob")
    async with await phone(Line(server, "bob"), path=str(path), seed=200) as bob:
        await bob.sync()
        milk = await bob.create(Task, scope=home, title="bob-wrote milk")
        await bob.update(milk, notes="bob-wrote more")
        await ann.remove(home, "bob")
        await ann.sync()
        await bob.sync()
        assert (await bob.get(milk), await bob.query(Task), bob.pending) == (None, [], 0)
        assert [(each.outcome, each.change.op) for each in await bob.outcomes()] == [
            ("rejected", "create"),
            ("rejected", "update"),
        ]


@pytest.mark.promise("I8")
async def test_who_was_removed_and_invited_again_has_everything_and_answers_the_next_end_too() -> None:
    server = await Server(page_size=3).begin()
    ann, _, home = await shared_list(server, "bob")
    tasks = {await ann.create(Task, scope=home, title=f"{number}") for number in range(10)}
    await ann.sync()
    bob = await phone(Line(server, "bob"), seed=200)
    for _ in range(2):
        await bob.sync()
        assert {task.id for task in await bob.query(Task, scope=home)} == tasks
        await ann.remove(home, "bob")
        await ann.sync()
        await bob.sync()
        assert await bob.query(Task) == []
        ((_, (holder,)),) = await answers(server)
        assert (holder.device, holder.received_at_ms is None) == (bob.id, False)
        await ann.invite(home, "bob")
        await ann.sync()
        assert await answers(server) == []


async def test_who_was_away_from_the_removal_until_the_next_invitation_owes_nothing_and_has_everything() -> None:
    server = await Server(page_size=3).begin()
    ann, _, home = await shared_list(server, "bob")
    line = Line(server, "bob")
    bob = await phone(line, seed=200)
    await bob.sync()
    await ann.remove(home, "bob")
    await ann.sync()
    await ann.invite(home, "bob")
    milk = await ann.create(Task, scope=home, title="milk")
    await ann.sync()
    await bob.sync()
    assert await bob.get(milk) is not None
    assert [message.receipts for message in line.pushes] == []


@pytest.mark.promise("I8")
async def test_a_demotion_by_an_owner_whose_clock_is_a_day_slow_takes_effect() -> None:
    server = await Server().begin()
    slow = Clock(NOW - 86_400_000)
    line = Line(server, "ann")
    ann = await phone(line, seed=100, clock=slow)
    home = await ann.create(TaskList, title="Home")
    await ann.invite(home, "bob", "owner")
    await ann.sync()
    bob = await phone(Line(server, "bob"), seed=200)
    await bob.sync()
    milk = await bob.create(Task, scope=home, title="milk")
    await bob.invite(home, "cleo")
    await bob.sync()
    slow.ms = NOW - 2 * 86_400_000  # slower still, and nobody has told the phone
    await ann.invite(home, "bob", "viewer")
    await ann.sync()
    await bob.update(milk, title="not any more")
    await bob.invite(home, "dora")
    await bob.sync()
    assert [each.outcome for each in (await bob.outcomes())[-2:]] == ["rejected", "rejected"]
    await ann.remove(home, "bob")
    await ann.sync()
    await bob.sync()
    assert await bob.get(milk) is None
    ((_, (holder,)),) = await answers(server)
    assert holder.received_at_ms is not None


async def test_a_server_that_says_nothing_of_receipts_is_not_told_them_again_and_again() -> None:
    server = await Server().begin()
    ann, _, home = await shared_list(server, "bob")
    line = Line(server, "bob")
    bob = await phone(line, seed=200)
    await bob.sync()
    await ann.remove(home, "bob")
    await ann.sync()
    line.scripted.append(answer(errors=[]))  # a server that takes it and says nothing of it
    await bob.sync()
    assert len(line.pushes) == 1
    await bob.sync()
    assert len(line.pushes) == 1  # it is not asked again and again


def lost(*, more: bool = False) -> Page:
    """A page that tells of an end."""
    return page(cursor="at 3", more=more, lost=[HOME], endings=[Ending(scope=HOME, position=3)])


def shared(path: Path, held: list[sqlite3.Connection] | None = None) -> Replica:
    """A replica that has pulled two lists, one with a task."""

    def opened(at: str) -> sqlite3.Connection:
        connection = open_storage(at)
        if held is not None:
            held.append(connection)
        return connection

    mine = Replica(str(path), app.catalog, wall_ms=Clock(), random=Random(7), storage=opened)
    mine.take_page(
        page(
            record(HOME, HOME, position=1, kind="TaskList"),
            record(MILK, HOME, position=2, title="ann-wrote"),
            record(WORK, WORK, position=2, kind="TaskList"),
            cursor="at 2",
        )
    )
    return mine


def told(mine: Replica) -> list[tuple[str, int]]:
    message = mine.push_message()
    return [(each.scope, each.position) for each in message.receipts] if message else []


def test_a_receipt_goes_out_alone_and_is_told_until_it_is_known(tmp_path: Path) -> None:
    mine = shared(tmp_path / "r")
    mine.take_page(lost())
    message = mine.push_message()
    assert message is not None
    assert (message.changes, message.pull is not None, told(mine)) == ([], True, [(HOME, 3)])
    assert abs(message.receipts[0].dropped_ms - NOW) < 1_000
    mine.take_answer(answer())
    assert told(mine) == [(HOME, 3)]
    mine.take_answer(answer(receipts=[Ending(scope=HOME, position=2)]))
    assert told(mine) == [(HOME, 3)]
    mine.take_answer(answer(receipts=[Ending(scope=HOME, position=3)]))
    assert mine.push_message() is None
    mine.close()


def test_a_receipt_goes_with_changes_and_can_be_left_out(tmp_path: Path) -> None:
    mine = shared(tmp_path / "r")
    mine.take_page(lost())
    mine.write("update", "TaskList", WORK, WORK, {"title": "Office"})
    message, without = mine.push_message(), mine.push_message(receipts=False)
    assert [change.number for change in sent(message)] == [change.number for change in sent(without)] == [1]
    assert message is not None
    assert without is not None
    assert (len(message.receipts), without.receipts) == (1, [])
    mine.close()


def test_no_receipt_is_given_before_the_last_page_of_the_catch_up(tmp_path: Path) -> None:
    path = tmp_path / "r"
    mine = shared(path)
    mine.take_page(lost(more=True))
    assert (told(mine), mine.views.get(MILK) is None) == ([], False)
    mine.take_page(page(cursor="at 4"))
    assert (told(mine), mine.views.get(MILK), found(path, "ann-wrote")) == ([(HOME, 3)], None, 0)
    mine.close()


def test_a_catch_up_that_begins_again_forgets_what_it_was_told(tmp_path: Path) -> None:
    mine = shared(tmp_path / "r")
    mine.take_page(lost(more=True))
    mine.start_over()
    mine.take_page(page(record(MILK, HOME, position=2), cursor="at 4"))
    assert told(mine) == []
    mine.close()


def test_who_starts_over_answers_every_ending_and_who_is_new_answers_none(tmp_path: Path) -> None:
    path = tmp_path / "r"
    mine = shared(path)
    mine.start_over()
    all_ended = [Ending(scope=HOME, position=3), Ending(scope=PLAN, position=4)]
    mine.take_page(page(record(WORK, WORK, position=2, kind="TaskList"), cursor="at 5", endings=all_ended))
    assert sorted(told(mine)) == sorted((each.scope, each.position) for each in all_ended)
    assert found(path, "ann-wrote") == 0
    mine.close()
    fresh = Replica(":memory:", app.catalog, wall_ms=Clock(), random=Random(8))
    fresh.take_page(page(cursor="at 5", endings=all_ended))
    assert told(fresh) == []


def test_another_users_records_leave_nothing_behind_when_they_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "r"
    mine = shared(path)
    mine.start_over()
    mine.take_page(page(cursor="at 5"))
    assert (found(path, "ann-wrote"), mine.push_message(), mine.receipts.empty) == (0, None, True)
    mine.close()


def test_an_older_server_names_no_ending_and_the_scope_is_cleared_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "r"
    mine = shared(path)
    mine.take_page(page(cursor="at 3", lost=[HOME]))
    assert (mine.views.get(MILK), found(path, "ann-wrote")) == (None, 0)
    assert (mine.push_message(), mine.receipts.empty) == (None, True)
    mine.close()


def test_the_receipt_waits_for_changes_that_are_still_to_be_answered(tmp_path: Path) -> None:
    path = tmp_path / "r"
    mine = shared(path)
    mine.write("update", "Task", MILK, HOME, {"title": "bob-wrote"})
    mine.take_page(lost())
    assert (told(mine), mine.views.get(MILK)) == ([], None)
    mine.take_answer(answer(rejected(1, "SCOPE_FORBIDDEN")))
    assert told(mine) == [(HOME, 3)]
    assert [each.change.fields for each in mine.outcomes.page(0, 10)] == [{"title": "bob-wrote"}]
    mine.close()


def test_what_the_app_said_of_others_records_goes_and_its_code_stays(tmp_path: Path) -> None:
    path = tmp_path / "r"
    mine = shared(path)
    mine.write("update", "Task", MILK, HOME, {"title": "bob-wrote"})
    error: dict[str, object] = {"message": "ann-wrote it", "extensions": {"code": "COMMAND_REFUSED", "by": "ann-wrote"}}
    mine.take_answer(answer(Outcome(number=1, outcome="rejected", error=error)))
    mine.take_page(lost())
    (kept,) = mine.outcomes.page(0, 10)
    assert kept.error is not None
    assert kept.error["extensions"] == {"code": "COMMAND_REFUSED", "retryable": False}
    assert (found(path, "ann-wrote"), kept.change.fields) == (0, {"title": "bob-wrote"})
    mine.close()


def test_what_was_left_between_the_rows_of_an_older_file_goes_as_well(tmp_path: Path) -> None:
    path, held = tmp_path / "r", list[sqlite3.Connection]()
    mine = shared(path, held)
    held[0].execute("PRAGMA secure_delete = OFF").fetchall()  # as files of the first version had it
    for position, length in enumerate((900, 20, 300, 5), start=3):
        mine.take_page(page(record(MILK, HOME, position=position, notes="ann-wrote " * length), cursor=f"{position}"))
    mine.take_page(lost())
    assert (told(mine), found(path, "ann-wrote")) == ([(HOME, 3)], 0)
    mine.close()


def test_while_the_file_cannot_be_written_anew_no_receipt_is_given(tmp_path: Path) -> None:
    path, held = tmp_path / "r", list[sqlite3.Connection]()
    mine = shared(path, held)
    reading = held[0].execute("SELECT scope FROM pulled")
    reading.fetchone()
    mine.take_page(lost())
    assert (told(mine), mine.views.get(MILK), found(path, "ann-wrote") > 0) == ([], None, True)
    reading.close()
    mine.take_page(page(cursor="at 3"))  # nothing new
    assert (told(mine), found(path, "ann-wrote")) == ([(HOME, 3)], 0)
    mine.close()


def test_what_a_crash_left_uncleared_is_cleared_when_the_file_is_opened(tmp_path: Path) -> None:
    path, held = tmp_path / "r", list[sqlite3.Connection]()
    mine = shared(path, held)
    reading = held[0].execute("SELECT scope FROM pulled")
    reading.fetchone()
    mine.take_page(lost())
    reading.close()
    mine.close()
    again = Replica(str(path), app.catalog, wall_ms=Clock(), random=Random(9))
    assert (told(again), found(path, "ann-wrote")) == ([(HOME, 3)], 0)
    again.close()
