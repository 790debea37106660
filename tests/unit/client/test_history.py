"""What the server tells of a merge afterwards is what the phone was told of it, which knew it at first hand."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from random import Random

from homeport_client import Device, Merge, Unreachable, adding, increment, removing
from homeport_client.intents import Adding, Altering, Incrementing, Meant, Removing
from homeport_sync import App, field
from homeport_sync.annals import NEWEST
from homeport_sync.change import Elements, Increment
from homeport_sync.explain import explain
from homeport_sync.history import History, Moment, Wrote
from homeport_sync.values import PythonValue
from tests.unit.client.world import TENANT, Clock, Line, Server, phone

app = App("tours")


def longer(base: PythonValue, mine: PythonValue, theirs: PythonValue) -> PythonValue:
    return max(str(mine), str(theirs), key=len)


@app.kind(root=True)
class Tour:
    title: str = ""


@app.kind(within=Tour)
class Stop:
    title: str = ""
    votes: int = field(default=0, merge="counter")
    tags: set[str]
    plan: str = field(default="", merge=longer)
    code: str | None = field(default=None, merge="first")


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


async def write(chance: Random, device: Device, stop: str) -> None:
    """One change of some fields, or the end of it, or its return."""
    there = await device.get(stop) is not None
    if not there or chance.random() < 0.05:
        again: dict[str, PythonValue] = {
            "title": chance.choice(WORDS),
            "votes": 0,
            "tags": {"Faro"},
            "plan": "",
            "code": None,
        }
        await (device.delete(stop) if there else device.restore(stop, **again))
        return
    drawn: dict[str, Meant] = {
        "title": chance.choice(WORDS),
        "code": chance.choice(WORDS),
        "plan": chance.choice(WORDS),
        "votes": increment(chance.randint(1, 3)),
        "tags": chance.choice((adding, removing))(chance.choice(WORDS)),
    }
    names = chance.sample(sorted(drawn), chance.randint(1, 3))
    await device.update(stop, **{name: drawn[name] for name in names})


async def played(chance: Random) -> tuple[Server, str, list[Device]]:
    """Three phones write to one stop of a tour and sync as it comes; now and then an answer, or a page, is lost."""
    server = await Server(of=app).begin()
    clocks = {name: Clock() for name in ("ann", "bob", "cleo")}
    lines = {name: Line(server, name) for name in clocks}
    devices = {
        name: await phone(lines[name], of=app, seed=at, clock=clocks[name]) for at, name in enumerate(clocks, start=1)
    }
    ann = devices["ann"]
    tour = await ann.create(Tour, title="Portugal")
    stop = await ann.create(Stop, scope=tour, title="Lisbon", tags={"Porto"})
    for name in ("bob", "cleo"):
        await ann.invite(tour, name)
    for device in (ann, *devices.values()):
        await device.sync()
    for _ in range(20):
        name = chance.choice(sorted(devices))
        clocks[name].ms += chance.choice((0, 1_000, 60_000))
        if chance.random() < 0.7:
            await write(chance, devices[name], stop)
        else:
            lines[name].withheld_pages = chance.choice((0, 0, 0, 1))
            lines[name].lost_answers = chance.choice((0, 0, 0, 1))
            with suppress(Unreachable):
                await devices[name].sync()
    for name, device in devices.items():
        lines[name].withheld_pages = lines[name].lost_answers = lines[name].cut_before_pull = 0
        await device.sync()
    return server, stop, [*devices.values()]


async def test_a_history_tells_of_every_merge_what_its_device_was_told() -> None:
    merged = 0
    for seed in range(40):
        server, stop, devices = await played(Random(seed))
        moments = {(each.device, each.number): each for each in (await history_of(server, stop)).moments}
        for told in [each for device in devices for each in await device.outcomes()]:
            moment = moments.get((told.device, told.number))
            if moment is not None and told.change.op != "restore":  # what is deleted has no fields to be met
                assert (moment.verdict, moment.lost, moment.told) == (told.outcome, told.lost, True)
                assert as_explained(moment) == as_told(told.merges), f"seed {seed}, {told.device}/{told.number}"
                merged += len(told.merges)
    assert merged > 200
