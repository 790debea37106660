"""What a phone is told of a merge: what it had seen, what it wrote, what it met, and what came of both."""

from __future__ import annotations

from datetime import date

from homeport_client import Device, Merge, adding, increment
from homeport_sync import App, field
from homeport_sync.values import PythonValue
from tests.unit.client.world import Clock, Line, Server, phone

app = App("trips")


def longer(base: PythonValue, mine: PythonValue, theirs: PythonValue) -> PythonValue:
    return max(str(mine), str(theirs), key=len)


@app.kind(root=True)
class Trip:
    title: str = ""
    day: date | None = None
    votes: int = field(default=0, merge="counter")
    tags: set[str]
    notes: str = ""
    plan: str = field(default="", merge=longer)


async def two_phones() -> tuple[Device, Device, str]:
    """Ann's and bob's, with a trip that both have. What ann writes from now on is a minute later."""
    server = await Server(of=app).begin()
    ann = await phone(Line(server, "ann"), of=app, seed=1, clock=(clock := Clock()))
    trip = await ann.create(Trip, title="Lisbon")
    await ann.invite(trip, "bob")
    await ann.sync()
    bob = await phone(Line(server, "bob"), of=app, seed=2)
    await bob.sync()
    clock.ms += 60_000
    return ann, bob, trip


async def told(device: Device) -> dict[str, Merge]:
    return {each.field: each for each in (await device.outcomes())[-1].merges}


async def test_a_merge_tells_base_mine_theirs_result_and_rule() -> None:
    ann, bob, trip = await two_phones()
    await bob.update(trip, title="Porto", day=date(2026, 12, 1), votes=increment(), tags=adding("sea"), plan="by train")
    await ann.update(trip, title="Faro", votes=increment(2), tags=adding("sun"), plan="by bike, then by train")
    await ann.sync()
    await bob.sync()
    (outcome,) = await bob.outcomes()
    assert (outcome.outcome, outcome.lost, outcome.deleted) == ("merged", ("title",), False)
    explained = await told(bob)
    assert explained["title"] == Merge(
        field="title",
        rule="register",
        base="Lisbon",
        mine="Porto",
        theirs="Faro",
        result="Faro",
        lost=True,
        long=False,
    )
    votes, tags, plan = explained["votes"], explained["tags"], explained["plan"]
    assert (votes.rule, votes.base, votes.mine, votes.theirs, votes.result) == ("counter", 0, increment(), 2, 3)
    assert (tags.rule, tags.base, tags.mine, tags.theirs) == ("set", frozenset(), adding("sea"), frozenset({"sun"}))
    assert tags.result == frozenset({"sea", "sun"})
    assert (plan.rule, plan.mine, plan.result) == ("resolver", "by train", "by bike, then by train")
    assert "day" not in explained, "nobody else had touched it"


async def test_what_met_nobody_has_no_merges() -> None:
    ann, _, trip = await two_phones()
    await ann.update(trip, title="Faro")
    await ann.sync()
    assert await told(ann) == {}


async def test_of_long_values_it_is_told_that_they_are_long() -> None:
    ann, bob, trip = await two_phones()
    await bob.update(trip, notes="short")
    await ann.update(trip, notes="x" * 500)
    await ann.sync()
    await bob.sync()
    notes = (await told(bob))["notes"]
    assert (notes.base, notes.mine, notes.theirs, notes.result, notes.long) == ("", "short", None, None, True)


async def test_what_met_a_delete_is_told_so() -> None:
    ann, bob, trip = await two_phones()
    await bob.update(trip, title="Porto")
    await ann.delete(trip)
    await ann.sync()
    await bob.sync()
    (outcome,) = await bob.outcomes()
    assert (outcome.outcome, outcome.deleted, outcome.merges) == ("superseded", True, ())
