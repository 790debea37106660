"""What was asked of a fleet: the command that plays it again, the places that are tried, and the variables."""

import shlex
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from rich.console import Console

from homeport_client.fleet.command.asked import Asked, Place
from homeport_client.fleet.command.options import Refused
from homeport_client.fleet.command.proxy import proxy
from homeport_client.fleet.command.run import run
from homeport_client.fleet.command.wanted import Wanted
from homeport_client.fleet.networks import NETWORKS
from homeport_client.fleet.report.thresholds import parse
from homeport_client.fleet.script import Script
from homeport_client.fleet.sources import Sources
from homeport_sync import load_app
from tests.house.tree import ROOT
from tests.unit.client.finished import finished

APP = ROOT / "examples/tasks/app.py"
NOWHERE = Wanted(json=None, junit=None, html=None, failures=None)


def asked(*, place: Place | None = None, duration_s: float | None = None, wanted: Wanted = NOWHERE) -> Asked:
    bounds = [parse("p95(sync_lag) < 500ms"), parse("rejected < 1%")]
    return Asked(
        sources=Sources(
            app=APP, script=Path("my people.py"), devices=3, duration_s=duration_s, network=NETWORKS["subway"]
        ),
        app=load_app(APP),
        script=Script(),
        seed=5,
        processes=2,
        bounds=[parse("written > 0"), *bounds],
        added=bounds,
        place=place or Place(),
        wanted=wanted,
        console=Console(force_terminal=False),
    )


def read(command: str) -> dict[str, object]:
    """What the command line makes of a command."""
    words = shlex.split(command)
    assert words[:2] == ["homeport", "fleet"]
    return run.make_context("run", words[2:]).params


@pytest.mark.parametrize("duration_s", [None, 90.0, 1_123_200.0, 86_400 * 365.0, 0.1, 1_234.567_8])
@pytest.mark.parametrize("processes", [1, 2])
def test_the_command_that_plays_it_again_says_all_that_was_asked(duration_s: float | None, processes: int) -> None:
    place = Place(server="http://127.0.0.1:8000", data=Path("the data"), database_url="postgresql://me@localhost/x")
    one = replace(asked(place=place, duration_s=duration_s), processes=processes)
    told = read(one.again(7, "real"))
    assert told["app"] == one.sources.app
    assert told["script"] == one.sources.script
    assert (told["devices"], told["duration"], told["network"]) == (3, duration_s, NETWORKS["subway"])
    assert (told["seed"], told["world"], told["processes"]) == (7, "real", processes)
    assert Place(server=told["server"], data=told["data"], database_url=told["database_url"]) == place  # type: ignore[arg-type]
    assert told["thresholds"] == tuple(one.added)


def test_of_several_seeds_one_is_played_again_and_a_password_is_not_told() -> None:
    assert read(asked().again(6, "simulated"))["processes"] == 1
    place = Place(server="http://127.0.0.1:1", database_url="postgresql://me:hush@localhost:5432/x")
    assert read(asked(place=place).again(6, "real"))["database_url"] == "postgresql://me:***@localhost:5432/x"


@pytest.mark.parametrize(("command", "prefix"), [(run, "HOMEPORT_FLEET"), (proxy, "HOMEPORT_FLEET_PROXY")])
def test_every_option_has_a_variable_that_is_called_like_its_flag(command: click.Command, prefix: str) -> None:
    for each in command.params:
        if isinstance(each, click.Option):
            flag = next(word for word in each.opts if word.startswith("--"))
            assert each.envvar == f"{prefix}_{flag.removeprefix('--').replace('-', '_').upper()}"


def test_variables_are_read_and_several_thresholds_stand_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEPORT_FLEET_THRESHOLD", "p95(sync_lag) < 500ms; rejected < 1%\nlost == 0")
    monkeypatch.setenv("HOMEPORT_FLEET_JSON", "r.json")
    monkeypatch.setenv("HOMEPORT_FLEET_DURATION", "5m")
    monkeypatch.setenv("HOMEPORT_FLEET_SHRINK", "no")
    told = run.make_context("run", [str(APP)]).params
    assert [str(each) for each in told["thresholds"]] == ["p95(sync_lag) < 500ms", "rejected < 1%", "lost == 0"]
    assert (told["to_json"], told["duration"], told["shrink"]) == (Path("r.json"), 300.0, False)


@pytest.mark.parametrize("command", [run, proxy])
def test_a_negative_seed_is_refused(command: click.Command) -> None:
    done = CliRunner().invoke(command, ["--seed", "-1", *([str(APP)] if command is run else [])])
    assert done.exit_code == 2
    assert "-1 is not in the range x>=0" in done.output


def test_places_are_tried_and_nothing_is_left_there(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text("yesterday's")
    places = Wanted(json=old, junit=tmp_path / "deep/er/j.xml", html=tmp_path / "r.html", failures=tmp_path / "failed")
    places.check()
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_text() == "yesterday's"


@pytest.mark.parametrize("name", ["json", "junit", "html", "failures"])
def test_a_place_that_cannot_be_is_refused_before_anything_is_played(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="cannot be written"):
        replace(NOWHERE, **{name: tmp_path / "file" / "below"}).check()


@pytest.mark.parametrize("name", ["junit", "html"])
def test_only_json_goes_to_standard_output(name: str) -> None:
    with pytest.raises(Refused, match=f"--{name} needs a file"):
        replace(NOWHERE, **{name: Path("-")}).check()
    replace(NOWHERE, json=Path("-")).check()


def test_a_report_that_cannot_be_written_takes_no_other_with_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    places = replace(NOWHERE, json=tmp_path / "file" / "below", html=tmp_path / "r.html")
    assert asked(wanted=places).end(finished()) == 1
    assert (tmp_path / "r.html").stat().st_size > 1_000
