"""How the page with two phones ends: Ctrl-C ends all that it has started, and so does the end of its process, if that
is killed. Where there is no terminal there is no page at all, and the story is told as ever."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2

from homeport_client.fleet.live.process import alive, family, until
from tests.fleet.opened import DEMO, WITHIN_S, Opened, interrupted, opened_page

BEGUN = 2  # the page and the keeper: the server and what is asked of it come next
OTHERS = 3  # the keeper, the server and the crowd
HERE = {"sec-fetch-site": "same-origin"}
DISPLAY = {"DISPLAY": ":0", "BROWSER": "true", "CI": ""}
CTRL_C = (0, 130)
STORY_STOPPED = (1, 130)  # with a report of what it saw, if the phones write already


async def test_ctrl_c_ends_the_page_well_and_leaves_no_process_behind() -> None:
    assert await _left_after(Opened.interrupt) in CTRL_C


async def test_ctrl_c_ends_a_page_that_has_only_begun_and_nobody_complains(tmp_path: Path) -> None:
    said, command = tmp_path / "said", (sys.executable, str(DEMO), "--page", "--port", "0")
    with said.open("w") as complaints:
        process = await asyncio.create_subprocess_exec(*command, stderr=complaints, start_new_session=True)
    await until(lambda: len(family(process.pid)) > BEGUN, within_s=WITHIN_S, awaited="the server is a process")
    doomed = family(process.pid)
    assert await interrupted(process) in CTRL_C
    await until(lambda: not any(map(alive, doomed)), within_s=WITHIN_S, awaited=f"{doomed} are no more")
    assert said.read_text() == ""


async def test_a_page_that_is_killed_leaves_no_process_behind() -> None:
    assert await _left_after(Opened.kill) < 0


async def test_without_a_terminal_the_demo_tells_the_story_even_where_there_is_a_display() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(DEMO)),
        stdout=subprocess.PIPE,
        env={**os.environ, **DISPLAY},
        start_new_session=True,
    )
    assert process.stdout is not None
    async with asyncio.timeout(WITHIN_S):
        first = (await process.stdout.readline()).decode()
    await interrupted(process)
    assert first.startswith("20 phones write for about 20 s")


async def _left_after(end: Callable[[Opened], Awaitable[int]]) -> int:
    """The exit code of a page that ends so, with a crowd let loose, once nothing of it is left."""
    async with opened_page() as opened:
        await _let_loose(opened)
        page = opened.process.pid
        await until(lambda: len(family(page)) > OTHERS, within_s=WITHIN_S, awaited="the crowd is a process")
        doomed = family(page)
        code = await end(opened)
        await until(lambda: not any(map(alive, doomed)), within_s=WITHIN_S, awaited=f"{doomed} are no more")
    return code


async def _let_loose(opened: Opened) -> None:
    """As a click on the page does, by somebody who has its link."""
    async with httpx2.AsyncClient(base_url=opened.origin, headers=HERE, timeout=WITHIN_S) as browser:
        key = opened.link.partition("#key=")[2]
        assert (await browser.post("/pages/enter", data={"key": key, "back": "/"})).status_code == 303
        assert (await browser.post("/crowd/loose", data={"devices": "50"})).status_code == 204
