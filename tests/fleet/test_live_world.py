"""A phone's way in the real world: what is counted, what is over when all is calm, and what fresh devices get."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from homeport_client import HttpTransport, Unreachable
from homeport_client.fleet.live import patience
from homeport_client.fleet.live import world as live_world
from homeport_client.fleet.live.orders import Orders
from homeport_client.fleet.live.patience import AT_ONCE, until_answered
from homeport_client.fleet.live.world import LiveWorld
from homeport_client.fleet.lot import Lot
from homeport_client.fleet.networks import ROUGH
from homeport_client.fleet.script import Script
from homeport_client.fleet.story import Handset
from homeport_client.fleet.troupe import Troupe
from homeport_sync import App
from homeport_sync.wire import Page, PullMessage

USERS = [f"user-{number}" for number in range(AT_ONCE + 10)]


class FewLines(HttpTransport):
    """A server whose first answer is lost, and that is asked by a few at once."""

    asked = 0
    now = 0
    most = 0

    def __init__(self) -> None:
        """Nothing of the real one."""

    async def pull(self, message: PullMessage) -> Page:
        FewLines.asked += 1
        number = FewLines.asked
        FewLines.now += 1
        FewLines.most = max(FewLines.most, FewLines.now)
        try:
            await asyncio.sleep(0)
            if number == 1:
                raise Unreachable("The answer was lost.")
        finally:
            FewLines.now -= 1
        return Page(cursor="c", more=False, server_time_ms=0, records=[])


class World(LiveWorld):
    """One whose fresh devices reach the server by those lines."""

    def _direct(self, user: str) -> HttpTransport:
        return FewLines()


@asynccontextmanager
async def world(app: App, kind: type[World] = World) -> AsyncIterator[LiveWorld]:
    tokens = dict.fromkeys(USERS, "token")
    orders = Orders(seed=1, url="http://127.0.0.1:9", tokens=tokens, cast=(), lot=Lot(), story=None)
    made = kind(app, orders, networks={}, crash=lambda: None)
    try:
        yield made
    finally:
        await made.close()


async def test_where_there_is_no_network_a_request_fails_and_nothing_is_sent(app: App) -> None:
    async with world(app) as live:
        meter = live.meter()
        way = await live.way(Handset(name="phone-1", user="user-1"), "user-1", 1, meter)
        way.disconnect()
        with pytest.raises(Unreachable):
            await way.pull(PullMessage(device="a", cursor=None))
        assert (meter.requests, meter.bytes_up, meter.radio_wakes) == (0, 0, 0)
        assert live.tally.error_codes == {"UNREACHABLE": 1}


async def test_who_comes_to_a_network_when_all_is_calm_finds_it_calm(app: App) -> None:
    async with world(app) as live:
        live.calm()
        await live.way(Handset(name="phone-1 of user-2", user="user-2", network="rough"), "user-2", 1, live.meter())
        network = live._proxies["phone-1 of user-2"].network
        assert not network.rates
        assert network.lose_poke == ROUGH.lose_poke, "lost pokes stay lost"


async def test_what_was_armed_and_has_not_struck_is_over_when_all_is_calm(app: App) -> None:
    async with world(app) as live:
        await live.way(Handset(name="phone-1", user="user-1", network="rough"), "user-1", 1, live.meter())
        proxy = live._proxies["phone-1"]
        for incident in ("lose_request", "lose_poke", "double", "lose_poke"):
            proxy.arm(incident)
        live.calm()
        assert not proxy._road.armed.take()
        assert not proxy._road.armed.take_poke()


async def test_fresh_devices_ask_again_and_not_all_at_once(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "RETRY_S", 0.0)
    async with world(app) as live:
        holdings = await live.fresh(USERS)
    assert [holding.user for holding in holdings] == USERS
    assert FewLines.asked == len(USERS) + 1
    assert FewLines.most == AT_ONCE


async def test_a_server_that_never_gives_fresh_devices_everything_is_told(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(lines: FewLines, message: PullMessage) -> Page:
        raise Unreachable("never")

    monkeypatch.setattr(FewLines, "pull", never)
    monkeypatch.setattr(live_world, "FRESH_S", 0.0)
    async with world(app) as live:
        live.stage.enter([Handset(name="phone-1", user="user-1")])
        troupe = Troupe(live.stage, live, Script())
        await live.stage.phones["phone-1"].switch_on()
        await troupe.put_down()
        assert troupe.legacy().unserved == ["A fresh device of user-1 did not get everything from the server."]


async def test_a_server_that_serves_some_and_not_others_is_told_of_the_others(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Partial(World):
        def _direct(self, user: str) -> HttpTransport:
            return FewLines() if user == "user-1" else Deaf()

    class Deaf(FewLines):
        async def pull(self, message: PullMessage) -> Page:
            await asyncio.Event().wait()
            raise AssertionError

    monkeypatch.setattr(live_world, "FRESH_S", 0.5)
    FewLines.asked = 1  # its first answer is not lost here
    async with world(app, Partial) as live:
        assert [holding.user for holding in await live.fresh(["user-1", "user-2"])] == ["user-1"]


async def test_whoever_waits_for_the_next_try_leaves_the_turn_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "RETRY_S", 0.0)
    turns, order = asyncio.Semaphore(1), list[str]()

    async def call(name: str) -> None:
        order.append(name)
        if order.count(name) < 2:
            raise Unreachable("not yet")

    await asyncio.gather(*(until_answered(partial(call, name), turns) for name in "ab"))
    assert sorted(order[:2]) == ["a", "b"]
