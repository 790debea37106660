"""What the server tells of a merge afterwards is what the phone was told of it, which knew it at first hand."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import pytest

from homeport_client import Device, Merge, adding, increment, removing
from homeport_client.intents import Adding, Altering, Incrementing, Meant, Removing
from homeport_sync.annals import NEWEST
from homeport_sync.change import Elements, Increment
from homeport_sync.explain import explain
from homeport_sync.history import History, Moment, Wrote
from homeport_sync.values import PythonValue
from tests.unit.client.test_merges import Trip, app
from tests.unit.client.world import TENANT, Clock, Line, Server, phone

WORDS = ("Lisbon", "Porto", "Faro", "Évora", "Braga by train")
Four = tuple[str, PythonValue, object, PythonValue, PythonValue, bool]


async def history_of(server: Server, record: str) -> History:
    stretch = await server.store.of_record(TENANT, record, NEWEST, 500)
    outcomes = await server.store.outcomes_of(TENANT, stretch.entries)
    return explain(record, stretch, outcomes, app.catalog)


def meant(wrote: Wrote) -> Meant:
    """What the log has as an edit, as an app means it."""
    match wrote:
        case Increment(by=by):
            return Incrementing(by)
        case Elements(add=add, remove=remove):
            if add and remove:
                return Altering(tuple(add), tuple(remove))
            return Adding(tuple(add)) if add else Removing(tuple(remove))
    return wrote


def as_told(merges: tuple[Merge, ...]) -> Mapping[str, Four]:
    return {each.field: (each.rule, each.base, each.mine, each.theirs, each.result, each.lost) for each in merges}


def as_explained(moment: Moment) -> Mapping[str, Four]:
    assert [each.untold for each in moment.merges if each.untold] == []
    return {
        each.field: (each.rule, each.base, meant(each.mine), each.theirs, each.result, each.lost)
        for each in moment.merges
    }


async def write(chance: Random, device: Device, trip: str) -> None:
    """One change of some fields."""
    drawn: dict[str, Meant] = {
        "title": chance.choice(WORDS),
        "plan": chance.choice(WORDS),
        "votes": increment(chance.randint(1, 3)),
        "tags": chance.choice((adding, removing))(chance.choice(WORDS)),
    }
    names = chance.sample(sorted(drawn), chance.randint(1, 3))
    await device.update(trip, **{name: drawn[name] for name in names})


@pytest.mark.parametrize("seed", range(30))
async def test_a_history_tells_of_every_merge_what_its_device_was_told(seed: int) -> None:
    chance, server = Random(seed), await Server(of=app).begin()
    clocks = {name: Clock() for name in ("ann", "bob", "cleo")}
    lines = {name: Line(server, name) for name in clocks}
    devices = {
        name: await phone(lines[name], of=app, seed=at, clock=clocks[name]) for at, name in enumerate(clocks, start=1)
    }
    ann = devices["ann"]
    trip = await ann.create(Trip, title="Lisbon", tags={"Porto"})
    for name in ("bob", "cleo"):
        await ann.invite(trip, name)
    await ann.sync()
    for device in devices.values():
        await device.sync()
    for _ in range(20):
        name = chance.choice(sorted(devices))
        clocks[name].ms += chance.choice((0, 1_000, 60_000))
        if chance.random() < 0.7:
            await write(chance, devices[name], trip)
        else:
            await devices[name].sync()
    for device in devices.values():
        await device.sync()
    history = await history_of(server, trip)
    moments = {(each.device, each.number): each for each in history.moments}
    merged = 0
    for device in devices.values():
        for told in await device.outcomes():
            moment = moments.get((told.device, told.number))
            if moment is not None:
                assert (moment.verdict, moment.lost, moment.told) == (told.outcome, told.lost, True)
                assert as_explained(moment) == as_told(told.merges)
                merged += len(told.merges)
    assert merged > 0, "nothing met anything: the seed shows nothing"
