"""The page opens where somebody sees it, and Ctrl-C ends everything that it started."""

from __future__ import annotations

import asyncio
import os
import re
import runpy
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from homeport_server.cli import main
from homeport_server.pages.gate import ENTER_PATH
from homeport_server.phones.browser import is_watched
from tests.edge.phones.standing import APP, HERE

STARTED_S = 60
ENDED_S = 20


@pytest.mark.parametrize(
    ("environ", "platform", "watched"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "linux", False),
        ({}, "darwin", True),
        ({}, "win32", True),
        ({"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}, "darwin", False),
        ({"SSH_TTY": "/dev/pts/0", "DISPLAY": "localhost:10"}, "linux", True),
        ({"DISPLAY": ":0", "CI": "true"}, "linux", False),
    ],
)
def test_a_page_is_watched_where_there_is_a_display(environ: Mapping[str, str], platform: str, watched: bool) -> None:
    assert is_watched(environ, terminal=True, platform=platform) == watched
    assert not is_watched(environ, terminal=False, platform=platform)


@pytest.mark.parametrize(
    ("given", "watched", "shown"),
    [
        ([], True, True),
        ([], False, False),
        (["--page"], False, True),
        (["--story"], True, False),
        (["--postgres"], True, False),
        (["--seed", "7"], True, False),
        (["--devices", "30"], True, False),
        (["--port", "0"], True, True),
    ],
)
def test_the_demo_shows_the_page_to_those_who_see_it_and_tells_its_story_to_all_others(
    given: list[str], watched: bool, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = runpy.run_path(str(APP.with_name("demo.py")))
    monkeypatch.setattr(sys, "argv", ["demo.py", *given])
    assert demo["is_page"](demo["arguments"](), watched) == shown


def test_a_port_that_is_taken_is_told_of_in_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        given = ["phones", str(APP), "--no-open", "--port", str(taken.getsockname()[1])]
        result = CliRunner().invoke(main, given)
    assert result.exit_code == 2
    assert "cannot be listened on" in result.output
    assert "--port" in result.output


def test_what_is_no_app_is_told_of_in_a_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["phones", str(tmp_path / "none.py"), "--no-open", "--port", "0"])
    assert result.exit_code == 2
    assert "none.py" in result.output


async def test_ctrl_c_ends_the_page_though_somebody_looks_and_the_server_with_it(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "homeport_server", "phones", str(APP), "--open", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "BROWSER": str(a_browser(tmp_path))},
        start_new_session=True,
    )
    assert process.stdout
    try:
        async with asyncio.timeout(STARTED_S):
            line = (await process.stdout.readline()).decode()
        found = re.search(r"(http://[\d.:]+)/\S*#key=([^\s&]+)", line)
        assert found, line
        origin, key = found.groups()
        async with httpx2.AsyncClient(base_url=origin) as browser:
            # What the browser was started with stands in the list of processes for as long as that runs.
            seen = await opened_with(process, tmp_path)
            assert key not in seen
            for status in (303, 401):
                form = {"key": seen.partition("#key=")[2].strip(), "back": "/"}
                assert (await browser.post(ENTER_PATH, data=form, headers=HERE)).status_code == status
            await browser.post(ENTER_PATH, data={"key": key, "back": "/"}, headers=HERE)
            page = (await browser.get("/")).text
            server = re.search(r'data-part="pid">(\d+)<', page)
            assert server
            async with browser.stream("GET", "/live") as stream:
                await anext(stream.aiter_bytes())
                process.send_signal(signal.SIGINT)
                async with asyncio.timeout(ENDED_S):
                    code = await process.wait()
        assert code == 0
        assert not is_alive(int(server[1]))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def a_browser(directory: Path) -> Path:
    """One that only writes down with which words it was started."""
    program = directory / "browser"
    program.write_text(f'#!/bin/sh\necho "$@" > {directory}/words\n')
    program.chmod(0o700)
    return program


async def opened_with(process: asyncio.subprocess.Process, directory: Path) -> str:
    """The words that the browser was started with, once the page has said that all is ready."""
    assert process.stdout
    async with asyncio.timeout(STARTED_S):
        await process.stdout.readline()
    return (directory / "words").read_text()


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
