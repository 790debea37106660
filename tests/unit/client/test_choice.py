"""Choosing among scopes on a phone: what goes and comes at once, in which order, and what is still pushed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest

from homeport_client import DEVICE_LIMITS, Device, LimitExceeded, State, Unreachable
from homeport_client.chosen import make_choice
from homeport_client.envelope import pull_request, push_request
from homeport_client.exchange import Exchange
from homeport_client.state import Event
from homeport_sync import App, Call
from homeport_sync.choice import CHOICE_SCOPES_MAX, EVERYTHING, Choice
from homeport_sync.errors import Malformed
from homeport_sync.rejections import RecordGone, ScopeGone
from homeport_sync.wire import PULL, PULL_CHOSEN, PullMessage
from tests.unit.client.world import Clock, Line, Server, Task, TaskList, phone, until

of_notes = App("notes")


@of_notes.kind(root=True)
class Pad:
    title: str


@of_notes.kind(within=Pad)
class Note:
    title: str


@of_notes.command(scope=Pad)
def jot(call: Call, of: UUID) -> None:
    """Writes a note and renames another."""
    call.create(Note, title="new")
    call.update(of, title=call.scope[:8])


async def lists(server: Server, *names: str) -> tuple[Device, dict[str, str]]:
    """Ann's phone with lists of these names, each with a task of its name, shared with bob; all synced."""
    ann, made = await phone(Line(server, "ann"), seed=100), dict[str, str]()
    for name in names:
        made[name] = await ann.create(TaskList, title=name)
        await ann.create(Task, scope=made[name], title=name)
        await ann.invite(made[name], "bob")
    await ann.sync()
    return ann, made


async def shown(device: Device) -> list[str]:
    return sorted([str(task["title"]) for task in await device.query(Task)])


async def test_what_is_left_out_goes_at_once_and_comes_again_with_all_that_happened_meanwhile() -> None:
    server = await Server(page_size=2).begin()
    ann, made = await lists(server, "a", "b")
    line = Line(server, "bob")
    bob = await phone(line, seed=200)
    await bob.sync()
    line.up = False
    await bob.choose(leave_out=[made["b"]])
    assert await shown(bob) == ["a"]
    assert await bob.get(made["b"]) is None
    assert bob.choice == Choice(leave_out=(made["b"],))
    line.up = True
    await ann.delete((await ann.query(Task, scope=made["b"]))[0].id)
    for title in ("b1", "b2", "b3"):
        await ann.create(Task, scope=made["b"], title=title)
    await ann.sync()
    await bob.sync()
    assert await shown(bob) == ["a"]
    await bob.choose()
    assert await shown(bob) == ["a"]
    await bob.sync()
    assert await shown(bob) == ["a", "b1", "b2", "b3"]
    assert bob.choice == EVERYTHING


async def test_a_choice_that_is_changed_and_changed_back_offline_misses_nothing() -> None:
    server = await Server(page_size=2).begin()
    _, made = await lists(server, "a", "b")
    bob = await phone(Line(server, "bob"), seed=200)
    await bob.sync()
    await bob.choose(scopes=[made["a"]])
    await bob.choose()
    assert await shown(bob) == ["a"]
    await bob.sync()
    assert await shown(bob) == ["a", "b"]


async def test_what_was_written_in_what_is_left_out_is_pushed_and_nothing_of_it_shows() -> None:
    server = await Server().begin()
    ann, made = await lists(server, "a", "b")
    bob = await phone(Line(server, "bob"), seed=200)
    await bob.sync()
    egg = await bob.create(Task, scope=made["b"], title="egg")
    mine = await bob.create(TaskList, title="mine")
    await bob.choose(leave_out=[made["b"], mine])
    assert (bob.pending, await bob.get(egg), await bob.get(mine)) == (2, None, None)
    with pytest.raises(RecordGone, match="not on this device"):
        await bob.update(egg, title="eggs")
    with pytest.raises(ScopeGone, match="not on this device"):
        await bob.create(Task, scope=made["b"], title="milk")
    await bob.sync()
    await ann.sync()
    assert (bob.pending, await shown(ann)) == (0, ["a", "b", "egg"])
    await bob.choose()
    await bob.sync()
    assert await shown(bob) == ["a", "b", "egg"]
    assert await bob.get(mine) is not None


async def test_what_comes_first_shows_while_the_rest_is_on_its_way() -> None:
    server = await Server(page_size=2).begin()
    _, made = await lists(server, "a", "b", "c", "d")
    bob = await phone(line := Line(server, "bob"), seed=200)
    replica = bob._replica
    await bob.choose(first=[made["c"], made["b"], made["c"]])
    seen, steps = list[list[str]](), Exchange(replica, line, Clock(), DEVICE_LIMITS)
    event = Event.MORE
    while event is Event.MORE:
        event = await steps.step(State.PULLING)
        if not seen or seen[-1] != await shown(bob):
            seen.append(await shown(bob))
    assert seen == [[], ["c"], ["b", "c"], ["a", "b", "c", "d"]]
    assert event is Event.CAUGHT_UP


async def test_what_comes_first_of_what_is_taken_in_again_comes_before_the_rest_of_that() -> None:
    server = await Server(page_size=2).begin()
    _, made = await lists(server, "a", "b", "c")
    bob = await phone(line := Line(server, "bob"), seed=200)
    await bob.choose(scopes=[made["a"]])
    await bob.sync()
    await bob.choose(first=[made["a"], made["c"]])
    line.pulls.clear()
    await bob.sync()
    asked = dict.fromkeys(each.choice for each in line.pulls)
    assert [*asked] == [Choice(scopes=tuple(sorted([made["a"], made["c"]]))), EVERYTHING]
    assert await shown(bob) == ["a", "b", "c"]


async def test_a_page_that_was_asked_for_before_the_phone_chose_otherwise_is_passed_over() -> None:
    server = await Server().begin()
    _, made = await lists(server, "a", "b")
    line = Line(server, "bob")
    bob = await phone(line, seed=200)
    line.slow_back_s = 0.5
    syncing = asyncio.create_task(bob.sync())
    await until(lambda: bool(line.pulls))
    await bob.choose(scopes=[made["a"]])
    await syncing
    assert await shown(bob) == ["a"]
    assert [each.choice for each in line.pulls] == [None, Choice(scopes=(made["a"],))]
    assert await bob.get(made["b"]) is None


async def test_a_phone_that_is_live_reaches_another_choice_by_itself() -> None:
    server = await Server().begin()
    _, made = await lists(server, "a", "b")
    async with await phone(Line(server, "bob"), seed=200) as bob:
        await bob.choose(leave_out=[made["b"]])
        await bob.start()
        await until(lambda: bob.state is State.LIVE)
        await bob.choose()
        async with asyncio.timeout(DEVICE_LIMITS.poll_s / 4):
            async for tasks in bob.watch(Task):
                if len(tasks) == 2:
                    break


async def test_a_choice_outlives_the_process_and_an_older_file_has_none(tmp_path: Path) -> None:
    server, path = await Server().begin(), str(tmp_path / "bob.sqlite3")
    _, made = await lists(server, "a", "b", "c")
    async with await phone(Line(server, "bob"), path=path, seed=200) as bob:
        await bob.sync()
        assert not bob._replica._connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'chosen'").fetchall()
    async with await phone(Line(server, "bob"), path=path, seed=201) as bob:
        await bob.choose(leave_out=[made["c"]], first=[made["b"]])
    line = Line(server, "bob")
    async with await phone(line, path=path, seed=202) as bob:
        assert bob.choice == Choice(leave_out=(made["c"],))
        assert await shown(bob) == ["a", "b"]
        await bob.sync()
        assert line.pulls[0].choice == bob.choice


async def test_a_list_that_is_made_here_is_one_to_have_whatever_was_chosen() -> None:
    server = await Server().begin()
    _, made = await lists(server, "a", "b")
    bob = await phone(Line(server, "bob"), seed=200)
    await bob.choose(scopes=[made["a"]])
    await bob.sync()
    mine = await bob.create(TaskList, title="mine")
    await bob.create(Task, scope=mine, title="m")
    assert await shown(bob) == ["a", "m"]
    await bob.sync()
    assert await shown(bob) == ["a", "m"]
    assert bob.choice.takes(mine)


async def test_what_a_command_is_expected_to_come_to_goes_and_comes_with_its_scope() -> None:
    server = await Server(of=of_notes).begin()
    async with await phone(line := Line(server, "ann"), of=of_notes) as ann:
        pad = await ann.create(Pad, title="p")
        first = await ann.create(Note, scope=pad, title="old")
        await ann.sync()
        line.up = False
        await ann.call(jot, scope=pad, of=UUID(first))
        await ann.choose(leave_out=[pad])
        assert await ann.query(Note) == []
        await ann.choose()
        line.up = True
        await ann.sync()
        assert sorted(str(each["title"]) for each in await ann.query(Note)) == sorted([pad[:8], "new"])


async def test_what_is_lost_meanwhile_stays_lost() -> None:
    server = await Server().begin()
    ann, made = await lists(server, "a", "b")
    bob = await phone(Line(server, "bob"), seed=200)
    await bob.sync()
    await bob.choose(leave_out=[made["b"]])
    await bob.sync()
    await ann.remove(made["b"], "bob")
    await ann.sync()
    await bob.choose()
    await bob.sync()
    assert await shown(bob) == ["a"]


async def test_too_many_scopes_and_what_is_none_are_refused_and_change_nothing() -> None:
    async with await phone() as bob:
        home = await bob.create(TaskList, title="home")
        many = [f"{at:08x}-0000-7000-8000-000000000000" for at in range(CHOICE_SCOPES_MAX + 1)]
        for named in ({"scopes": many}, {"leave_out": many}, {"first": many}):
            with pytest.raises(LimitExceeded, match="A choice names 500 scopes at most"):
                await bob.choose(**named)
        with pytest.raises(Malformed):
            await bob.choose(leave_out=["home"])
        assert bob.choice == EVERYTHING
        await bob.choose(scopes=many[:-1])
        with pytest.raises(LimitExceeded):
            await bob.create(TaskList, title="one more")
        assert bob.pending == 1
        await bob.choose(leave_out=[home])


async def test_two_choices_that_cannot_be_told_together_start_over_and_end_with_the_second() -> None:
    server = await Server().begin()
    _, made = await lists(server, "a", "b", "c")
    bob = await phone(Line(server, "bob"), seed=200)
    others = [f"{at:08x}-0000-7000-8000-000000000000" for at in range(CHOICE_SCOPES_MAX - 1)]
    await bob.choose(leave_out=[*others, made["a"]])
    await bob.sync()
    assert await shown(bob) == ["b", "c"]
    more = [each.replace("7000", "7001") for each in others]
    await bob.choose(leave_out=[*more, made["b"]])
    assert await shown(bob) == ["c"]
    await bob.sync()
    assert await shown(bob) == ["a", "c"]


async def test_the_same_choice_again_disturbs_no_catch_up() -> None:
    server = await Server(page_size=2).begin()
    _, made = await lists(server, "a", "b", "c")
    bob = await phone(line := Line(server, "bob"), seed=200)
    steps = Exchange(bob._replica, line, Clock(), DEVICE_LIMITS)
    for choice in ({}, {"leave_out": [made["c"]]}):
        await bob.choose(**choice)
        assert await steps.step(State.PULLING) is Event.MORE
        assert bob._replica.meta.staged_cursor
        await bob.choose(**choice)
        assert bob._replica.meta.staged_cursor
    assert [each.choice for each in line.pulls] == [None, Choice(leave_out=(made["c"],))]


@pytest.mark.promise("I8")
async def test_nothing_of_what_is_left_out_is_left_in_the_file(tmp_path: Path) -> None:
    server = await Server().begin()
    ann, made = await lists(server, "a", "b")
    await ann.create(Task, scope=made["b"], title="a secret")
    await ann.create(Task, scope=made["a"], title="no secret of ours")
    await ann.sync()
    async with await phone(Line(server, "bob"), path=str(tmp_path / "bob.sqlite3"), seed=200) as bob:
        await bob.sync()
        assert written(tmp_path, b"a secret")
        await bob.choose(leave_out=[made["b"]])
        assert not written(tmp_path, b"a secret")
        assert written(tmp_path, b"no secret of ours")
        await bob.sync()
        assert not written(tmp_path, b"a secret")
        assert bob._replica.receipts.empty, "it is no grant that has ended, and no receipt is owed"


def written(folder: Path, text: bytes) -> bool:
    return any(text in file.read_bytes() for file in folder.iterdir())


def test_a_phone_that_never_chose_sends_what_every_server_knows() -> None:
    plain = PullMessage(device="d", cursor="c")
    assert PULL.encode() in pull_request(plain)
    assert b"choice" not in pull_request(plain)
    chosen = PullMessage(device="d", choice=Choice(leave_out=("s",)))
    assert PULL_CHOSEN.encode() in pull_request(chosen)
    assert b'"choice":{"leaveOut":["s"]}' in pull_request(chosen)


async def test_a_push_asks_for_the_page_of_the_choice_as_well() -> None:
    server = await Server().begin()
    _, made = await lists(server, "a", "b")
    bob = await phone(line := Line(server, "bob"), seed=200)
    await bob.choose(scopes=[made["a"]])
    await bob.sync()
    await bob.create(Task, scope=made["a"], title="egg")
    await bob.sync()
    (pushed,) = line.pushes
    assert pushed.pull is not None
    assert pushed.pull.choice == Choice(scopes=(made["a"],))
    assert b'"choice":{"scopes":' in push_request(pushed)


async def test_a_write_that_finds_no_room_leaves_the_choice_as_it_was() -> None:
    server = await Server().begin()
    _, made = await lists(server, "a")
    bob = await phone(Line(server, "bob"), seed=200)
    replica = bob._replica
    with suppress(Unreachable):
        await bob.sync()
    replica._connection.execute("CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'full'); END")
    await bob.choose(scopes=[made["a"]])
    with pytest.raises(Exception, match="full"):
        await bob.create(TaskList, title="b")
    assert bob.choice == Choice(scopes=(made["a"],))
    assert make_choice(None, (), ()) == (EVERYTHING, ())


async def test_a_page_that_was_on_its_way_when_the_device_chose_otherwise_is_asked_for_anew() -> None:
    server = await Server(page_size=2).begin()
    _, made = await lists(server, "a", "b", "c")
    bob = await phone(line := Line(server, "bob"), seed=200)
    await bob.choose(first=[made["a"]])
    steps = Exchange(bob._replica, line, Clock(), DEVICE_LIMITS)
    assert await steps.step(State.PULLING) is Event.MORE
    asked = bob._replica.pull_message()
    second = await line.pull(asked)
    await bob.choose(first=[made["a"], made["b"]])  # what it takes next is the same, from the start
    assert not bob._replica.take_page(second, asked)
    await bob.sync()
    assert await shown(bob) == ["a", "b", "c"]


async def a_viewer() -> tuple[Device, Line, str]:
    """Bob's phone, which may only look, its line, and the list."""
    server = await Server().begin()
    ann, made = await lists(server, "a")
    await ann.invite(made["a"], "bob", "viewer")
    await ann.sync()
    bob = await phone(line := Line(server, "bob"), seed=200)
    await bob.sync()
    return bob, line, made["a"]


@pytest.mark.parametrize("again", [True, False])
async def test_what_was_refused_in_a_list_that_was_left_out_keeps_its_reason(again: bool) -> None:
    bob, line, home = await a_viewer()
    line.up = False
    await bob.create(Task, scope=home, title="egg")
    await bob.choose(leave_out=[home])
    if again:
        await bob.choose()
    line.up = True
    await bob.sync()
    (refused,) = await bob.quarantine()
    assert (refused.code, refused.fields["title"]) == ("ROLE_FORBIDDEN", "egg")
    assert refused.message.startswith("A viewer reads")
    assert bob._replica.receipts.empty


async def test_what_took_effect_in_a_list_that_was_left_out_has_its_outcome() -> None:
    server = await Server().begin()
    ann, made = await lists(server, "a")
    egg = (await ann.query(Task))[0].id
    await ann.update(egg, title="egg")
    await ann.choose(leave_out=[made["a"]])
    await ann.sync()
    (last,) = (await ann.outcomes())[-1:]
    assert (last.outcome, last.change.id, last.change.fields) == ("applied", egg, {"title": "egg"})
