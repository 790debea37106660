"""A real server for real phones: `homeport serve` as a process of its own, which can be killed and started again.

Its log is read from the database file by SQL alone, so that what the server says of itself is not believed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from homeport_client.fleet.check.evidence import Followed
from homeport_client.fleet.live.homeport import HASTE, HomeportProcess, ask
from homeport_client.fleet.live.process import free_port
from homeport_client.fleet.live.rows import FOLLOWED, HEAD, LOG, entry, followed
from homeport_client.fleet.live.site import Part
from homeport_sync.ports import LogEntry


class RealServer:
    """One data directory and the processes that serve it, one after the other, on one port."""

    def __init__(self, app: Path, data: Path, *, settings: Mapping[str, str] | None = None) -> None:
        port = str(free_port())
        self.url = f"http://127.0.0.1:{port}"
        self._data = data
        self._process = HomeportProcess(
            ["serve", str(app), "--host", "127.0.0.1", "--port", port, "--data", str(data)],
            ready="listening",
            said=data / "server.log",
            environ={**HASTE, **(settings or {})},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    @property
    def parts(self) -> Mapping[str, Part]:
        """See `Site`."""
        return {"server": self._process}

    @property
    def serving(self) -> bool:
        """See `Site`."""
        return self._process.running

    @property
    def follows(self) -> bool:
        """See `Site`. The server does it beside its requests."""
        return True

    async def start(self) -> None:
        """A new process, ready when this returns. Raises `ProcessFailed`."""
        await self._process.start()

    async def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed. Harmless when nothing runs."""
        await self._process.kill()

    async def make_tenant(self, name: str) -> None:
        """See `Site`."""
        await ask("tenant", "create", name, "--data", str(self._data))

    async def token(self, user: str, tenant: str) -> str:
        """See `Site`."""
        return await ask("token", "--user", user, "--tenant", tenant, "--data", str(self._data))

    async def head(self) -> int:
        """See `Site`."""
        if not self._process.lives:
            return 0
        with closing(self._open()) as database:
            (position,) = database.execute(HEAD).fetchone()
        return int(position)

    async def followed(self) -> list[Followed]:
        """See `Site`."""
        if not self._process.lives:
            return []
        with closing(self._open()) as database:
            return [followed(row) for row in database.execute(FOLLOWED)]

    async def log(self) -> list[LogEntry]:
        """See `Site`."""
        with closing(self._open()) as database:
            return [entry(row) for row in database.execute(LOG)]

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self._data / 'homeport.sqlite3'}?mode=ro", uri=True, timeout=5)
