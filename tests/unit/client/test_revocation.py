"""When a grant ends: the device's file holds nothing of what others wrote there, and the server has the receipt."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from homeport_client import Device, Unreachable
from homeport_sync import App, field
from homeport_sync.clock import uuid7
from homeport_sync.receipts import Ended, Holder
from tests.unit.client.world import (
    NOW,
    TENANT,
    Clock,
    Line,
    Server,
    Task,
    TaskList,
    found,
    phone,
    shared_list,
)

HOME, WORK, MILK, EGGS, PLAN = (uuid7(NOW, Random(seed)) for seed in range(5))
guarding = App("guarding", version=1)


@guarding.kind(root=True)
class Board:
    name: str
    motto: str = field(default="", merge="guarded")
    words: set[str]


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


@pytest.mark.promise("I8")
async def test_a_restore_that_was_written_in_vain_keeps_what_its_user_gave_it_alone(tmp_path: Path) -> None:
    server, path = await Server().begin(), tmp_path / "bob.sqlite3"
    ann, _, home = await shared_list(server, "bob")
    milk = await ann.create(Task, scope=home, title="ann-wrote", notes="ann-wrote more")
    await ann.sync()
    async with await phone(Line(server, "bob"), path=str(path), seed=200) as bob:
        await bob.sync()
        await bob.delete(milk)
        await bob.restore(milk, title="bob-wrote", notes="")
        await ann.remove(home, "bob")
        await ann.sync()
        await bob.sync()
        assert [(each.change.op, each.change.fields) for each in await bob.outcomes()] == [
            ("delete", {}),
            ("restore", {"title": "bob-wrote", "notes": ""}),
        ]
        assert (found(path, "ann-wrote"), found(path, "bob-wrote") > 0) == (0, True)


@pytest.mark.promise("I8")
async def test_what_was_moved_away_in_vain_quotes_nobody(tmp_path: Path) -> None:
    server, path = await Server().begin(), tmp_path / "bob.sqlite3"
    ann, _, home = await shared_list(server, "bob")
    milk = await ann.create(Task, scope=home, title="ann-wrote", notes="ann-wrote more")
    await ann.sync()
    async with await phone(line := Line(server, "bob"), path=str(path), seed=200) as bob:
        mine = await bob.create(TaskList, title="mine")
        await bob.sync()
        await bob.move(milk, into=mine)
        await bob.update(milk, title="bob-wrote")
        await bob.delete(milk)
        await ann.remove(home, "bob")
        await ann.sync()
        line.largest_push = 1
        for _ in range(9):
            with suppress(Unreachable):
                await bob.sync()
        refused = [(each.op, dict(each.fields)) for each in await bob.quarantine()]
        assert refused == [("move", {}), ("update", {"title": "bob-wrote"}), ("delete", {})]
        assert (bob.pending, found(path, "ann-wrote"), bob._replica.receipts.empty) == (0, 0, True)


async def test_what_took_effect_where_it_was_moved_to_stays_when_the_grant_ends_where_it_was() -> None:
    server = await Server().begin()
    ann, _, home = await shared_list(server, "bob")
    milk = await ann.create(Task, scope=home, title="milk")
    await ann.sync()
    bob = await phone(Line(server, "bob"), seed=200)
    await bob.sync()
    mine = await bob.create(TaskList, title="mine")
    await bob.move(milk, into=mine)
    await bob.update(milk, title="bob-wrote")
    await bob.sync()
    await ann.sync()
    await ann.remove(home, "bob")
    await ann.sync()
    await bob.sync()
    assert [(each.change.op, each.outcome, each.error) for each in await bob.outcomes()] == [
        ("create", "applied", None),
        ("update", "applied", None),
    ]
    seen = await bob.get(milk)
    assert seen is not None
    assert seen["title"] == "bob-wrote"


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
