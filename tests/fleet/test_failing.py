"""Cutting a failing fleet down can be stopped, as the fleet itself can; what breaks on the way ends nothing."""

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from homeport_client.fleet import Data, Fleet, Script, Setup
from homeport_client.fleet.failing import shorten
from homeport_sync import App, Limits
from homeport_sync.memory import MemoryStore, MemoryTransaction


class Interrupted(MemoryStore):
    """Somebody presses Ctrl-C whenever it is written to."""

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[MemoryTransaction]:
        signal.raise_signal(signal.SIGINT)
        async with super().transaction(tenant) as transaction:
            yield transaction


class Flimsy(MemoryStore):
    """Every other one breaks before it is there."""

    made = 0

    def __init__(self, limits: Limits, *, new_epoch: Callable[[], str]) -> None:
        Flimsy.made += 1
        if Flimsy.made % 2 == 0:
            raise RuntimeError("the fleet itself is broken")
        super().__init__(limits, new_epoch=new_epoch)


def what_is_not_there_is_right(data: Data) -> None:
    assert data.rows["nowhere"]["title"]


def of_a_kind_there_is_not(data: Data) -> None:
    assert not list(data.all("Tasks"))


def it_says_no(data: Data) -> bool:
    return False


def nothing_is_ever_right(data: Data) -> None:
    raise AssertionError("it never is")


def test_ctrl_c_ends_the_search_for_the_shortest_story(app: App) -> None:
    script = Script(devices=2, duration_s=60, invariants=[nothing_is_ever_right])
    played = Fleet(app, 1, script=script).run()
    with pytest.raises(KeyboardInterrupt):
        shorten(played, app, script, setup=Setup(store=Interrupted))


def test_an_invariant_that_breaks_is_broken_and_the_others_are_asked(app: App) -> None:
    script = Script(devices=1, duration_s=60, invariants=[what_is_not_there_is_right, nothing_is_ever_right])
    verdict = Fleet(app, 1, script=script).run().verdict
    assert verdict is not None
    assert verdict.broken[:2] == (
        "what_is_not_there_is_right could not be asked on phone-1: KeyError: 'nowhere'",
        "nothing_is_ever_right does not hold on phone-1: it never is",
    )


def test_an_invariant_that_would_hold_of_nothing_does_not_hold(app: App) -> None:
    script = Script(devices=1, duration_s=60, invariants=[of_a_kind_there_is_not, it_says_no])
    verdict = Fleet(app, 1, script=script).run().verdict
    assert verdict is not None
    unknown, refused = verdict.broken[:2]
    assert "of_a_kind_there_is_not could not be asked on phone-1: LookupError: The app declares no kind" in unknown
    assert refused == "it_says_no does not hold on phone-1: it returned False."


def test_a_story_that_breaks_the_fleet_is_not_the_one_that_is_looked_for(app: App) -> None:
    script = Script(devices=2, duration_s=60, invariants=[nothing_is_ever_right])
    played = Fleet(app, 1, script=script).run()
    shortest = shorten(played, app, script, setup=Setup(store=Flimsy))
    assert len(shortest.story.steps) < len(played.story.steps)
    assert "nothing_is_ever_right does not hold" in shortest.failure.sentences[0]
