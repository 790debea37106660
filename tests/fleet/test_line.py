"""The simulated way to the server: what breaks there is heard of, and every request that fails is counted."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from homeport_client import DeviceError
from homeport_client.fleet import Fleet, Network, Script, Setup
from homeport_client.fleet.check.reading import FRESH_DEVICE
from homeport_client.fleet.clock import now_ms, run
from homeport_client.fleet.measure.meter import Meter, Tally
from homeport_client.fleet.networks import PERFECT
from homeport_client.fleet.seed import Seed
from homeport_client.fleet.sim.line import Line
from homeport_sync import App, Limits
from homeport_sync.choice import EVERYTHING, Choice
from homeport_sync.cursor import Cursor
from homeport_sync.memory import MemoryStore
from homeport_sync.ports import PageRows
from tests.fleet.stage import FIRST_DAY, new_server, push

CUT = Network(name="cut", rates={"cut_answer": 1.0})


class Breaks(MemoryStore):
    """A server with a bug, until somebody mends it."""

    mended = False

    async def page(
        self,
        tenant: str,
        user: str,
        device: str,
        cursor: Cursor | None,
        limit: int,
        *,
        choice: Choice = EVERYTHING,
    ) -> PageRows:
        if not self.mended:
            raise ZeroDivisionError
        return await super().page(tenant, user, device, cursor, limit, choice=choice)


class Endless(MemoryStore):
    """A server with a bug, from which a fresh device gets its first page for ever."""

    async def page(
        self,
        tenant: str,
        user: str,
        device: str,
        cursor: Cursor | None,
        limit: int,
        *,
        choice: Choice = EVERYTHING,
    ) -> PageRows:
        if device != FRESH_DEVICE:
            return await super().page(tenant, user, device, cursor, limit, choice=choice)
        return replace(await super().page(tenant, user, device, None, limit, choice=choice), full=True)


def test_a_server_from_which_a_fresh_device_never_gets_everything_is_told(app: App) -> None:
    async def plot(fleet: Fleet) -> None:
        await fleet.actors[0].create("TaskList", title="home")

    setup = Setup(store=Endless, server_limits=Limits(page_cached_bytes_min=1_000_000))
    played = Fleet(app, 1, script=Script(devices=1, duration_s=60), setup=setup).rehearse(plot)
    assert played.verdict
    assert "A fresh device of user-1 did not get everything from the server." in played.verdict.violations


def test_a_server_that_breaks_where_no_phone_listens_any_more_ends_the_fleet(app: App) -> None:
    async def plot(fleet: Fleet) -> None:
        await fleet.actors[0].create("TaskList", title="home")
        await asyncio.sleep(1)
        store = fleet.world.server.store
        assert isinstance(store, Breaks)
        store.mended = True

    script = Script(devices=1, duration_s=60, watched=0, network=CUT)
    with pytest.raises(ZeroDivisionError):
        Fleet(app, 1, script=script, setup=Setup(store=Breaks)).rehearse(plot)


@pytest.mark.parametrize(
    ("incident", "code"),
    [("portal", "UNREACHABLE"), ("bad_gateway", "UNREACHABLE"), ("too_large", "UNREACHABLE"), ("", "REFUSED")],
)
def test_an_answer_that_is_not_the_servers_or_says_no_is_a_request_that_failed(
    app: App, incident: str, code: str
) -> None:
    async def failed() -> Counter[str]:
        server, tally = await new_server(app), Tally()
        network = Network(name="bad", rates={incident: 1.0}) if incident else PERFECT
        way = Line(server, "ann", Seed(1).stream("line"), network, Meter(tally, now_ms, server.accepted), salt=1)
        if not incident:
            way.expire()
        with pytest.raises(DeviceError):
            await way.push(push(*FIRST_DAY))
        return tally.error_codes

    assert run(failed()) == {code: 1}
