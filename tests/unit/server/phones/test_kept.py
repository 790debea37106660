"""Nothing outlives us: neither what is kept, nor a crowd whose pipe closes."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from homeport_client.fleet.live import process
from homeport_server.phones.keeper import keep
from homeport_server.phones.kept import Kept
from homeport_server.phones.loose import Orders, Standing
from tests.unit.server.phones import desk

_IDLE = (sys.executable, "-I", "-S", "-c", "input()")
_DIES = f"""
import os, signal, subprocess, sys
from pathlib import Path
from homeport_server.phones.kept import Kept
with Kept() as kept:
    child = subprocess.Popen({_IDLE!r}, stdin=subprocess.PIPE, start_new_session=True)
    kept.keep(child.pid)
    kept.throw_away(Path(sys.argv[1]))
    print(child.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def idle() -> subprocess.Popen[bytes]:
    return subprocess.Popen(_IDLE, stdin=subprocess.PIPE, start_new_session=True)


def test_orders_name_those_who_are_left() -> None:
    assert keep(["+12\n", "+7\n", "-12\n", "nonsense\n", "/a b\n", "+\n", "*3\n", "\n"]) == ({7}, {"/a b"})


def test_what_is_kept_ends_with_us_and_what_was_released_does_not() -> None:
    with idle() as kept, idle() as released:
        with Kept() as keeper:
            for each in (kept, released):
                keeper.keep(each.pid)
            keeper.release(released.pid)
            assert kept.poll() is None
        assert kept.wait(10) == -signal.SIGKILL
        assert released.poll() is None
        released.communicate(b"\n", timeout=10)


def test_what_is_kept_ends_even_when_we_are_killed_and_what_is_thrown_away_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "thrown away"
    folder.mkdir()
    (folder / "secret").write_text("s")
    dying = subprocess.run([sys.executable, "-c", _DIES, str(folder)], stdout=subprocess.PIPE, check=False, timeout=30)
    child = int(dying.stdout)
    assert dying.returncode == -signal.SIGKILL
    asyncio.run(process.until(lambda: not process.alive(child), within_s=10, awaited="the child is gone"))
    asyncio.run(process.until(lambda: not folder.exists(), within_s=10, awaited="the folder is gone"))


def test_a_crowd_whose_pipe_closes_ends_and_until_then_says_how_it_stands_whatever_the_app_prints(
    tmp_path: Path,
) -> None:
    app = tmp_path / "app.py"
    app.write_text(Path(desk.__file__).read_text() + '\nprint("Hello.", flush=True)\n')
    orders = Orders(app=str(app), url=desk.NOWHERE, scope="-", host_token="-", tokens={"crowd-1": "-"})
    command = [sys.executable, "-P", "-m", "homeport_server.phones.loose"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as crowd:
        assert crowd.stdin
        assert crowd.stdout
        crowd.stdin.write(msgspec.json.encode(orders) + b"\n")
        crowd.stdin.flush()
        stands = msgspec.json.decode(crowd.stdout.readline(), type=Standing)
        assert stands == Standing(devices=0, online=0, offline=0, pending=0, written=0)
        crowd.stdin.close()
        assert crowd.wait(10) == 0
