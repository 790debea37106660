"""What goes on beside a story is not lost when it fails: whoever waits in the end is told."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from homeport_client import Device
from homeport_client.fleet import Fleet, Gaps, Network, Script
from homeport_client.fleet.beside import beside, ended
from homeport_client.fleet.check.eyes import Eyes
from homeport_client.fleet.clock import run
from homeport_client.fleet.hurried import hurried
from homeport_client.fleet.live.fleet import LiveFleet
from homeport_client.fleet.live.real import RealServer
from homeport_client.fleet.report.board import Now
from homeport_sync import App

APP = Path(__file__).parents[2] / "examples" / "tasks" / "app.py"
SCRIPT = Script(devices=2, duration_s=60, crashes=0, storms=0, clones=0, watched=0)


class Jagged(Gaps):
    """Gaps that nobody looked at when they were declared."""

    def __post_init__(self) -> None:
        pass


class Broken(Exception):
    """What these tests break."""


async def breaks() -> None:
    raise Broken


def breaks_at_once() -> Callable[[Now], None]:
    """A board that shows what it is told, but the first thing it is told."""
    told: list[Now] = []

    def show(now: Now) -> None:
        told.append(now)
        if len(told) == 1:
            raise Broken

    return show


def test_what_fails_beside_is_raised_in_the_end_unless_something_failed_before() -> None:
    async def whole(*, fails: bool) -> None:
        async with beside(breaks()):
            await asyncio.sleep(1)
            if fails:
                raise ValueError

    with pytest.raises(Broken):
        run(whole(fails=False))
    with pytest.raises(ValueError):  # noqa: PT011  # nothing else raises it
        run(whole(fails=True))


def test_what_goes_on_beside_is_over_and_says_nothing_of_that() -> None:
    async def scene() -> bool:
        task = asyncio.create_task(asyncio.sleep(100))
        async with beside(asyncio.sleep(100)):
            await ended([task])
        return task.cancelled()

    assert run(scene())


def test_whatever_fails_in_what_a_deed_leaves_for_later_ends_the_fleet(app: App) -> None:
    async def plot(fleet: Fleet) -> None:
        fleet.world.stage.later(breaks())
        await asyncio.sleep(1)

    with pytest.raises(Broken):
        Fleet(app, 1, script=SCRIPT).rehearse(plot)


def test_a_network_whose_gaps_cannot_be_drawn_ends_the_fleet(app: App) -> None:
    jagged = Network(name="jagged", gaps=Jagged(every_s=("no", "number"), for_s=(1, 1)))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Fleet(app, 1, script=Script(devices=2, duration_s=60, network=jagged)).run()


def test_a_board_that_fails_ends_the_fleet(app: App) -> None:
    with pytest.raises(Broken):
        Fleet(app, 1, script=SCRIPT, show=breaks_at_once()).run()


async def test_a_board_that_fails_ends_a_real_fleet_too(app: App, directory: Path) -> None:
    script = hurried(app, devices=2, duration_s=1)
    async with RealServer(APP, directory / "data") as server:
        with pytest.raises(Broken):
            await LiveFleet(app, server, 1, script=script, show=breaks_at_once()).run()


def test_eyes_that_fail_on_a_phone_that_is_killed_end_the_fleet(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    broken: list[str] = []

    async def look(eyes: Eyes, device: Device, user: str, kind: str) -> None:
        if not broken:
            broken.append(kind)
            raise Broken

    async def plot(fleet: Fleet) -> None:
        await asyncio.sleep(1)
        await fleet.phones[0].kill()

    monkeypatch.setattr(Eyes, "_look", look)
    with pytest.raises(Broken):
        Fleet(app, 1, script=Script(devices=1, duration_s=60, watched=1)).rehearse(plot)
