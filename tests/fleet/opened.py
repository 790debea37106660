"""The page with two phones as `make demo` opens it: a process of its own, found by the line it prints."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

DEMO = Path(__file__).parents[2] / "examples" / "tasks" / "demo.py"
WITHIN_S = 60.0
_LINK = re.compile(r"http://\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The process, which leads a group of its own as that of a terminal's foreground does, and the page's link."""

    process: asyncio.subprocess.Process
    link: str

    @property
    def origin(self) -> str:
        """Where the page is, such as http://127.0.0.1:8010."""
        return self.link.partition("/pages/")[0]

    async def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        return await interrupted(self.process)

    async def kill(self) -> int:
        """SIGKILL to the page's process, and to no other; its exit code."""
        self.process.kill()
        return await _over(self.process)


async def interrupted(process: asyncio.subprocess.Process) -> int:
    """Ctrl-C, as a terminal sends it to the whole group that the process leads; its exit code."""
    os.killpg(process.pid, signal.SIGINT)
    return await _over(process)


async def _over(process: asyncio.subprocess.Process) -> int:
    async with asyncio.timeout(WITHIN_S):
        await process.communicate()  # who does not read what it says would hold it up
    assert process.returncode is not None
    return process.returncode


@asynccontextmanager
async def opened_page(*arguments: str, app: Path | None = None) -> AsyncIterator[Opened]:
    """The page, with the example's app or another, ready to be opened; its process is ended with the block."""
    begins = ("-m", "homeport_server", "phones", str(app), "--no-open") if app else (str(DEMO), "--page")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *begins, "--port", "0", *arguments),
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield Opened(process=process, link=await _link(process))
    finally:
        if process.returncode is None:
            process.terminate()
            await _over(process)


async def _link(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(WITHIN_S):
        async for line in process.stdout:
            if found := _LINK.search(line.decode()):
                return found[0]
    raise AssertionError(f"the page ended with exit code {await process.wait()} before it could be opened")
