"""Phones that sleep most of the time: what wakes are worth, and that everything heals without any of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeport_client.fleet import NETWORKS, Fleet, Persona, Script, steady
from homeport_client.fleet.acts import edit, entrust, make
from homeport_client.fleet.deeds.phones import BACKGROUND_S, REFRESH_S
from homeport_client.fleet.networks import LOSE_WAKE
from homeport_client.fleet.played import Played
from homeport_client.fleet.report.lines import lines
from homeport_client.fleet.sim.provider import ProviderFaults
from homeport_client.fleet.sim.world import SETUP
from homeport_client.fleet.summarize import summarize
from homeport_sync import App

DOES = {make("Task"): 1.0, edit("Task"): 1.0, entrust("Task", "assignee"): 2.0}
SLEEPERS = Script(
    devices=8,
    duration_s=2 * 3_600,
    personas=[
        Persona(
            name="sleeper",
            does=DOES,
            every_s=60,
            network=NETWORKS["wifi"],
            open_s=(30, 120),
            closed_s=(1_200, 3_600),
        )
    ],
    phases=[steady(1)],
    crashes=1,
    storms=0,
    clones=0,
    watched=0,
)
FAITHFUL = ProviderFaults(rates={}, down=0.0)


def played(app: App, provider: ProviderFaults) -> Played:
    return Fleet(app, 11, script=SLEEPERS, setup=replace(SETUP, provider=provider)).run()


def test_wakes_bring_changes_to_sleeping_apps_sooner_and_the_report_says_by_how_much(app: App) -> None:
    fleet = played(app, FAITHFUL)
    assert fleet.kept, str(fleet.verdict)
    woken, unwoken = fleet.tally.sleeping_lag, fleet.tally.unwoken_lag
    assert woken.count == unwoken.count > 30
    assert woken.percentile(0.5) * 3 < unwoken.percentile(0.5)
    summary = summarize(fleet, app.catalog, network="wifi", again="again")
    (told,) = [line for line in lines(summary) if line.startswith("Told: ")]
    assert "where the app slept" in told
    assert any(sample.sleeping_p95_ms for sample in summary.samples)


@pytest.mark.promise("I13")
def test_everything_heals_within_its_bound_though_every_wake_is_dropped(app: App) -> None:
    fleet = played(app, ProviderFaults(rates={LOSE_WAKE: 1.0}, down=0.0))
    assert fleet.kept, str(fleet.verdict)
    assert fleet.tally.incidents[LOSE_WAKE] > 5
    assert fleet.tally.sleeping_lag.trend().max <= (REFRESH_S + 2 * BACKGROUND_S) * 1_000


def test_a_fleet_whose_phones_sleep_takes_the_same_steps_again(app: App) -> None:
    first = played(app, ProviderFaults())
    again = Fleet(app, 11, script=SLEEPERS).replay(first.story)
    assert again.fingerprint == first.fingerprint
