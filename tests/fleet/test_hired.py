"""Processes that drive phones are gone when the fleet is stopped, when one of them fails, and when we are killed."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from homeport_client.fleet.live import process
from homeport_client.fleet.live.fleet import LiveFleet
from homeport_client.fleet.live.hired import HiredCrew
from homeport_client.fleet.live.process import PROC, ProcessFailed
from homeport_client.fleet.live.real import RealServer
from homeport_client.fleet.live.words import Crash, frame
from homeport_client.fleet.networks import PERFECT
from homeport_client.fleet.report.board import Now
from homeport_client.fleet.sources import Sources
from homeport_sync import App

ROOT = Path(__file__).parents[2]
APP = ROOT / "examples" / "tasks" / "app.py"
SOURCES = Sources(app=APP, devices=16, duration_s=60, network=PERFECT)
HAND = "homeport_client.fleet.live.hand"
ALONE = """
import asyncio, sys
from pathlib import Path
from homeport_client.fleet.live.fleet import LiveFleet
from homeport_client.fleet.live.running import RunningSite
from homeport_client.fleet.sources import Sources
sources = Sources(app=Path(sys.argv[1]), devices=16, duration_s=60)
app, script = sources.load()
site = RunningSite(sys.argv[2], Path(sys.argv[3]))
asyncio.run(LiveFleet(app, site, 1, script=script, processes=2, sources=sources).run())
"""


@pytest.fixture
async def server(directory: Path) -> AsyncIterator[RealServer]:
    async with RealServer(APP, directory / "data") as real:
        yield real


def hands(parent: int) -> list[int]:
    """The processes below `parent` that drive phones."""
    return [each for each in process.family(parent) if HAND.encode() in command_line(each)]


def command_line(each: int) -> bytes:
    try:
        return (PROC / str(each) / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""  # ended since it was listed


def fleet_at(app: App, server: RealServer, shown: list[Now]) -> LiveFleet:
    _, script = SOURCES.load()
    return LiveFleet(app, server, 1, script=script, processes=2, sources=SOURCES, show=shown.append)


async def test_a_fleet_that_is_stopped_says_what_it_knows_and_its_processes_are_gone(
    app: App, server: RealServer
) -> None:
    shown: list[Now] = []
    fleet = fleet_at(app, server, shown)
    playing = asyncio.create_task(fleet.run())
    await process.until(lambda: bool(shown and shown[-1].sample.logged > 10), within_s=60, awaited="they write")
    assert len(hands(os.getpid())) == 2
    began_s = time.monotonic()
    playing.cancel()
    played = await playing
    assert time.monotonic() - began_s < 1
    assert not hands(os.getpid())
    assert played.verdict is None
    assert played.story.steps
    assert len(played.story.handsets) == 16
    assert len(played.meters) > 1


async def test_a_process_that_fails_is_told_with_its_last_words_and_ends_the_fleet(
    app: App, server: RealServer
) -> None:
    shown: list[Now] = []
    playing = asyncio.create_task(fleet_at(app, server, shown).run())
    await process.until(lambda: bool(shown), within_s=60, awaited="they play")
    os.kill(hands(os.getpid())[0], signal.SIGABRT)
    with pytest.raises(ProcessFailed, match=r"drives phones ended by itself with exit code -6"):
        await playing
    assert not hands(os.getpid())


async def test_a_script_that_cannot_be_loaded_there_is_told_by_its_own_words(app: App, server: RealServer) -> None:
    gone = Sources(app=APP, script=Path("no_such_script.py"))
    _, script = SOURCES.load()
    with pytest.raises(ProcessFailed, match=r"ended by itself with exit code 1\. .*no_such_script"):
        await LiveFleet(app, server, 1, script=script, processes=2, sources=gone).run()


async def test_a_process_that_says_more_than_anybody_reads_is_heard_to_its_last_words(
    app: App, server: RealServer, tmp_path: Path
) -> None:
    chatty = tmp_path / "chatty.py"
    chatty.write_text("import sys\nprint('x' * 1_000_000, file=sys.stderr)\nraise RuntimeError('no such luck')\n")
    _, script = SOURCES.load()
    with pytest.raises(ProcessFailed, match=r"ended by itself with exit code 1\. .*no such luck"):
        await LiveFleet(app, server, 1, script=script, processes=2, sources=Sources(app=APP, script=chatty)).run()


async def test_whoever_has_asked_a_process_is_told_that_its_answers_cannot_be_used() -> None:
    def crash() -> None:
        raise ZeroDivisionError

    crew, said = HiredCrew(SOURCES, crash), asyncio.StreamReader()
    process = cast(asyncio.subprocess.Process, SimpleNamespace(stdout=said))
    asked = asyncio.create_task(crew.play())
    await asyncio.sleep(0)
    said.feed_data(frame(Crash()))
    await crew._hear(process, asyncio.create_task(asyncio.sleep(0)))
    with pytest.raises(ProcessFailed, match=r"cannot be used \(ZeroDivisionError"):
        await asked
    with pytest.raises(ProcessFailed, match="cannot be used"):
        await crew.stand()


async def test_processes_do_not_outlive_whoever_is_killed_above_them(server: RealServer, directory: Path) -> None:
    await server.start()
    words = [sys.executable, "-c", ALONE, str(APP), server.url, str(directory / "data")]
    above = await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.DEVNULL)
    await process.until(lambda: len(hands(above.pid)) == 2, within_s=60, awaited="it has hired two")
    below = hands(above.pid)
    above.kill()
    await above.wait()
    await process.until(lambda: not any(map(process.alive, below)), within_s=2, awaited="they are gone")
