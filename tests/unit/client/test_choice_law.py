"""Whatever a device chooses, and whenever it is told otherwise: it shows its choice, whole, and its own work once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeport_client import DEVICE_LIMITS, Device, Unreachable, increment
from homeport_client.chosen import make_choice
from homeport_client.exchange import Exchange
from homeport_client.replica import Replica
from homeport_client.state import Event, State
from homeport_client.writer import Writer
from homeport_sync import App
from homeport_sync import field as declared
from homeport_sync.choice import Choice
from tests.unit.client.world import Clock, Line, Server, phone

LISTS, PAGE = 4, 2
app = App("votes")


@app.kind(root=True)
class Ballot:
    title: str


@app.kind(within=Ballot)
class Option:
    title: str
    votes: int = declared(default=0, merge="counter")


@dataclass
class World:
    """Ann, who has made ballots and writes in them, and Bob's replica, which makes others and chooses among them all.

    `shown` is what showed after the last step.
    """

    server: Server
    ann: Device
    line: Line
    replica: Replica
    ballots: list[str]
    options: dict[str, str] = field(default_factory=dict)  # of each option its ballot
    votes: dict[str, int] = field(default_factory=dict)  # how often Bob has voted for it
    must_push: bool = False
    shown: set[str] = field(default_factory=set)

    @classmethod
    async def begin(cls) -> World:
        server = await Server(page_size=PAGE, of=app).begin()
        ann, line = await phone(Line(server, "ann"), seed=100, of=app), Line(server, "bob")
        replica = Replica(":memory:", app.catalog, wall_ms=Clock(), random=Random(7))
        world = cls(server, ann, line, replica, [await ann.create(Ballot, title=f"b{at}") for at in range(LISTS)])
        for ballot in world.ballots:
            await ann.invite(ballot, "bob")
            await world.adds(ballot)
            await world.adds(ballot)
        await ann.sync()
        return world

    @property
    def exchange(self) -> Exchange:
        return Exchange(self.replica, self.line, Clock(), DEVICE_LIMITS)

    async def adds(self, ballot: str) -> None:
        option = await self.ann.create(Option, scope=ballot, title=f"o{len(self.options)}")
        self.options[option], self.votes[option] = ballot, 0

    def makes(self) -> None:
        """Bob makes a ballot of his own, with an option."""
        writer = Writer(self.replica)
        ballot = writer.create(Ballot, None, {"title": "mine"})
        option = writer.create(Option, ballot, {"title": "this"})
        self.ballots.append(ballot)
        self.options[option], self.votes[option] = ballot, 0

    def votes_for(self, number: int) -> None:
        shown = [option for option in self.options if self.replica.views.get(option)]
        if shown:
            option = shown[number % len(shown)]
            Writer(self.replica).update(option, {"votes": increment()})
            self.votes[option] += 1

    async def steps(self, state: State, *, lost: bool) -> None:
        """One step, as the syncer takes them: while nobody knows what of a push has arrived, it pushes."""
        state = State.PUSHING if self.must_push else state
        self.must_push |= state is State.PUSHING
        self.line.lost_answers = int(lost)
        with suppress(Unreachable):
            await self.exchange.step(state)
            self.must_push &= bool(self.replica.outbox.unanswered())
        self.line.lost_answers = 0

    async def pulls(self, meanwhile: list[tuple[object, ...]]) -> None:
        """A page comes, and while it is on its way Bob goes on."""
        if not self.must_push:
            asked = self.replica.pull_message()
            page = await self.line.pull(asked)
            for each in meanwhile:
                await take(self, each)
                self.check()
            self.replica.take_page(page, asked)

    async def catches_up(self) -> None:
        for _ in range(400):
            done = await self.exchange.step(State.PUSHING if self.replica.outbox.unanswered() else State.PULLING)
            self.check()
            if done is Event.CAUGHT_UP:
                self.must_push = False
                return
        raise AssertionError("catching up does not end")

    @property
    def wanted(self) -> Choice:
        return self.replica.chosen.wanted if self.replica.chosen else Choice()

    def check(self) -> None:
        """What shows is of the choice, stays while it is, and has every vote of Bob's once: pushed, pulled or both."""
        scopes = {**{each: each for each in self.ballots}, **self.options}
        seen = {id: found for id in scopes if (found := self.replica.views.get(id)) is not None}
        assert all(self.wanted.takes(scopes[id]) for id in seen)
        assert {id for id in self.shown if self.wanted.takes(scopes[id])} <= seen.keys()
        assert all(seen[id]["votes"] == self.votes[id] for id in seen.keys() & self.votes.keys())
        assert all(self.replica.views.record(id) is None for id in scopes if not self.wanted.takes(scopes[id]))
        self.shown = {*seen}


NAMED = st.lists(st.integers(0, LISTS + 1), max_size=3, unique=True)
CHOOSES = st.tuples(st.just("choose"), st.none() | NAMED, st.just([]) | NAMED, st.just([]) | NAMED)
VOTES = st.tuples(st.just("vote"), st.integers(0, 20))
STEPS = st.one_of(
    CHOOSES,
    VOTES,
    VOTES,
    st.tuples(st.just("page in flight"), st.lists(CHOOSES | VOTES, min_size=1, max_size=3)),
    st.tuples(st.just("ann"), st.integers(0, LISTS - 1)),
    st.tuples(st.just("make")),
    st.tuples(st.sampled_from([State.PUSHING, State.PULLING]), st.booleans()),
    st.tuples(st.just(State.PULLING), st.just(False)),
    st.tuples(st.just(State.PULLING), st.just(False)),
    st.tuples(st.just("catch up")),
    st.tuples(st.sampled_from(["start over", "fork"])),
)


async def take(world: World, step: tuple[object, ...]) -> None:
    replica, ballots = world.replica, world.ballots
    match step:
        case ("choose", scopes, left_out, first):
            named = [
                None if each is None else [ballots[at] for at in each if at < len(ballots)]  # type: ignore[attr-defined]
                for each in (scopes, left_out, first)
            ]
            replica.choose(*make_choice(named[0], named[1] or (), named[2] or ()))
        case ("vote", int(number)):
            world.votes_for(number)
        case ("make",):
            world.makes()
        case ("page in flight", list(meanwhile)):
            await world.pulls(meanwhile)
        case ("ann", int(number)):
            await world.adds(ballots[number])
            await world.ann.sync()
        case (State() as state, bool(lost)):
            await world.steps(state, lost=lost)
        case ("catch up",):
            await world.catches_up()
        case ("start over",):
            replica.start_over()
            world.must_push = True
        case ("fork",):
            replica.fork()
            world.must_push = True


@pytest.mark.promise("I3", "I5")
@settings(max_examples=80, deadline=None)
@given(steps=st.lists(STEPS, min_size=5, max_size=30))
def test_a_device_shows_what_it_has_chosen_whole_and_its_own_work_once(steps: list[tuple[object, ...]]) -> None:
    async def play() -> None:
        world = await World.begin()
        for step in steps:
            await take(world, step)
            world.check()
        await world.catches_up()
        world.check()
        shown = {option for option in world.options if world.replica.views.get(option)}
        assert shown == {option for option, ballot in world.options.items() if world.wanted.takes(ballot)}
        world.replica.choose(*make_choice(None, (), ()))
        await world.catches_up()
        world.check()
        assert world.shown == {*world.ballots, *world.options}, "what was written in what is left out is pushed as well"
        await world.ann.close()
        world.replica.close()

    asyncio.run(play())
