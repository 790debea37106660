"""What goes wrong, how often, and that it is the same again."""

from statistics import quantiles

import pytest

from homeport_notify.emulator.behaviour import TAKEN, TROUBLES, Behaviour, behaviour_of
from homeport_notify.emulator.exchange import Ending
from homeport_notify.emulator.weather import Weather
from homeport_notify.errors import BadEmulation
from tests.unit.notify.emulator.world import World


def test_troubles_come_in_their_shares_and_the_same_again() -> None:
    behaviour = behaviour_of({"unavailable": 0.2, "reset": 0.1})
    drawn = [[weather.trouble() for _ in range(10_000)] for weather in (Weather(behaviour, 1), Weather(behaviour, 1))]
    other = Weather(behaviour, 2)
    assert drawn[0] == drawn[1] != [other.trouble() for _ in range(10_000)]
    assert drawn[0].count("unavailable") == pytest.approx(2_000, abs=200)
    assert drawn[0].count("reset") == pytest.approx(1_000, abs=150)
    assert drawn[0].count(None) == pytest.approx(7_000, abs=250)


def test_latency_has_its_median_and_its_slow_hundredth() -> None:
    weather = Weather(behaviour_of({"latency_ms": 80, "latency_p99_ms": 900}), 1)
    cuts = quantiles([weather.delay_s() for _ in range(20_000)], n=100)
    assert cuts[49] == pytest.approx(0.080, rel=0.05)
    assert cuts[98] == pytest.approx(0.900, rel=0.15)
    assert Weather(behaviour_of({"latency_ms": 80}), 1).delay_s() == 0.080


def test_fair_weather_draws_nothing_and_takes_no_time() -> None:
    weather = Weather(Behaviour(), 1)
    assert (weather.trouble(), weather.delay_s(), weather.spend("a", 0)) == (None, 0.0, None)


@pytest.mark.parametrize("outage", TROUBLES)
def test_an_outage_strikes_everything_and_only_two_of_them_take_the_message(outage: str) -> None:
    world = World()
    phone = world.provider.phones.register()
    world.behave(outage=outage)
    outcome = world.outcome({"token": phone.target})
    taken = outage in TAKEN
    tally = world.provider.tally.fcm
    assert (phone.waiting, tally.accepted, tally.unanswered) == (taken, taken, taken)
    assert sum(tally.refused.values()) == (not taken)
    ending = {"reset": Ending.RESET, "silent": Ending.SILENT}.get(outage.partition("_")[0], Ending.ANSWERED)
    assert outcome.ending is ending


def test_a_quota_of_a_device_does_not_spend_that_of_others() -> None:
    weather = Weather(behaviour_of({"device_quota_a_minute": 2, "quota_a_minute": 4}), 1)
    spent = [weather.spend(each, 5_000) for each in ("a", "a", "a", "b", "b", "c")]
    assert spent == [None, None, ("device", 60_000), None, None, ("project", 60_000)]
    assert weather.spend("a", 65_000) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"nonsense": 1},
        {"latency_ms": -1},
        {"latency_ms": float("nan")},
        {"latency_ms": 50, "latency_p99_ms": 40},
        {"latency_p99_ms": 40},
        {"reset": 1.1},
        {"reset": 0.6, "silent": 0.6},
        {"quota_a_minute": "many"},
        {"retry_after": "soon"},
        "outage",
    ],
)
def test_a_behaviour_that_cannot_be_is_refused(fields: object) -> None:
    with pytest.raises(BadEmulation):
        behaviour_of(fields)


def test_what_is_left_out_stays_as_it_is() -> None:
    assert behaviour_of({"reset": 0.5}, beside=behaviour_of({"silent": 0.1})) == Behaviour(reset=0.5, silent=0.1)
