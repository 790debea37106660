"""The simulated world from the command line: one seed, or one for each process; what fails is cut down and kept."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from homeport_client.fleet.again import pytest_file
from homeport_client.fleet.command.asked import Asked
from homeport_client.fleet.command.stopwatch import Stopwatch
from homeport_client.fleet.command.sweep import Swept, sweep
from homeport_client.fleet.command.wanted import keep
from homeport_client.fleet.failing import Shortest, shorten
from homeport_client.fleet.played import Played
from homeport_client.fleet.report.board import Board
from homeport_client.fleet.report.clean import clean
from homeport_client.fleet.report.exits import Exit
from homeport_client.fleet.report.search import Search
from homeport_client.fleet.report.sentences import counted
from homeport_client.fleet.report.summary import Failure, Summary
from homeport_client.fleet.report.terminal import draw, draw_story
from homeport_client.fleet.report.units import spoken
from homeport_client.fleet.sim.fleet import Fleet
from homeport_client.fleet.summarize import summarize


def play_simulated(asked: Asked) -> Exit:
    """Play, tell, write; the exit code. Of several seeds the first that fails is told, or the first of them."""
    if asked.processes == 1:
        return _play(asked, asked.seed)
    swept = sweep(asked)
    return _what_there_is(asked, swept) if swept.stopped else _play(asked, swept.told or asked.seed)


def _play(asked: Asked, seed: int) -> Exit:
    script, watch = asked.script, Stopwatch()
    lasts = spoken(script.duration_s * 1_000, "ms")
    asked.say(f"{counted(script.devices, 'phone')}, {lasts}, network {asked.network}, simulated, seed {seed}.")
    with Board(asked.console, whole_s=script.duration_s) as board:
        played = Fleet(asked.app, seed, script=script, show=board.show).run()
    summary = _summary(asked, played, watch)
    draw(asked.console, summary)  # whatever becomes of what follows
    if summary.violations and asked.wanted.failures and (failure := _failure(asked, played, asked.wanted.failures)):
        summary = replace(summary, failure=failure)
        draw_story(asked.console, failure)
    return asked.end(summary)


def _what_there_is(asked: Asked, swept: Swept) -> Exit:
    """Of seeds that were stopped: the one that would be told, if any is over."""
    if swept.told is None:
        return Exit.KEPT
    summary = swept.over[swept.told]
    draw(asked.console, summary)
    return asked.end(summary)


def _summary(asked: Asked, played: Played, watch: Stopwatch) -> Summary:
    return summarize(
        played,
        asked.app.catalog,
        network=asked.network,
        again=asked.again(played.story.seed, "simulated"),
        planned_s=asked.script.duration_s,
        bounds=asked.bounds,
        wall=watch.read(),
    )


def _failure(asked: Asked, played: Played, directory: Path) -> Failure | None:
    """The shortest story, and the test file that plays it again, as far as they come. Ctrl-C leaves it."""
    try:
        shortest = _shortest(asked, played)
    except KeyboardInterrupt:
        return None
    except Exception as error:  # noqa: BLE001  # an act, an invariant or a checker may raise what it likes
        asked.say(f"It could not be made shorter ({type(error).__name__}: {error}).")
        return None
    failure = clean(shortest.failure)
    file = directory / f"test_seed_{played.story.seed}.py"
    script = str(asked.sources.script) if asked.sources.script else ""
    text = pytest_file(
        shortest.story,
        app=str(asked.sources.app),
        script=script,
        sentences=failure.sentences,
        above=_above(directory),
    )
    try:
        keep(file, clean(text).encode())
    except OSError as error:
        asked.say(f"Its story could not be kept in {file} ({error.strerror}).")
        return failure
    return replace(failure, file=clean(str(file)))


def _above(directory: Path) -> int | None:
    """How many directories it is below the current one, so that its files are played from anywhere; None if it is
    elsewhere."""
    inside = not directory.is_absolute() and ".." not in directory.parts
    return len(directory.parts) if inside else None


def _shortest(asked: Asked, played: Played) -> Shortest:
    steps = len(played.story.steps)
    with Search(asked.console, steps) as search:
        return shorten(played, asked.app, asked.script, told=lambda story: search.found(len(story.steps)))
