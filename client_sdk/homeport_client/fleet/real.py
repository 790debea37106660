"""A real server for real phones: `homeport serve` as a process of its own, which can be killed and started again.

Its log is read from the database file by SQL alone, so that what the server says of itself is not believed.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from homeport_sync.ports import LogEntry

START_S = 30.0
_HOMEPORT = (sys.executable, "-m", "homeport_server")
_LOG = """SELECT position, op, kind, record_id, scope_id, fields, before, stamp, device_id, number, user_id, outcome,
    request_id, created_at FROM log ORDER BY position"""


class ServerFailed(RuntimeError):
    """The server did not do what it was asked to. The message holds its last words."""


class RealServer:
    """One data directory and the processes that serve it, one after the other, on one port."""

    def __init__(self, app: Path, data: Path) -> None:
        self.url = ""
        self.lives = 0
        self._app = app
        self._data = data
        self._port = "0"
        self._process: asyncio.subprocess.Process | None = None
        self._said: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self._process is not None

    async def start(self) -> None:
        """A new process, ready when this returns. Raises `ServerFailed`."""
        place = ["--host", "127.0.0.1", "--port", self._port, "--data", str(self._data)]
        self._process = await asyncio.create_subprocess_exec(
            *_HOMEPORT,
            "serve",
            str(self._app),
            *place,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out = self._process.stdout or asyncio.StreamReader()
        try:
            async with asyncio.timeout(START_S):
                self.url = await _listening(out)
        except TimeoutError:
            await self.kill()
            raise ServerFailed(f"The server did not listen within {START_S:.0f} s.") from None
        self._port = self.url.rpartition(":")[2]
        self._said = asyncio.create_task(_drain(out))
        self.lives += 1

    async def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed. Harmless when nothing runs."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.wait()
        if self._said:
            await self._said

    async def make_tenant(self, name: str) -> None:
        """A tenant, by the command line."""
        await self._ask("tenant", "create", name)

    async def token(self, user: str, tenant: str) -> str:
        """A token, by the command line."""
        return await self._ask("token", "--user", user, "--tenant", tenant)

    def head(self) -> int:
        """The last position of the log, as the file has it now."""
        with closing(self._open()) as database:
            (position,) = database.execute("SELECT coalesce(max(position), 0) FROM log").fetchone()
        return int(position)

    def log(self) -> list[LogEntry]:
        """The whole log, as the file has it now."""
        with closing(self._open()) as database:
            return [_entry(row) for row in database.execute(_LOG)]

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self._data / 'homeport.sqlite3'}?mode=ro", uri=True, timeout=5)

    async def _ask(self, *words: str) -> str:
        # In a thread: unlike a task, it cannot be left in the middle with a process nobody waits for.
        ended = await asyncio.to_thread(_ended, [*_HOMEPORT, *words, "--data", str(self._data)])
        if ended.returncode:
            raise ServerFailed(f"homeport {' '.join(words)} failed: {ended.stdout.strip()}")
        return ended.stdout.strip()


def _ended(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # this interpreter, our own module
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


async def _listening(out: asyncio.StreamReader) -> str:
    """The URL from the line that says where the server listens."""
    said = []
    async for line in out:
        said.append(line.decode().strip())
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and event.get("event") == "listening":
            return str(event["url"])
    raise ServerFailed("The server ended before it listened: " + " ".join(said[-5:]))


async def _drain(out: asyncio.StreamReader) -> None:
    async for _ in out:
        pass


def _entry(row: tuple[object, ...]) -> LogEntry:
    position, op, kind, record, scope, fields, before, stamp, device, number, user, outcome, request_id, at = row
    return LogEntry(
        position=int(str(position)),
        op=op,  # type: ignore[arg-type]  # the column holds nothing else
        kind=str(kind),
        record=str(record),
        scope=str(scope),
        fields=json.loads(str(fields)),
        before=json.loads(str(before)),
        stamp=stamp,  # type: ignore[arg-type]  # as above
        device=str(device),
        number=int(str(number)),
        user=str(user),
        outcome=outcome,  # type: ignore[arg-type]  # as above
        request_id=str(request_id),
        accepted_at_ms=int(str(at)),
    )
