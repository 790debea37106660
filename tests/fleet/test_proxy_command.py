"""`homeport fleet proxy` at a terminal: what it says, and what it says no to."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from homeport_client.fleet.command.proxy import proxy
from homeport_client.fleet.live.process import free_port
from homeport_client.fleet.networks import NETWORKS
from tests.fleet.between import request
from tests.fleet.far_end import LONG_S, FarEnd

RUN = "from homeport_client.fleet.command.proxy import proxy; proxy()"


async def start(*words: str) -> Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", RUN, *words, stdout=PIPE, stderr=PIPE)


async def line(process: Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), LONG_S)).decode().rstrip()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
async def test_it_says_how_to_use_it_what_happens_and_in_the_end_what_has_happened(
    far: FarEnd, end: signal.Signals
) -> None:
    place = f"127.0.0.1:{free_port()}"
    process = await start("--network", "office", "--to", far.url, "--listen", place, "--seed", "7", "--plain")
    greeting = await line(process)
    assert f"{far.url} over the network office (seed 7)" in greeting
    assert f'Device.open(server="http://{place}")' in greeting
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(f"//{place}").port)
    writer.write(request(b"x" * 70_000, target="/api?token=secret"))
    assert b" 413 " in await reader.readline()
    writer.close()
    assert (await line(process)).split(" ", 1)[1] == "too_large      POST /api"
    process.send_signal(end)
    out, err = await asyncio.wait_for(process.communicate(), LONG_S)
    assert out.endswith(b" down.\nHappened: too_large 1.\n")
    assert b"1 requests on 1 connections" in out
    assert err == b""
    assert process.returncode == os.EX_OK


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--network", "moon", "--to", "http://127.0.0.1:1"], "'rough', 'wifi', 'mobile'"),
        (["--to", "http://127.0.0.1:1"], "Missing option '--network'"),
        (["--network", "wifi", "--to", "127.0.0.1:8000"], "expected a URL such as http://127.0.0.1:8000"),
        (["--network", "wifi", "--to", "http://127.0.0.1:8000/api"], "without a path"),
        (["--network", "wifi", "--to", "http://127.0.0.1:8000", "--listen", "8089"], "expected HOST:PORT"),
        (["--network", "wifi", "--to", "http://127.0.0.1:8000", "--listen", "a:b"], "expected HOST:PORT"),
        (["--network", "wifi", "--to", f"http://127.0.0.1:{free_port()}"], "start the server first"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(words: list[str], said: str) -> None:
    result = CliRunner().invoke(proxy, words)
    assert result.exit_code == 2
    assert said in result.output


def test_every_network_stands_in_the_help() -> None:
    shown = CliRunner().invoke(proxy, ["--help"], terminal_width=200).output
    assert all(name in shown for name in NETWORKS)


async def test_a_port_that_is_taken_is_said(far: FarEnd) -> None:
    taken = urlsplit(far.url).netloc.replace("localhost", "127.0.0.1")
    process = await start("--network", "wifi", "--to", far.url, "--listen", taken)
    _, err = await asyncio.wait_for(process.communicate(), LONG_S)
    assert b"choose another --listen" in err
    assert process.returncode == 2
