"""Lots and legacies: a fleet dealt to many processes is the same fleet, and what they leave adds up to one."""

import pytest
from msgspec.structs import replace as with_other

from homeport_client.fleet import Handset, Script, Step, Story
from homeport_client.fleet.cast import deal
from homeport_client.fleet.labels import Labels
from homeport_client.fleet.legacy import Legacy, blank, whole
from homeport_client.fleet.live.words import HEAD_BYTES, frame, noun
from homeport_client.fleet.lot import Lot, lots
from homeport_client.fleet.measure.meter import Meter, Tally
from homeport_client.fleet.seed import Seed
from homeport_client.fleet.story import SERVER
from homeport_client.state import Event, State
from homeport_sync import App


def cast_of(app: App, devices: int) -> tuple[Handset, ...]:
    return deal(Script(devices=devices), Seed(1), app)


@pytest.mark.parametrize(("devices", "processes"), [(1, 4), (30, 1), (30, 2), (100, 3), (100, 64)])
def test_every_phone_falls_to_one_process_together_with_its_circle(app: App, devices: int, processes: int) -> None:
    cast = cast_of(app, devices)
    dealt = [lot.phones(cast) for lot in lots(cast, processes)]
    assert 1 <= len(dealt) <= processes
    assert all(dealt), "nobody sits idle"
    assert sorted(each.name for phones in dealt for each in phones) == sorted(each.name for each in cast)
    homes = {each.circle: [phones for phones in dealt if each in phones] for each in cast}
    assert all(len(phones) == 1 for phones in homes.values())


def test_the_parts_of_a_story_have_all_its_steps_and_each_has_the_servers() -> None:
    cast = (Handset(name="phone-1", user="a"), Handset(name="phone-2", user="b", circle=1))
    steps = tuple(
        Step(at_ms=at, who=who, do="kill") for at, who in enumerate(("phone-1", "phone-2", SERVER, "phone-1.1"))
    )
    story = Story(seed=1, until_ms=9, handsets=cast, steps=steps)
    first, second = (Lot(number=number, of=2).part(story) for number in (0, 1))
    assert [step.who for step in first.steps] == ["phone-1", SERVER, "phone-1.1"]
    assert [step.who for step in second.steps] == ["phone-2", SERVER]


def test_what_many_leave_adds_up_and_what_befell_the_server_befell_it_once(app: App) -> None:
    cast = cast_of(app, 2)
    one, two = left(cast, "phone-1", 3), left(cast, "phone-2", 1)
    together = whole([one, travelled(two)], cast)
    assert [(step.at_ms, step.who) for step in together.story.steps] == [(1, "phone-2"), (2, SERVER), (3, "phone-1")]
    assert together.story.handsets == cast
    assert together.lives == 2
    assert together.readings.keys() == {"phone-1", "phone-2"}
    assert (together.tally.pokes, together.tally.sync_lag.count, together.tally.incidents["double"]) == (2, 2, 2)
    assert together.tally.pairs[State.LIVE, Event.FAILED] == 2


def travelled(legacy: Legacy) -> Legacy:
    """As it comes out of the pipe."""
    came = noun(frame(legacy)[HEAD_BYTES:])
    assert isinstance(came, Legacy)
    return came


def left(cast: tuple[Handset, ...], name: str, at_ms: int) -> Legacy:
    tally = Tally()
    tally.pokes = 1
    tally.incidents["double"] += 1
    tally.pairs[State.LIVE, Event.FAILED] += 1
    tally.arrived((1, "another"), "this", 5, 0)
    empty = blank(1, cast)
    steps = (Step(at_ms=2, who=SERVER, do="crash"), Step(at_ms=at_ms, who=name, do="kill"))
    reading = Meter(tally, lambda: 0, None).reading()
    return Legacy(
        story=with_other(empty.story, steps=tuple(sorted(steps, key=lambda step: step.at_ms))),
        tally=tally,
        readings={name: reading},
        tracks={},
        written=(),
        told=(),
        labels={},
        lives=1,
        left_out={},
    )


def test_labels_are_counted_phone_by_phone_so_that_no_two_processes_give_the_same() -> None:
    here, there = Labels(), Labels()
    mine = [here.next("Task", "phone-1"), here.next("Task", "phone-1"), here.next("Task", "phone-1.1")]
    theirs = [there.next("Task", "phone-2"), there.next("TaskList", "phone-2")]
    assert [*mine, *theirs] == ["task-1.1", "task-1.2", "task-1.1.1", "task-2.1", "tasklist-2.1"]
