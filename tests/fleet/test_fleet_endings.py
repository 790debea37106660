"""How `homeport fleet` ends when something else does than the promises: the fleet, a file, its user's patience."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fleet.command import APP, SMALL, fleet

FAILING = """
from homeport_client.fleet import Persona, Script


def nobody_has_a_task(data):
    assert not list(data.all("Task")), "there is one \\ud83d"


script = Script(invariants=[nobody_has_a_task])
"""
BREAKING = """
from homeport_client.fleet import Persona, Script


async def read(me):
    open("nope.csv")


script = Script(personas=[Persona(name="reader", does={read: 1}, every_s=1)])
"""


def counted(seed: str) -> int:
    done = fleet(APP, *SMALL, "--seed", seed, "--json", f"{seed}.json")
    assert done.exit_code == 0
    return int(json.loads(Path(f"{seed}.json").read_text())["counts"]["written"])


def test_of_several_seeds_one_that_misses_a_threshold_is_told(here: Path) -> None:
    first, second = counted("5"), counted("6")
    kept_by_first = f"written {'<=' if second > first else '>='} {first}"
    done = fleet(APP, *SMALL, "--processes", "2", "--threshold", kept_by_first, "--json", "r.json")
    assert done.exit_code == 99, done.output
    assert "seed 5: kept every promise" in done.output
    assert f"seed 6: {kept_by_first} was missed: it was {second:,}." in done.output
    assert json.loads((here / "r.json").read_text())["seed"] == 6


def test_a_fleet_that_breaks_while_it_plays_ends_with_1_and_its_traceback(here: Path) -> None:
    (here / "people.py").write_text(BREAKING)
    done = fleet(APP, *SMALL, "--script", "people.py")
    assert done.exit_code == 1
    assert "in read" in done.output
    assert "FileNotFoundError" in done.output


def test_what_is_no_text_is_spelt_out_in_every_report(here: Path) -> None:
    named = os.fsdecode(b"a\xff.py")
    (here / named).write_text(Path(APP).read_text())
    (here / "people.py").write_text(FAILING)
    places = ("--json", "r.json", "--junit", "j.xml", "--html", "r.html")
    done = fleet(named, *SMALL, "--script", "people.py", *places)
    assert done.exit_code == 99, done.output
    report = json.loads((here / "r.json").read_text())
    assert "'a\\udcff.py'" in report["again"]
    assert any("there is one \\ud83d" in sentence for check in report["checks"] for sentence in check["found"])
    assert "there is one \\ud83d" in (here / "homeport_failures" / "test_seed_5.py").read_text()
    assert "there is one \\ud83d" in (here / "j.xml").read_text()


@pytest.mark.parametrize("words", [("--html", "-"), ("--failures", "people.py/below")])
def test_what_could_not_be_kept_is_refused_before_it_is_played(here: Path, words: tuple[str, str]) -> None:
    (here / "people.py").write_text(FAILING)
    done = fleet(APP, *SMALL, "--script", "people.py", "--json", "r.json", *words)
    assert done.exit_code == 2, done.output
    assert [each.name for each in here.iterdir()] == ["people.py"]


def test_a_story_that_cannot_be_kept_costs_no_report(here: Path) -> None:
    block = "    from pathlib import Path\n    Path('homeport_failures').write_text('')\n"
    (here / "people.py").write_text(FAILING.replace("    assert", f"{block}    assert"))
    done = fleet(APP, *SMALL, "--script", "people.py", "--json", "r.json")
    assert done.exit_code == 99, done.output
    assert "could not be kept in homeport_failures/test_seed_5.py" in done.output
    assert json.loads((here / "r.json").read_text())["failure"]["steps"]


def test_ctrl_c_ends_all_seeds_at_once_with_what_is_over(here: Path) -> None:
    command = [sys.executable, "-m", "homeport_server", "fleet", APP, "--devices", "60", "--duration", "7d", "--plain"]
    command += ["--processes", "2", "--json", "r.json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while len(children.read_text().split()) < 3:  # two that play, and one that minds what multiprocessing leaves
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said, wrong = process.communicate(timeout=30)
    assert process.returncode == 0, wrong
    assert "Stopped: 0 of 2 seeds were played." in said
    assert "Aborted" not in wrong
