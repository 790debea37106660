"""`homeport fleet` as people and CI meet it: exit codes, files, sentences, and the same report for the same seed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from homeport_client.fleet.check import CHECKS
from tests.fleet.command import APP, SMALL, fleet

BROKEN = """
from homeport_client.fleet import Data, Script


def nobody_has_two_tasks(data: Data) -> None:
    assert len(list(data.all("Task"))) < 2, "there are two"


script = Script(invariants=[nobody_has_two_tasks], thresholds=["written > 0"])
"""


def test_a_fleet_that_keeps_everything_ends_with_0_and_says_so(here: Path) -> None:
    done = fleet(
        APP, *SMALL, "--threshold", "lost == 0", "--junit", "j.xml", "--html", "out/r.html", "--json", "r.json"
    )
    assert done.exit_code == 0, done.output
    assert "Nothing was lost, nothing was applied twice, nobody differs" in " ".join(done.output.split())
    assert f"homeport fleet {APP} --devices 4 --duration 180s --seed 5" in done.output.replace("\n", "")
    assert "<testcase" in (here / "j.xml").read_text()
    assert "<!doctype html>" in (here / "out" / "r.html").read_text()[:50].lower()
    assert json.loads((here / "r.json").read_text())["seed"] == 5


def test_a_threshold_that_is_missed_ends_with_99(here: Path) -> None:
    done = fleet(APP, *SMALL, "--threshold", "p95(push_lag) < 1ms")
    assert done.exit_code == 99
    assert "p95(push_lag) < 1ms was missed" in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((APP, "--network", "moon"), "there is no network 'moon'; take one of perfect,"),
        ((APP, "--duration", "soon"), "'soon' is no time; expected such as 90s, 30m, 1h or 1d."),
        ((APP, "--threshold", "p95(sync_lagg) < 5ms"), "did you mean sync_lag?"),
        ((APP, "--devices", "0"), "0 is not in the range"),
        ((APP, "--server", "http://127.0.0.1:1"), "are for --world real"),
        ((APP, "--script", "nowhere.py"), "There is no file nowhere.py"),
        (("nowhere.py",), "there is no such file"),
        ((APP, "--html", "/proc/no/such.html"), "cannot be written"),
        ((APP, "--bogus"), "No such option"),
    ],
)
def test_a_wrong_word_ends_with_2_and_a_sentence_that_helps(here: Path, words: tuple[str, ...], says: str) -> None:
    done = fleet(*words)
    assert done.exit_code == 2, done.output
    assert says in done.output


def test_what_fails_is_cut_down_and_kept_as_a_test_that_fails_too(here: Path) -> None:
    (here / "people.py").write_text(BROKEN)
    done = fleet(APP, *SMALL, "--script", "people.py", "--json", "r.json")
    assert done.exit_code == 99
    report = json.loads((here / "r.json").read_text())
    failure, made = report["failure"], {check["name"] for check in report["checks"]}
    assert len(failure["steps"]) <= 10 < failure["steps_before"]
    assert set(CHECKS) - made == {"skipped", "fallen"}, "what there is nothing to look at for is not checked"
    kept = here / "homeport_failures" / "test_seed_5.py"
    assert failure["file"] == str(kept.relative_to(here))
    again = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(kept)],
        cwd=here.parent,  # its paths are its own, wherever it is played
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 1, again.stdout
    assert "there are two" in again.stdout
    unasked = fleet(APP, *SMALL, "--script", "people.py", "--no-shrink", "--failures", "elsewhere")
    assert unasked.exit_code == 99
    assert not (here / "elsewhere").exists()


def test_the_same_seed_gives_the_same_report_in_two_processes_but_for_what_it_cost(here: Path) -> None:
    command = [sys.executable, "-m", "homeport_server", "fleet", APP, *SMALL, "--devices", "8", "--json", "-"]
    reports = [
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("1", "2")
    ]
    told = [json.loads(report) for report in reports]
    costs = [report.pop("wall") for report in told]
    assert all(cost["wall_s"] > 0 for cost in costs)
    without = [json.dumps(report, sort_keys=False) for report in told]
    assert without[0] == without[1]


def test_ctrl_c_ends_it_with_a_report_of_what_was_done(here: Path) -> None:
    command = [sys.executable, "-m", "homeport_server", "fleet", APP, "--devices", "60", "--duration", "7d", "--plain"]
    with subprocess.Popen([*command, "--json", "r.json"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "playing" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "stopped early" in said.replace("\n", " ")
    report = json.loads((here / "r.json").read_text())
    assert report["partial"]
    assert report["checks"] == []
    assert report["duration_s"] < report["planned_s"] == 7 * 86_400
    assert report["counts"]["accepted"] > 0


def test_several_processes_play_several_seeds_and_tell_the_first_that_fails(here: Path) -> None:
    (here / "people.py").write_text(BROKEN)
    done = fleet(APP, *SMALL, "--script", "people.py", "--processes", "2", "--no-shrink")
    assert done.exit_code == 99
    assert "seed 5: " in done.output
    assert "seed 6: " in done.output
