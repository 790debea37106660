"""A real server for real phones: `homeport serve` as a process of its own, which can be killed and started again.

Its log is read from the database file by SQL alone, so that what the server says of itself is not believed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from homeport_client.fleet.check.evidence import Followed, Revoked
from homeport_client.fleet.live import sqlite
from homeport_client.fleet.live.accounts import Accounts
from homeport_client.fleet.live.homeport import HASTE, HomeportProcess
from homeport_client.fleet.live.notified import Account, account
from homeport_client.fleet.live.process import free_port
from homeport_client.fleet.live.rows import (
    addresses_of,
    entry,
    followed,
    followed_of,
    head_of,
    log_of,
    receipts_of,
    revoked,
    revoked_of,
    tail_of,
    to_tell_of,
    told_of,
)
from homeport_client.fleet.live.site import Part
from homeport_sync.ports import LogEntry


class RealServer:
    """One data directory and the processes that serve it, one after the other, on one port."""

    def __init__(self, app: Path, data: Path, *, settings: Mapping[str, str] | None = None) -> None:
        port = str(free_port())
        self.url = f"http://127.0.0.1:{port}"
        self._data = data
        self._accounts = Accounts({"HOMEPORT_DATA": str(data)})
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
    def running(self) -> bool:
        """Whether there is a process, and nobody is about to end it."""
        return self._process.running

    @property
    def fallen(self) -> str:
        """How it ended, with its last words, if nobody ended it."""
        return self._process.fallen

    @property
    def pid(self) -> int:
        """The id of the process. Raises `ProcessFailed` if there is none."""
        return self._process.pid

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

    async def make_tenant(self, name: str) -> str:
        """See `Site`."""
        return await self._accounts.make_tenant(name)

    async def tokens(self, users: Sequence[str], tenant: str) -> dict[str, str]:
        """See `Site`."""
        return await self._accounts.tokens(users, tenant)

    async def token(self, user: str, tenant: str) -> str:
        """A token for one user."""
        return (await self.tokens([user], tenant))[user]

    async def head(self, tenant: str) -> int:
        """See `Site`."""
        return int(str((await self._rows(head_of(tenant)))[0][0])) if self._process.lives else 0

    async def followed(self, tenant: str) -> list[Followed]:
        """See `Site`."""
        return [followed(row) for row in await self._rows(followed_of(tenant))] if self._process.lives else []

    async def revoked(self, tenant: str) -> list[Revoked]:
        """See `Site`."""
        return revoked(await self._rows(revoked_of(tenant)))

    async def notified(self, tenant: str) -> Account:
        """See `Site`."""
        return account(
            await self._rows(told_of(tenant)),
            await self._rows(addresses_of(tenant)),
            await self._rows(receipts_of(tenant)),
        )

    async def to_tell(self, tenant: str) -> int:
        """See `Site`."""
        return int(str((await self._rows(to_tell_of(tenant)))[0][0]))

    async def log_after(self, tenant: str, position: int, limit: int) -> list[LogEntry]:
        """The newest entries behind a position, in order: at most so many, so that one can follow a log as it grows."""
        return [entry(row) for row in reversed(await self._rows(tail_of(tenant, position, limit)))]

    async def log(self, tenant: str) -> list[LogEntry]:
        """See `Site`."""
        return [entry(row) for row in await self._rows(log_of(tenant))]

    async def _rows(self, sql: str) -> list[tuple[object, ...]]:
        return await asyncio.to_thread(sqlite.rows, self._data, sql)
