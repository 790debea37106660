"""A program's life ends by our hand, or by itself: then whoever would end it is told, and so is the fleet's verdict."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from homeport_client.fleet.hurried import hurried
from homeport_client.fleet.live import process
from homeport_client.fleet.live.fleet import LiveFleet
from homeport_client.fleet.live.homeport import HomeportProcess
from homeport_client.fleet.live.life import Life
from homeport_client.fleet.live.nats import RealNats
from homeport_client.fleet.live.postgres import RealPostgres
from homeport_client.fleet.live.process import ProcessFailed
from homeport_client.fleet.live.real import RealServer
from homeport_client.fleet.live.site import Part, Site
from homeport_sync import App, load_app

ROOT = Path(__file__).parents[2]
APP = ROOT / "examples" / "tasks" / "app.py"
WAITS = "import sys; sys.stdin.read()"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {WAITS!r}])"
SCRIPT = hurried(load_app(APP), devices=4, duration_s=3)


def started(program: str) -> tuple[Life, subprocess.Popen[bytes]]:
    """A life, and its process; whoever of it still lives holds its standard output open."""
    made = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    return Life("The program", made, lambda: "its last words"), made


async def ended(program: subprocess.Popen[bytes]) -> None:
    await process.until(lambda: program.poll() is not None, within_s=30, awaited="it has ended")


async def test_who_ends_by_itself_is_told_to_whoever_would_end_it_and_once() -> None:
    life, program = started("import sys; sys.exit(3)")
    with program:
        await ended(program)
        assert not life.running
        assert life.fallen == "The program ended by itself with exit code 3. its last words"
        with pytest.raises(ProcessFailed, match="its last words"):
            await life.kill()
        assert not life.fallen
        await life.kill()


async def test_who_is_asked_to_stop_and_had_ended_by_itself_is_told_too() -> None:
    life, program = started("import sys; sys.exit(3)")
    with program:
        await ended(program)
        with pytest.raises(ProcessFailed, match="exit code 3"):
            await life.stop(signal.SIGTERM, within_s=30)


async def test_who_is_ended_has_not_fallen() -> None:
    for end in (Life.kill, lambda life: life.stop(signal.SIGTERM, within_s=30)):
        life, program = started(WAITS)
        with program:
            await end(life)
            assert (life.running, life.fallen) == (False, "")
            await life.kill()


async def test_without_proc_a_process_is_killed_with_the_group_it_leads(tmp_path: Path) -> None:
    _, program = started(PARENT)
    with program:
        await process.until(lambda: len(process.family(program.pid)) > 1, within_s=30, awaited="it has a child")
        await process.kill(program.pid, proc=tmp_path / "no such directory")
        assert program.stdout is not None
        assert await asyncio.to_thread(program.stdout.read) == b"", "nobody is left who could write"
        assert program.wait() == -signal.SIGKILL


@pytest.mark.parametrize("made", [RealNats, RealPostgres])
async def test_a_part_that_fell_is_no_running_one_and_is_not_started_in_silence(
    made: type[RealNats | RealPostgres],
) -> None:
    part = made()
    await part.start()
    await falls(part, part.pid)
    with pytest.raises(ProcessFailed, match="ended by itself"):
        await part.start()
    with pytest.raises(ProcessFailed, match="ended by itself"):
        await part.__aexit__(None, None, None)


async def test_a_server_that_cannot_start_says_its_last_words(tmp_path: Path) -> None:
    server = HomeportProcess(["serve", "no_such_app.py"], ready="listening", said=tmp_path / "log")
    with pytest.raises(ProcessFailed, match=r"ended by itself with exit code 2.*no_such_app"):
        await server.start()
    assert not server.running
    assert server.lives == 0


async def falls(part: Part, pid: int) -> None:
    os.kill(pid, signal.SIGSEGV)
    await process.until(lambda: not part.running, within_s=30, awaited="it has fallen")
    assert part.fallen


@pytest.mark.parametrize("met", [False, True])
async def test_a_server_that_falls_is_in_the_verdict_whether_the_trouble_meets_it_or_not(
    app: App, directory: Path, met: bool
) -> None:
    async def trouble(site: Site, _for_s: float) -> None:
        part = site.parts["server"]
        await falls(part, part.pid)  # type: ignore[attr-defined]  # it is a `HomeportProcess`
        if met:
            await part.kill()

    async with RealServer(APP, directory / "data") as server:
        verdict = (await LiveFleet(app, server, 1, script=SCRIPT, trouble=trouble).run()).verdict
    assert verdict is not None
    assert [each[:54] for each in verdict.fallen] == ['homeport serve ended by itself with exit code -11. {"t']
    assert verdict.violations == verdict.fallen, "besides, every promise was kept"


def test_the_demo_can_be_loaded_where_there_are_no_accounts_of_unix() -> None:
    load = "import runpy, sys; sys.modules['pwd'] = None; runpy.run_path('examples/tasks/demo.py')"
    subprocess.run([sys.executable, "-c", load], cwd=ROOT, check=True)
