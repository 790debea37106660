"""A group on a phone: written at once or not at all, pushed whole, and undone whole."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_client import ChangeOutcome, Device, DeviceClosed, LimitExceeded, Unreachable
from homeport_client.group import Group as Writes
from homeport_client.outbox import Outbox
from homeport_client.storage import open_storage
from homeport_sync import App, Rank, field
from homeport_sync.change import GROUP_CHANGES_MAX, Change, Group, encode
from homeport_sync.clock import Stamp
from homeport_sync.rejections import DocumentTooLarge, RecordGone, WrongType
from tests.unit.client.world import Line, Server, Task, TaskList, phone, sent, shared_list

Write = Callable[[Writes], object]
ordered = App("ordered")


@ordered.kind(root=True)
class Shelf:
    name: str = ""
    about: str = field(default="", max_length=60_000)


@ordered.kind(within=Shelf)
class Book:
    place: Rank


A_UUID = "00000000-0000-7000-8000-000000000001"
A_STAMP = Stamp("0192f0c1a2b30000af707d14")


async def together(device: Device, *writes: Write) -> None:
    async with device.group() as group:
        for write in writes:
            write(group)


def renaming(record_id: str, title: str) -> Write:
    return lambda group: group.update(record_id, title=title)


def filling(shelf: str, length: int) -> Write:
    return lambda group: group.update(shelf, about="x" * 60_000, name="y" * length)


def make_list(group: Writes) -> None:
    group.create(TaskList, title="Home")


def make_long_task(scope: str, group: Writes) -> None:
    group.create(Task, scope=scope, title="Milk", notes="é" * 10_000)


def codes(told: list[ChangeOutcome]) -> list[object]:
    extensions = [(each.error or {}).get("extensions") for each in told]
    return [each["code"] for each in extensions if isinstance(each, dict)]


async def test_the_first_records_in_an_order_may_be_made_in_a_group() -> None:
    async with await phone(of=ordered) as ann:
        shelf = await ann.create(Shelf)
        with pytest.raises(RecordGone):
            await together(ann, lambda group: group.create(Book, scope=shelf), lambda group: group.delete(A_UUID))
        assert ann.pending == 1
        made: list[str] = []
        await together(ann, *[lambda group: made.append(group.create(Book, scope=shelf))] * 3)
        assert [book.id for book in await ann.query(Book, scope=shelf, order_by="place")] == made


async def test_a_group_is_written_when_its_block_ends_and_one_write_builds_on_the_other() -> None:
    async with await phone() as ann:
        async with ann.group() as moving:
            home = moving.create(TaskList, title="Home")
            milk = moving.create(Task, scope=home, title="Milk")
            moving.update(milk, done=True)
            moving.invite(home, "bob")
            assert ann.pending == 0
        seen = await ann.get(milk)
        assert seen is not None
        assert seen["done"] is True
        assert ann.pending == 4


async def test_a_group_of_which_one_write_does_not_fit_writes_nothing() -> None:
    async with await phone() as ann:
        home = await ann.create(TaskList, title="Home")
        with pytest.raises(WrongType):
            await together(
                ann, lambda group: group.update(home, title="Away"), lambda group: group.update(home, title=7)
            )
        with pytest.raises(RecordGone):
            await together(ann, lambda group: group.delete(home), renaming(home, "Away"))
        seen = await ann.get(home)
        assert seen is not None
        assert (seen["title"], ann.pending) == ("Home", 1)
        await ann.update(home, title="Still here")  # its numbers go on without a gap
        assert ann.pending == 2


async def test_a_block_that_raises_writes_nothing() -> None:
    async with await phone() as ann:
        home = await ann.create(TaskList, title="Home")
        with pytest.raises(ZeroDivisionError):
            async with ann.group() as moving:
                moving.update(home, title=str(1 // 0))
        assert ann.pending == 1


async def test_what_another_writes_while_a_group_is_put_together_is_no_part_of_it() -> None:
    line = Line(await Server().begin(), "ann")
    async with await phone(line) as ann:
        home = await ann.create(TaskList, title="Home")
        async with ann.group() as moving:
            moving.update(home, title="One")
            await ann.create(Task, scope=home, title="Milk")
            moving.remove(home, "bob")
        await ann.sync()
        changes = sent(line.pushes[0])
        assert [each.kind for each in changes] == ["TaskList", "Task", "TaskList", "Member"]
        assert [each.group for each in changes] == [None, None, Group(at=1, of=2), Group(at=2, of=2)]


async def test_a_group_of_one_change_is_a_change_and_of_none_nothing() -> None:
    async with await phone(line := Line(await Server().begin(), "ann")) as ann:
        async with ann.group():
            pass
        assert ann.pending == 0
        async with ann.group() as alone:
            alone.create(TaskList, title="Home")
        await ann.sync()
        assert [each.group for each in sent(line.pushes[0])] == [None]


async def test_a_group_has_a_limit() -> None:
    async with await phone() as ann:
        with pytest.raises(LimitExceeded, match="100 changes at most"):
            await together(ann, *[make_list] * (GROUP_CHANGES_MAX + 1))
        home = await ann.create(TaskList, title="Home")
        with pytest.raises(LimitExceeded, match="bytes at most"):
            await together(ann, *[partial(make_long_task, home)] * 60)
        assert ann.pending == 1


async def test_the_largest_change_that_is_written_in_a_group_is_no_larger_than_the_server_allows() -> None:
    async with await phone(Line(await Server(of=ordered).begin(), "ann"), of=ordered) as ann:
        shelf = await ann.create(Shelf)
        written = 0
        with suppress(DocumentTooLarge):
            for length in range(5_000, 6_000, 8):
                await together(ann, filling(shelf, length), lambda group: group.update(shelf, name="more"))
                written = length
        await ann.sync()
        assert 5_000 < written < 5_900
        assert {each.outcome for each in await ann.outcomes(limit=1_000)} == {"applied"}


async def test_a_group_that_outlives_its_device_says_so() -> None:
    ann = await phone()
    late = await ann.group().__aenter__()
    late.create(TaskList, title="Home")
    await ann.close()
    with pytest.raises(DeviceClosed):
        await late.__aexit__(None, None, None)


async def test_a_group_takes_nothing_outside_its_block_where_nobody_would_write_it() -> None:
    async with await phone() as ann:
        home = await ann.create(TaskList, title="Home")
        async with ann.group() as closed:
            closed.update(home, title="Away")
        acts: list[Write] = [
            make_list,
            renaming(home, "lost"),
            lambda group: group.delete(home),
            lambda group: group.move(home, into=home),
            lambda group: group.restore(home),
            lambda group: group.call("sell", scope=home),
            lambda group: group.invite(home, "bob"),
            lambda group: group.remove(home, "bob"),
        ]
        for group in (closed, ann.group()):
            for act in acts:
                with pytest.raises(RuntimeError, match="This group is closed: open another with"):
                    act(group)
        async with closed:
            pass
        assert ann.pending == 2, "what it was given before is not written once more"


@pytest.mark.promise("I6")
async def test_a_group_that_the_server_refuses_is_undone_whole_and_each_change_is_explained() -> None:
    server = await Server().begin()
    ann, _, home = await shared_list(server, "bob")
    bob = await phone(Line(server, "bob"), seed=2)
    await bob.sync()
    async with bob.group() as both:
        milk = both.create(Task, scope=home, title="Milk")
        both.invite(home, "eve")  # an editor may not
    assert await bob.get(milk) is not None
    await bob.sync()
    await ann.sync()
    assert await bob.get(milk) is None
    assert await ann.get(milk) is None
    assert codes(await bob.outcomes()) == ["GROUP_REJECTED", "ROLE_FORBIDDEN"]


@pytest.mark.promise("I6")
async def test_a_push_that_is_halved_until_it_gets_through_cuts_no_group() -> None:
    line = Line(await Server().begin(), "ann")
    line.largest_push = 3
    async with await phone(line) as ann:
        home = await ann.create(TaskList, title="Home")
        await together(ann, *[lambda group: group.create(Task, scope=home, title="Milk")] * 3)
        with pytest.raises(Unreachable):
            await ann.sync()
        await ann.sync()
        assert [len(each.changes) for each in line.pushes] == [4, 1, 3]
        assert [each.outcome for each in await ann.outcomes()] == ["applied"] * 4


@given(st.lists(st.integers(1, 5), min_size=1, max_size=10), st.integers(1, 8), st.integers(1, 3_000))
def test_a_push_ends_where_a_group_ends_and_brings_something(sizes: list[int], most: int, bytes_max: int) -> None:
    outbox = Outbox(open_storage(":memory:"))
    number = 0
    for size in sizes:
        for at in range(1, size + 1):
            number += 1
            group = Group(at=at, of=size) if size > 1 else None
            change = Change(number=number, op="delete", kind="K", id=A_UUID, scope=A_UUID, stamp=A_STAMP, group=group)
            outbox.add("d", change, encode(change))
    unsent = outbox.to_push(most, bytes_max)
    assert unsent is not None
    count = len(unsent.changes)
    ends = list(accumulate(sizes))
    assert count in ends
    assert count <= most or count == ends[0]
    assert unsent.last == (count == number)
