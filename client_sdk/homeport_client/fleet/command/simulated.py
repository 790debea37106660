"""The simulated world from the command line: one seed, or one for each process; what fails is cut down and kept."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from homeport_client.fleet.again import pytest_file
from homeport_client.fleet.command.asked import Asked, keep
from homeport_client.fleet.command.stopwatch import Stopwatch
from homeport_client.fleet.command.sweep import sweep
from homeport_client.fleet.failing import shorten
from homeport_client.fleet.played import Played
from homeport_client.fleet.report.board import Board
from homeport_client.fleet.report.exits import exit_of
from homeport_client.fleet.report.summary import Failure, Summary
from homeport_client.fleet.report.terminal import draw
from homeport_client.fleet.report.units import spoken
from homeport_client.fleet.sim.fleet import Fleet
from homeport_client.fleet.summarize import summarize


def play_simulated(asked: Asked) -> int:
    """Play, tell, write; the exit code. Of several seeds the first that fails is told, or the first of them."""
    seed = asked.seed if asked.processes == 1 else sweep(asked)
    script, watch = asked.script, Stopwatch()
    lasts = spoken(script.duration_s * 1_000, "ms")
    asked.say(f"{script.devices} phones, {lasts}, network {asked.network}, simulated, seed {seed}.")
    with Board(asked.console, whole_s=script.duration_s) as board:
        played = Fleet(asked.app, seed, script=script, show=board.show).run()
    summary = _summary(asked, played, watch)
    if summary.violations and asked.wanted.failures:
        summary = replace(summary, failure=_shrunk(asked, played, asked.wanted.failures))
    draw(asked.console, summary)
    asked.write(summary)
    return exit_of(summary)


def _summary(asked: Asked, played: Played, watch: Stopwatch) -> Summary:
    return summarize(
        played,
        asked.app.catalog,
        network=asked.network,
        again=asked.again(played.story.seed, "simulated"),
        bounds=asked.bounds,
        wall=watch.read(),
    )


def _shrunk(asked: Asked, played: Played, directory: Path) -> Failure | None:
    """The shortest story that fails, and the test file that plays it again. Ctrl-C leaves it."""
    steps = len(played.story.steps)
    file = directory / f"test_seed_{played.story.seed}.py"
    try:
        with asked.console.status(f"It failed. Looking for the shortest of {steps:,} steps that still do …") as status:
            shortest = shorten(
                played,
                asked.app,
                asked.script,
                told=lambda story: status.update(f"It failed. {len(story.steps):,} of {steps:,} steps still do …"),
            )
    except KeyboardInterrupt:
        return None
    script = str(asked.sources.script) if asked.sources.script else ""
    sentences = shortest.failure.sentences
    keep(file, pytest_file(shortest.story, app=str(asked.sources.app), script=script, sentences=sentences).encode())
    return replace(shortest.failure, file=str(file))
