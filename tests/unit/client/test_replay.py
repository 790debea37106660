"""A replay is written like any other change: it says what it was written over, and restores what is deleted alone."""

from __future__ import annotations

import pytest

from homeport_sync.rejections import RecordExists
from tests.unit.client.versions import newer, served
from tests.unit.client.world import Clock, Line, Server, phone


async def test_a_replay_that_meets_another_write_is_explained_from_what_it_was_written_over() -> None:
    server, clock = await Server(of=served()).begin(), Clock()
    async with (
        await phone(Line(server, "ann"), of=newer()) as ann,
        await phone(Line(server, "ann"), seed=2, of=newer(), clock=clock) as other,
    ):
        home = await ann.create("TaskList", title="Home")
        await ann.update(home, title="House", colour="mauve")
        await ann.sync()
        await other.sync()
        (refused,) = await ann.quarantine()
        await ann.replay(refused.place, colour="blue")
        clock.ms += 60_000
        await other.update(home, title="Flat")
        await other.sync()
        await ann.sync()
        last = (await ann.outcomes())[-1]
        (met,) = last.merges
        assert (last.outcome, met.base, met.mine, met.theirs) == ("merged", "Home", "House", "Flat")


async def test_a_restore_is_replayed_while_the_record_is_deleted_and_not_once_it_is_back() -> None:
    server = await Server(of=served()).begin()
    async with await phone(Line(server, "ann"), of=newer()) as ann:
        home = await ann.create("TaskList", title="Home")
        await ann.delete(home)
        await ann.sync()
        for _ in range(2):
            await ann.restore(home, colour="mauve")
            await ann.sync()
        first, second = await ann.quarantine()
        assert (first.op, first.code, await ann.get(home)) == ("restore", "WRONG_TYPE", None)
        await ann.replay(first.place, colour="blue")
        await ann.sync()
        back = await ann.get(home)
        assert back is not None
        assert (back["title"], back["colour"]) == ("Home", "blue")
        with pytest.raises(RecordExists):
            await ann.replay(second.place, colour="red")
