"""Fleets by seed: whatever goes wrong on the way, they keep every promise in the end, and each seed replays.

A failure prints its seed, what is wrong, and the command that replays it.
"""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from homeport_client.fleet import Fleet, Network, Persona, Played, Script
from homeport_client.fleet.acts import edit, make
from homeport_client.fleet.sim.world import SETUP
from homeport_sync import App

SEEDS = range(80)
BIG_SEEDS = range(200, 203)
SOAK_SEEDS = range(1_000, 3_000)
SMALL = Script(devices=6, duration_s=240, watched=0)
WATCHED = Script(devices=5, duration_s=240, watched=5)
BIG = Script(devices=24, duration_s=900, crashes=4, clones=2)
DEAF = Script(devices=5, duration_s=300, network=Network(name="deaf", rates={"lose_answer": 0.05}, lose_poke=1.0))


def replay(app: App, seed: int, script: Script) -> Played:
    return Fleet(app, seed, script=script).run()


def must_hold(played: Played, test: str) -> None:
    seed = played.story.seed
    soak = " -m soak" if seed in SOAK_SEEDS else ""
    command = f'python -m pytest{soak} "tests/fleet/test_seeds.py::{test}[{seed}]"'
    tail = "\n    ".join(played.trace[-30:])
    assert played.kept, f"\nseed {seed}\n{played.verdict}\n  the end of its trace:\n    {tail}\n  again: {command}"


@pytest.mark.promise("I1")
@pytest.mark.promise("I2")
@pytest.mark.promise("I3")
@pytest.mark.promise("I4")
@pytest.mark.promise("I8")
@pytest.mark.promise("I9")
@pytest.mark.promise("I13")
@pytest.mark.parametrize("seed", SEEDS)
def test_a_fleet_keeps_its_promises_and_its_story_can_be_played_again(app: App, seed: int) -> None:
    first = replay(app, seed, SMALL)
    must_hold(first, "test_a_fleet_keeps_its_promises_and_its_story_can_be_played_again")
    again = Fleet(app, seed, script=SMALL).replay(first.story)
    assert again.story.steps == first.story.steps
    assert again.trace == first.trace
    assert again.fingerprint == first.fingerprint


@pytest.mark.parametrize("seed", BIG_SEEDS)
def test_a_bigger_fleet_keeps_its_promises(app: App, seed: int) -> None:
    must_hold(replay(app, seed, BIG), "test_a_bigger_fleet_keeps_its_promises")


@pytest.mark.promise("I13")
@pytest.mark.parametrize("seed", range(300, 310))
def test_a_fleet_heals_within_the_polling_bound_when_every_poke_is_dropped(app: App, seed: int) -> None:
    must_hold(replay(app, seed, DEAF), "test_a_fleet_heals_within_the_polling_bound_when_every_poke_is_dropped")


@pytest.mark.parametrize("seed", range(310, 313))
def test_a_fleet_that_polls_seldom_is_given_the_time_to_heal(app: App, seed: int) -> None:
    seldom = replace(SETUP, device_limits=replace(SETUP.device_limits, poll_s=300.0))
    must_hold(
        Fleet(app, seed, script=DEAF, setup=seldom).run(), "test_a_fleet_that_polls_seldom_is_given_the_time_to_heal"
    )


@pytest.mark.promise("I5")
@pytest.mark.parametrize("seed", range(400, 420))
def test_no_phone_ever_shows_anything_older_than_it_has_shown(app: App, seed: int) -> None:
    must_hold(replay(app, seed, WATCHED), "test_no_phone_ever_shows_anything_older_than_it_has_shown")


@pytest.mark.soak
@pytest.mark.parametrize("seed", SOAK_SEEDS)
def test_many_more_fleets_keep_their_promises(app: App, seed: int) -> None:
    script = BIG if seed % 20 == 0 else WATCHED if seed % 2 else SMALL
    must_hold(replay(app, seed, script), "test_many_more_fleets_keep_their_promises")


@pytest.mark.parametrize("seed", [7, 12])  # in 12, a full phone has room for one page more or for none
def test_a_seed_takes_the_same_steps_in_every_process(seed: int) -> None:
    code = (
        "from homeport_client.fleet import Fleet, Script\n"
        "from homeport_sync import load_app\n"
        "app = load_app('examples/tasks/app.py')\n"
        "script = Script(devices=24, duration_s=600, crashes=4, clones=2)\n"
        f"print(Fleet(app, {seed}, script=script).run().fingerprint)\n"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            cwd=Path(__file__).resolve().parents[2],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert told[0] == told[1] != ""


def test_of_all_that_a_busy_server_does_in_a_millisecond_it_dies_at_the_same_again(app: App) -> None:
    script = Script(devices=24, duration_s=600, crashes=4, clones=2)
    first = replay(app, 14, script)
    assert Fleet(app, 14, script=script).replay(first.story).fingerprint == first.fingerprint


def test_two_seeds_take_different_steps(app: App) -> None:
    script = Script(devices=2, duration_s=60)
    assert replay(app, 1, script).fingerprint != replay(app, 2, script).fingerprint


def test_one_more_phone_does_not_shift_what_the_others_do(app: App) -> None:
    does = {make("Task"): 1.0, edit("Task"): 1.0}
    alone, beside = (
        Script(
            devices=devices,
            duration_s=120,
            personas=[Persona(name="writer", does=does)],
            circle=1,
            phones_per_user=1,
            phases=(),
            crashes=0,
            storms=0,
            clones=0,
        )
        for devices in (1, 2)
    )
    steps, more = (replay(app, 5, script).story.steps for script in (alone, beside))
    mine = [(step.at_ms, step.do) for step in more if step.who == "phone-1"]
    assert [(step.at_ms, step.do) for step in steps] == mine
    assert len(mine) < len(more)


def test_where_a_script_wants_no_crash_the_server_lives_and_otherwise_it_may_die_at_any_step(app: App) -> None:
    never, once = (replay(app, 7, replace(BIG, crashes=crashes)).story.steps for crashes in (0, 1))
    assert not [step for step in never if step.do == "crash"]
    assert [step for step in once if step.do == "crash" and "at" in step.what]


def test_what_was_played_is_shown_in_a_line_and_not_with_all_it_holds(app: App) -> None:
    played = replay(app, 7, SMALL)
    assert repr(played) == f"<Played simulated, seed 7: 6 phones, {len(played.story.steps)} steps, kept>"
