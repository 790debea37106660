"""How long a fleet is given to heal, and what is measured meanwhile."""

import asyncio
from dataclasses import replace

import pytest

from homeport_client.fleet import Fleet, Network, Script, ramp, steady
from homeport_client.fleet.clock import DAY_MS
from homeport_client.fleet.measure.recorder import HEALING_MAX, PLAYING_MAX
from homeport_client.fleet.sim.server import ServerFaults
from homeport_client.fleet.sim.world import SETUP
from homeport_client.fleet.summarize import lanes, summarize
from homeport_sync import App

CALM = Script(devices=4, duration_s=240, watched=0, crashes=0, storms=0, clones=0, network=Network(name="calm"))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "network",
    [
        Network(name="patient", rates={"lose_answer": 0.3}, lose_poke=1.0, patience_s=120),
        Network(name="echoing", rates={"double": 0.5}, late_s=300),
        Network(name="dripping", rates={"slow": 0.5}, late_s=300),
    ],
)
def test_a_fleet_on_a_slow_network_is_given_the_time_to_heal(app: App, network: Network, seed: int) -> None:
    played = Fleet(app, seed, script=replace(CALM, network=network)).run()
    assert played.kept, played.verdict


def test_a_fleet_whose_server_is_down_for_long_is_given_the_time_to_heal(app: App) -> None:
    async def plot(fleet: Fleet) -> None:
        fleet.world.server.crash("for the test")
        await fleet.actors[0].create("TaskList", title="home")

    played = Fleet(app, 1, script=CALM, setup=replace(SETUP, server=ServerFaults(down_s=300))).rehearse(plot)
    assert played.kept, played.verdict


@pytest.mark.parametrize("duration_s", [20, 240])
def test_there_are_so_many_samples_and_no_more_however_long_it_heals(app: App, duration_s: float) -> None:
    fleet = Fleet(app, 1, script=replace(CALM, duration_s=duration_s))
    for _ in range(2):
        at_s = [sample.at_s for sample in fleet.run().samples]
        assert len(at_s) <= PLAYING_MAX + HEALING_MAX + 2
        assert at_s == sorted(at_s), "another playing begins anew"


def test_a_day_of_a_device_is_one_of_play(app: App) -> None:
    played = Fleet(app, 1, script=replace(CALM, duration_s=20)).run()
    most = max(reading.requests for reading in played.in_play.values())
    assert most < max(reading.requests for reading in played.meters.values()), "they also poll while they heal"
    trend = summarize(played, app.catalog, network="", again="").trends["requests_per_device_day"]
    assert trend.max == most * DAY_MS / 20_000


def test_nobody_is_late_before_it_is_switched_on(app: App) -> None:
    script = replace(CALM, devices=8, duration_s=600, phases=[ramp(1), steady(1)])
    assert Fleet(app, 3, script=script).run().tally.sync_lag.trend().p95 < 2_000


def test_nobody_is_late_before_the_app_is_told_to_go_online(app: App) -> None:
    async def plot(fleet: Fleet) -> None:
        first, second = fleet.actors
        await first.create("TaskList", title="home")
        await asyncio.sleep(10)
        await second.do("airplane_mode", on=True)
        await first.create("TaskList", title="away")
        await asyncio.sleep(60)
        await second.do("airplane_mode", on=False)
        await asyncio.sleep(10)

    played = Fleet(app, 1, script=replace(CALM, devices=2, phones_per_user=2)).rehearse(plot)
    assert played.tally.sync_lag.count
    assert played.tally.sync_lag.trend().max < 2_000


def test_what_somebody_left_on_a_phone_that_was_lent_has_a_lane_of_theirs(app: App) -> None:
    async def plot(fleet: Fleet) -> None:
        for user in ("user-2", "user-1"):
            await fleet.actors[0].do("switch_user", user=user)

    played = Fleet(app, 1, script=CALM).rehearse(plot)
    users = {lane.phone: lane.user for lane in lanes(played)}
    assert users["phone-1"] == "user-1"
    assert users["phone-1 of user-2"] == "user-2"


def test_phones_beyond_the_last_ramp_take_no_part(app: App) -> None:
    script = replace(CALM, devices=10, phases=[ramp(1, to=0.5), steady(1)])
    assert len(Fleet(app, 1, script=script).run().story.handsets) == 5
