"""The scopes that a choice names: what cannot be there, or is there no more, does not take the room of what is."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

import pytest

from homeport_client import LimitExceeded, Unreachable
from homeport_sync.choice import CHOICE_SCOPES_MAX, Choice
from homeport_sync.errors import Malformed
from tests.unit.client.world import Line, Server, Task, TaskList, answer, applied, phone, rejected, shared_list


async def test_a_list_that_may_not_be_made_is_not_wanted_any_more() -> None:
    async with await phone(line := Line(await Server().begin(), "ann")) as ann:
        await ann.choose(scopes=[])
        home, work = await ann.create(TaskList, title="home"), await ann.create(TaskList, title="work")
        line.scripted.append(answer(rejected(1), *applied(2)))
        with suppress(Unreachable):
            await ann.sync()
        assert ann.choice == Choice(scopes=(work,))
        assert await ann.get(home) is None


async def test_a_list_that_was_lost_is_still_wanted_when_work_in_it_is_refused() -> None:
    server = await Server().begin()
    ann, _, home = await shared_list(server, "bob")
    bob = await phone(Line(server, "bob"), seed=200)
    await bob.choose(scopes=[home])
    await bob.sync()
    await bob.update(home, title="mine")
    await ann.remove(home, "bob")
    await ann.sync()
    await bob.sync()
    assert await bob.query(TaskList) == []
    await ann.invite(home, "bob")
    await ann.sync()
    await bob.sync()
    assert [each.id for each in await bob.query(TaskList)] == [home]


async def test_lists_that_were_deleted_make_room_for_new_ones_once_the_server_knows() -> None:
    async with await phone(Line(await Server().begin(), "ann")) as ann:
        others = [f"{at:08x}-0000-7000-8000-000000000000" for at in range(CHOICE_SCOPES_MAX - 1)]
        await ann.choose(scopes=others)
        home = await ann.create(TaskList, title="home")
        milk = await ann.create(Task, scope=home, title="milk")
        await ann.sync()
        await ann.delete(home)
        with pytest.raises(LimitExceeded):
            await ann.create(TaskList, title="work")
        await ann.sync()
        async with ann.group() as both:
            work = both.create(TaskList, title="work")
            both.create(Task, scope=work, title="mail")
        assert set(ann.choice.scopes or ()) == {*others, work}
        assert [task["title"] for task in await ann.query(Task)] == ["mail"]
        await ann.sync()
        assert [task["title"] for task in await ann.query(Task)] == ["mail"]
        assert ann._replica.pulled.position(milk) == 0


@pytest.mark.parametrize("given", ["scopes", "leave_out", "first"])
async def test_one_scope_that_is_not_in_a_list_is_refused_and_what_to_write_is_said(given: str) -> None:
    async with await phone() as ann:
        home = await ann.create(TaskList, title="home")
        for alone in (home, UUID(home)):
            with pytest.raises(Malformed, match=rf"Several ids are expected, not '{home}' alone: write a list"):
                await ann.choose(**{given: alone})  # type: ignore[arg-type]
        assert ann.choice == Choice()
