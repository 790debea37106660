"""What a device may not raise is a finding: it is told for its phone, and the fleet goes on."""

from collections.abc import Awaitable, Callable

import pytest

from homeport_client.fleet import Fleet, Script, Verdict
from homeport_client.fleet.networks import PERFECT
from homeport_client.fleet.phone import Phone
from homeport_sync import App

TWO_PHONES = Script(devices=2, phones_per_user=1, network=PERFECT)
Plot = Callable[[Fleet], Awaitable[None]]


def played(app: App, plot: Plot) -> Verdict:
    verdict = Fleet(app, 1, script=TWO_PHONES).rehearse(plot).verdict
    assert verdict is not None
    return verdict


def broken(phone: Phone, table: str) -> None:
    """From now on nothing can be written to a table of its replica."""
    phone._connection.execute(
        f"CREATE TRIGGER broken BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'it is broken'); END"
    )


async def writing_breaks(fleet: Fleet) -> None:
    ann, bob = fleet.actors
    broken(ann.phone, "outbox")
    await ann.create("TaskList", title="cannot be written")
    assert await bob.create("TaskList", title="goes on")


async def pulling_breaks(fleet: Fleet) -> None:
    ann, bob = fleet.actors
    broken(ann.phone, "pulled")
    made = await bob.create("TaskList", title="cannot be pulled")
    await bob.invite(str(made), ann.phone.user)


async def pulling_breaks_before_sleep(fleet: Fleet) -> None:
    await pulling_breaks(fleet)
    await fleet.world.until(fleet.world.now_ms() + 60_000)
    await fleet.actors[0].do("suspend", for_s=1.0)


async def pulling_breaks_before_a_kill(fleet: Fleet) -> None:
    await pulling_breaks(fleet)
    await fleet.world.until(fleet.world.now_ms() + 60_000)
    await fleet.actors[0].do("kill")


async def the_script_is_wrong(fleet: Fleet) -> None:
    await fleet.actors[0].do("switch_user")


@pytest.mark.parametrize(
    ("plot", "at"),
    [
        (writing_breaks, "create"),
        (pulling_breaks, "its end"),
        (pulling_breaks_before_sleep, "its end"),
        (pulling_breaks_before_a_kill, "its end"),
    ],
)
def test_a_device_that_breaks_is_a_finding_and_the_fleet_goes_on(app: App, plot: Plot, at: str) -> None:
    assert played(app, plot).raised[0] == f"phone-1 raised IntegrityError: it is broken, at {at}."


def test_a_script_that_breaks_ends_the_fleet(app: App) -> None:
    with pytest.raises(KeyError, match="user"):
        played(app, the_script_is_wrong)
