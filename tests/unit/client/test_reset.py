"""The log begins anew under a device: what it shows never goes back, counts nothing twice, and nothing stays unsent."""

from __future__ import annotations

from random import Random

import pytest

from homeport_client import DEVICE_LIMITS, ChangeOutcome, Device, Unreachable, increment
from homeport_client.exchange import Exchange
from homeport_client.replica import Replica
from homeport_client.state import Event, State
from homeport_client.writer import Writer
from homeport_sync import App, field
from tests.unit.client.world import TENANT, Clock, Line, Server, phone, pull, record
from tests.unit.client.world import page as scripted

app = App("votes")


@app.kind(root=True)
class Poll:
    title: str


@app.kind(within=Poll)
class Item:
    title: str
    votes: int = field(default=0, merge="counter")


async def begin_anew(server: Server) -> None:
    """Another life of the log, in which nothing is missing: a standby was promoted."""
    head = (await server.store.standing(TENANT, "ann", "")).head
    await server.store.begin_epoch(TENANT, head.epoch)


class Watched:
    """Ann's replica with an item, both synced; `votes` are those that showed after each step."""

    def __init__(self, server: Server) -> None:
        self.votes: list[object] = []
        self.item = ""
        self.line = Line(server, "ann")
        self.replica = Replica(":memory:", app.catalog, wall_ms=Clock(), random=Random(7), changed=self._look)
        self.exchange = Exchange(self.replica, self.line, Clock(), DEVICE_LIMITS)

    @classmethod
    async def begin(cls, server: Server) -> Watched:
        made = cls(server)
        writer = Writer(made.replica)
        poll = writer.create(Poll, None, {"title": "p"})
        made.item = writer.create(Item, poll, {"title": "x"})
        for _ in range(4):
            writer.create(Item, poll, {"title": "more"})
        await made.syncs()
        return made

    def gives(self, votes: int) -> None:
        Writer(self.replica).update(self.item, {"votes": increment(votes)})

    async def syncs(self) -> None:
        state = State.PUSHING
        for _ in range(20):
            event = await self.exchange.step(state)
            if event is Event.CAUGHT_UP:
                return
            state = State.PUSHING if event is Event.WROTE else State.PULLING
        raise AssertionError("catching up does not end")

    def _look(self) -> None:
        shown = self.replica.views.get(self.item) if self.item else None
        self.votes.append(shown["votes"] if shown else None)


async def told(device: Device) -> list[tuple[int, str]]:
    return [(each.number, each.outcome) for each in await device.outcomes()]


@pytest.mark.promise("I5")
@pytest.mark.parametrize("page_size", [2, 500])
async def test_a_push_whose_page_begins_anew_shows_an_increment_once(page_size: int) -> None:
    server = await Server(page_size, of=app).begin()
    ann = await Watched.begin(server)
    await begin_anew(server)
    ann.gives(5)
    ann.votes.clear()
    await ann.syncs()
    assert set(ann.votes) == {5}
    assert not ann.replica.outbox.records()


@pytest.mark.promise("I5")
@pytest.mark.parametrize("page_size", [2, 500])
@pytest.mark.parametrize("forked", [False, True])
async def test_a_pull_that_begins_anew_shows_what_was_answered_before_it_once(page_size: int, forked: bool) -> None:
    server = await Server(page_size, of=app).begin()
    ann = await Watched.begin(server)
    ann.gives(5)
    ann.line.withheld_pages = 1
    assert await ann.exchange.step(State.PUSHING) is Event.PUSHED
    if forked:
        ann.replica.fork()
    ann.line.cut_before_pull = 0
    await begin_anew(server)
    ann.votes.clear()
    state = State.PULLING
    while (event := await ann.exchange.step(state)) is not Event.CAUGHT_UP:
        state = State.PUSHING if event is Event.WROTE else State.PULLING
    assert set(ann.votes) == {5}
    assert not ann.replica.outbox.records()


async def test_sync_does_not_return_before_what_a_reset_made_unsent_is_sent() -> None:
    server = await Server(of=app).begin()
    line = Line(server, "ann")
    ann = await phone(line, of=app)
    poll = await ann.create(Poll, title="p")
    await ann.sync()
    await ann.update(poll, title="q")
    line.withheld_pages = 1
    with pytest.raises(Unreachable):
        await ann.sync()
    await begin_anew(server)
    await ann.sync()
    assert ann.pending == 0
    assert not ann._replica.outbox.records()


@pytest.mark.parametrize("forked", [False, True])
async def test_an_outcome_that_is_given_again_in_the_same_words_is_told_once(forked: bool) -> None:
    server = await Server(of=app).begin()
    line = Line(server, "ann")
    ann = await phone(line, of=app)
    poll = await ann.create(Poll, title="p")
    await ann.sync()
    (first,) = await ann.outcomes()
    await ann.update(poll, title="q")
    line.withheld_pages = 1
    with pytest.raises(Unreachable):
        await ann.sync()
    if forked:
        ann._replica.fork()
    await begin_anew(server)
    before = await ann.outcomes(after=first.place)
    await ann.sync()
    after = await ann.outcomes(after=first.place)
    assert [each.place for each in before] == [each.place for each in after]
    assert [_as_sent(each) for each in after] == [(ann.id, 1 if forked else 2, "applied")]
    assert after[0].change.number == after[0].number


def _as_sent(each: ChangeOutcome) -> tuple[str, int, str]:
    return each.device, each.number, each.outcome


async def test_an_outcome_that_is_another_after_the_server_lost_some_is_told_again() -> None:
    server = await Server(of=app).begin()
    ann = await Watched.begin(server)
    ann.gives(5)
    message = ann.replica.push_message()
    assert message is not None
    answer = await ann.line.push(message)
    ann.replica.take_answer(answer)
    told = ann.replica.outcomes.page(0, 100)
    ann.replica.start_over()
    (outcome,) = answer.outcomes
    answer.outcomes[:] = [type(outcome)(number=outcome.number, outcome="merged")]
    ann.replica.take_answer(answer)
    (last,) = ann.replica.outcomes.page(told[-1].place, 100)
    assert (last.number, last.outcome) == (outcome.number, "merged")


def test_a_first_page_that_says_that_the_log_begins_anew_is_taken() -> None:
    mine = Replica(":memory:", app.catalog, wall_ms=Clock(), random=Random(7))
    poll = mine.new_id()
    assert pull(mine, scripted(record(poll, poll, position=1, kind="Poll"), reset=True))
    assert mine.views.get(poll) is not None
