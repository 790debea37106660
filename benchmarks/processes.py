"""The processes under test: each on a free port of its own, found by the line it prints, stopped at the end."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.workload import APP

LISTENS_S = 30.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A server process and its port on 127.0.0.1."""

    port: int
    pid: int

    def memory_bytes(self) -> int:
        """The memory that it holds now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def cpu_s(self) -> float:
        """The processor time it has used so far, in seconds (user and system, all threads)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


@asynccontextmanager
async def serving(*arguments: str) -> AsyncIterator[Serving]:
    """A Python process with these arguments, once it has said in a JSON line at which `url` it listens."""
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    found: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    reading = asyncio.create_task(_read(process, found))
    try:
        yield Serving(port=await asyncio.wait_for(found, LISTENS_S), pid=process.pid)
    finally:
        with suppress(ProcessLookupError):  # it has ended by itself
            process.terminate()
        await process.wait()
        await reading


async def _read(process: asyncio.subprocess.Process, found: asyncio.Future[int]) -> None:
    """Read everything the process prints, so that it never waits for us; its port answers `found`."""
    if process.stdout is None:
        return
    async for line in process.stdout:
        if not found.done() and b'"listening"' in line:
            found.set_result(int(json.loads(line)["url"].rsplit(":", 1)[1]))
    if not found.done():
        found.set_exception(RuntimeError("the server ended before it listened"))


async def run(*arguments: str) -> str:
    """What `homeport` with these arguments prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "homeport_server", *arguments, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"homeport {arguments[0]} ended with exit code {process.returncode}")
    return printed.decode().strip()


@asynccontextmanager
async def homeport(data: Path, *flags: str) -> AsyncIterator[tuple[Serving, str]]:
    """A Homeport server over `data` with the tenant `bench`, and a token of its user ana."""
    await run("tenant", "create", "bench", "--data", str(data))
    token = await run("token", "--user", "ana", "--tenant", "bench", "--data", str(data))
    where = ("--host", "127.0.0.1", "--port", "0", "--data", str(data), "--sockets-per-user-max", "1000")
    async with serving("-m", "homeport_server", "serve", str(APP), *where, *flags) as server:
        yield server, token


async def measured(module: str, *parts: str, **settings: str) -> dict[str, float]:
    """What `python -m module parts` finds, in a process of its own and with these settings; its last line is JSON."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *parts, stdout=asyncio.subprocess.PIPE, env=os.environ | settings
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, f"{module} {' '.join(parts)} failed"
    figures: dict[str, float] = json.loads(printed.splitlines()[-1])
    return figures
