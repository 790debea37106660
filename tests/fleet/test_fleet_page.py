"""docs/fleet.md: its ten minutes typed as they stand there, and no metric, network, step or flag that it leaves out."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path

import click
import pytest

from homeport_client.fleet import NETWORKS, Persona, Script
from homeport_client.fleet.check.judge import CHECKS
from homeport_client.fleet.command.run import run
from homeport_client.fleet.deeds.table import DEEDS, SERVER_DEEDS
from homeport_client.fleet.networks import INCIDENTS
from homeport_client.fleet.report.bound import AGGREGATES, OPERATORS
from homeport_client.fleet.report.metrics import METRICS
from homeport_client.fleet.report.units import SCALES
from tests.house.tree import ROOT, SOURCE_ROOTS

PAGE = (ROOT / "docs/fleet.md").read_text()
STEPS = re.findall(r"<!-- tour: ([^\n]+) -->\n```\w*\n(.*?)```", PAGE, re.DOTALL)
ENDS = re.compile(r"terminal, ends with (\d+)")


@pytest.fixture
def desk(tmp_path: Path) -> tuple[Path, Mapping[str, str]]:
    """A folder, and an environment in which this tree's commands and plugin are found, and no other plugin."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, module in {"homeport": "homeport_server", "pytest": "pytest"}.items():
        (commands / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        (commands / name).chmod(0o755)
    folder = tmp_path / "project"
    folder.mkdir()
    return folder, {
        **{name: value for name, value in os.environ.items() if not name.startswith(("HOMEPORT", "PYTEST"))},
        "PATH": f"{commands}:{os.environ['PATH']}",
        "PYTHONPATH": ":".join(str(ROOT / each) for each in dict.fromkeys(SOURCE_ROOTS.values())),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "-p homeport_pytest.plugin",
    }


def test_the_ten_minutes_go_as_they_are_written(desk: tuple[Path, Mapping[str, str]]) -> None:
    folder, environment = desk
    shown = ""
    for where, text in STEPS:
        if ends := ENDS.fullmatch(where):
            shown = _typed(text, folder, environment, ends_with=int(ends[1]))
        elif where == "shown":
            assert _without_numbers(text) in _without_numbers(shown)
        else:
            (folder / where).write_text(text)
    assert (folder / "report.html").stat().st_size > 10_000
    kept = (folder / "homeport_failures").glob("*.py")
    assert {re.sub("_[0-9a-f]{8}(?=_seed)", "", path.name) for path in kept} == {
        "test_seed_7.py",
        "test_shows_a_show_is_never_oversold_seed_7.py",
    }


def _without_numbers(text: str) -> str:
    """How far a story is cut down changes with whatever takes a step more or less."""
    return re.sub(r"\d+", "N", text)


def _typed(command: str, folder: Path, environment: Mapping[str, str], *, ends_with: int) -> str:
    ended = subprocess.run(
        ["bash", "-euc", command],  # noqa: S607  # as a reader types it
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == ends_with, command + ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def test_all_python_of_the_page_is_typed() -> None:
    assert PAGE.count("```python") == sum(where.endswith(".py") for where, _ in STEPS)


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(METRICS, id="metrics"),
        pytest.param(CHECKS, id="checks"),
        pytest.param(NETWORKS, id="networks"),
        pytest.param(INCIDENTS, id="incidents"),
        pytest.param([*DEEDS, *SERVER_DEEDS], id="steps"),
        pytest.param([each.name for each in fields(Script)], id="script"),
        pytest.param([each.name for each in fields(Persona)], id="persona"),
        pytest.param([*AGGREGATES, *OPERATORS, *SCALES], id="thresholds"),
    ],
)
def test_the_page_names_all_of_them(names: Iterable[str]) -> None:
    assert [name for name in names if f"`{name}`" not in PAGE] == []


def test_the_page_names_all_flags_and_no_other() -> None:
    table = PAGE.split("## The command line")[1].split("## ")[0]
    flags = {
        flag for each in run.params if isinstance(each, click.Option) for flag in [*each.opts, *each.secondary_opts]
    }
    assert set(re.findall(r"`(--[a-z-]+)", table)) == flags - {"--help", "-h"}
