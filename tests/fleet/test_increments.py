"""Increments count once each: however often they are sent, wherever they are shown, and past what a double holds."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator

import pytest

from homeport_client.fleet import NETWORKS, Actor, Fleet, Network, Persona, Played, Script, steady
from homeport_client.fleet.mishaps import lose_power, tunnel
from homeport_client.fleet.persona import Act
from homeport_sync import App

DOUBLE_MAX = 2**53
LOSSY = Network(
    name="lossy",
    delay_s=(0.02, 0.2),
    rates={"lose_answer": 0.1, "double": 0.1, "lose_request": 0.05, "late": 0.02},
    lose_poke=1.0,
)


def of(person: Persona, *, devices: int, duration_s: float) -> Script:
    """Everybody is like this, and in one circle."""
    return Script(
        devices=devices,
        duration_s=duration_s,
        personas=[person],
        phases=(steady(1),),
        phones_per_user=1,
        circle=devices,
        roots=1,
        clones=0,
        watched=1,
    )


async def the_one(me: Actor) -> str | None:
    """The first task that anybody made: everybody is there for it."""
    home = await me.find("tasklist-1.1")
    task = await me.find("task-1.1")
    if task is None and home is not None and me.phone.name == "phone-1":
        return await me.create("Task", home, title="cheer me")
    return task.id if task else None


def cheers(played: Played) -> int:
    """What a fresh device of everybody shows, which must be the same for all."""
    assert played.evidence
    found = {
        held.fields["cheers"]
        for holding in played.evidence.holdings
        if holding.fresh
        for held in holding.records.values()
        if held.kind == "Task"
    }
    (value,) = found
    assert isinstance(value, int)
    return value


def added_by(by: Iterator[int], added: list[int]) -> Act:
    """The next number is added, wherever it is."""

    async def add(me: Actor) -> None:
        if task := await the_one(me):
            added.append(next(by))
            await me.update(task, cheers=added[-1])

    return add


def counted(app: App, devices: int, each: int) -> None:
    added: list[int] = []
    adds = added_by(itertools.repeat(DOUBLE_MAX // (devices * each) * 3), added)
    person = Persona(name="adder", does={adds: 1.0}, every_s=4, network=LOSSY)
    played = Fleet(app, 1, script=of(person, devices=devices, duration_s=each * 4)).run()
    assert played.kept, str(played.verdict)
    assert len(added) > devices * each / 2
    assert played.tally.incidents["double"] > len(added) / 50
    assert cheers(played) == sum(added) > DOUBLE_MAX


def test_increments_of_many_phones_with_lost_and_doubled_requests_are_exact_past_2_to_the_53(app: App) -> None:
    counted(app, devices=25, each=40)


@pytest.mark.soak
def test_ten_thousand_increments_are_exact(app: App) -> None:
    counted(app, devices=50, each=250)


@pytest.mark.promise("I5")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_phone_ever_shows_an_increment_twice_or_loses_one_of_its_own(app: App, seed: int) -> None:
    """Each adds a power of two that is its own: what shows says by its bits which of them are in it."""
    left, added, own = iter(range(53)), list[int](), defaultdict[str, int](int)

    async def look(me: Actor) -> None:
        if task := await the_one(me):
            view = await me.phone.device.get(task)
            shown = int(str(view["cheers"])) if view else 0
            assert shown & ~sum(added) == 0, f"{me.phone.name} shows {shown:b} of {sum(added):b}."
            assert own[me.phone.name] & ~shown == 0, f"{me.phone.name} shows {shown:b} without all its own."

    async def add(me: Actor) -> None:
        await look(me)
        task, bit = await the_one(me), next(left, None)
        if task and bit is not None:
            added.append(1 << bit)
            await me.update(task, cheers=1 << bit)
            own[me.phone.name] |= 1 << bit
            await look(me)

    does: dict[Act, float] = {add: 1, look: 8, tunnel(5, 40): 0.5, lose_power: 0.5}
    people = Persona(name="adder", does=does, every_s=3, network=NETWORKS["rough"])
    played = Fleet(app, seed, script=of(people, devices=6, duration_s=600)).run()
    assert played.kept, str(played.verdict)
    assert len(added) > 30
    assert cheers(played) == sum(added)
