"""Fleets by seed: whatever goes wrong on the way, they keep every promise in the end, and each seed replays.

A failure prints its seed, what is wrong, and the command that replays it.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from homeport_client.fleet import Fleet, NetworkFaults, Report, Script
from homeport_client.fleet.network import ROUGH
from homeport_sync import App

SEEDS = range(200)
BIG_SEEDS = range(200, 204)
SOAK_SEEDS = range(1_000, 3_000)
BIG = Script(users=5, phones=12, lists=4, actions=60, clones=2, crashes=4)


def replay(app: App, seed: int, directory: Path, script: Script, network: NetworkFaults = ROUGH) -> Report:
    directory.mkdir()
    return Fleet(app, seed, directory, script=script, network=network).run()


def must_hold(report: Report, test: str) -> None:
    soak = " -m soak" if report.seed in SOAK_SEEDS else ""
    command = f'python -m pytest{soak} "tests/fleet/test_seeds.py::{test}[{report.seed}]"'
    tail = "\n    ".join(report.trace[-30:])
    assert not report.verdict.violations, (
        f"\nseed {report.seed}\n{report.verdict}\n  the end of its trace:\n    {tail}\n  again: {command}"
    )


@pytest.mark.promise("I1")
@pytest.mark.promise("I2")
@pytest.mark.promise("I3")
@pytest.mark.promise("I4")
@pytest.mark.promise("I8")
@pytest.mark.promise("I9")
@pytest.mark.promise("I13")
@pytest.mark.parametrize("seed", SEEDS)
def test_a_fleet_keeps_its_promises_and_its_seed_replays(app: App, directory: Path, seed: int) -> None:
    first = replay(app, seed, directory / "first", Script())
    must_hold(first, "test_a_fleet_keeps_its_promises_and_its_seed_replays")
    again = replay(app, seed, directory / "again", Script())
    assert again.trace == first.trace
    assert again.fingerprint == first.fingerprint


@pytest.mark.parametrize("seed", BIG_SEEDS)
def test_a_bigger_fleet_keeps_its_promises(app: App, directory: Path, seed: int) -> None:
    must_hold(replay(app, seed, directory / "big", BIG), "test_a_bigger_fleet_keeps_its_promises")


@pytest.mark.promise("I13")
@pytest.mark.parametrize("seed", range(300, 310))
def test_a_fleet_heals_within_the_polling_bound_when_every_poke_is_dropped(
    app: App, directory: Path, seed: int
) -> None:
    report = replay(app, seed, directory / "deaf", Script(), NetworkFaults(lose_poke=1.0, lose_answer=0.05))
    must_hold(report, "test_a_fleet_heals_within_the_polling_bound_when_every_poke_is_dropped")


@pytest.mark.promise("I5")
@pytest.mark.parametrize("seed", range(400, 430))
def test_no_phone_ever_shows_anything_older_than_it_has_shown(app: App, directory: Path, seed: int) -> None:
    report = replay(app, seed, directory / "watched", Script(watched=True))
    must_hold(report, "test_no_phone_ever_shows_anything_older_than_it_has_shown")


@pytest.mark.soak
@pytest.mark.parametrize("seed", SOAK_SEEDS)
def test_many_more_fleets_keep_their_promises(app: App, directory: Path, seed: int) -> None:
    script = BIG if seed % 20 == 0 else Script(actions=40, watched=seed % 2 == 0)
    must_hold(replay(app, seed, directory / "soak", script), "test_many_more_fleets_keep_their_promises")


def test_a_seed_takes_the_same_steps_in_every_process() -> None:
    code = (
        "import sys, pathlib, tempfile\n"
        "from homeport_client.fleet import Fleet\n"
        "from homeport_sync import load_app\n"
        "with tempfile.TemporaryDirectory() as made:\n"
        "    app = load_app('examples/tasks/app.py')\n"
        "    print(Fleet(app, 7, pathlib.Path(made)).run().fingerprint)\n"
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


def test_two_seeds_take_different_steps(app: App, directory: Path) -> None:
    one, other = (replay(app, seed, directory / str(seed), Script(actions=5)) for seed in (1, 2))
    assert one.fingerprint != other.fingerprint
