"""What a live fleet needs of the place it calls: a server on a file, processes on PostgreSQL, or what runs already."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from homeport_client.fleet.check.evidence import Followed, Revoked
from homeport_client.fleet.live.notified import Account
from homeport_sync.ports import LogEntry


class Part(Protocol):
    """A process that may die at any moment, and live again. Whoever kills or starts it while others may do so too holds
    `turn` (see `trouble.py`)."""

    turn: asyncio.Lock

    @property
    def running(self) -> bool:
        """Whether there is a process, and nobody is about to end it."""

    @property
    def fallen(self) -> str:
        """How it ended, with its last words, if nobody ended it; nothing while it runs or when somebody did."""

    async def start(self) -> None:
        """A new life, ready when this returns. Raises `ProcessFailed`, also if the former one has ended by itself."""

    async def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed. Harmless when nothing runs; raises `ProcessFailed` with its
        last words if it has ended by itself."""


class Site(Protocol):
    """Where phones find Homeport, and what may happen to it there."""

    @property
    def url(self) -> str:
        """What phones call, the same in every life. Known once it has started."""

    @property
    def parts(self) -> Mapping[str, Part]:
        """All its processes, by name."""

    @property
    def follows(self) -> bool:
        """Whether anybody follows the log there."""

    async def start(self) -> None:
        """All that serves, ready when this returns. Before anything else is asked of it. Raises `ProcessFailed`, and
        `FleetError` where a fleet may not play, or cannot."""

    async def make_tenant(self, name: str) -> str:
        """A tenant, by the command line: its id, by which the others below know it."""

    async def tokens(self, users: Sequence[str], tenant: str) -> Mapping[str, str]:
        """A token for each user, by the command line."""

    async def head(self, tenant: str) -> int:
        """The last position of its log, as the database has it now, or had it when it could last be read."""

    async def followed(self, tenant: str) -> Sequence[Followed]:
        """How far its followers have come, as the database has it now; none while it does not run."""

    async def revoked(self, tenant: str) -> Sequence[Revoked]:
        """Its ended grants and who has answered them, as the database has it now."""

    async def notified(self, tenant: str) -> Account:
        """What it says was told to whom, as the database has it now."""

    async def to_tell(self, tenant: str) -> int:
        """How much of what happened the app's rules and the lanes have still to do, as the database has it now: 0 if
        all is told that is to be told."""

    async def log(self, tenant: str) -> Sequence[LogEntry]:
        """Its whole log, as the database has it now, read with nothing of ours."""
