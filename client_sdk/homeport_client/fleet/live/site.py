"""What a live fleet needs of the place it calls: one server on a file, or many processes on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from homeport_client.fleet.check.evidence import Followed
from homeport_sync.ports import LogEntry


class Part(Protocol):
    """A process that may die at any moment, and live again."""

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
    def serving(self) -> bool:
        """Whether enough of it runs to serve anybody."""

    @property
    def follows(self) -> bool:
        """Whether anybody follows the log there."""

    async def start(self) -> None:
        """All that serves, ready when this returns. Raises `ProcessFailed`."""

    async def make_tenant(self, name: str) -> None:
        """A tenant, by the command line."""

    async def token(self, user: str, tenant: str) -> str:
        """A token, by the command line."""

    async def head(self) -> int:
        """The last position of the log, as the database has it now, or had it when it could last be read."""

    async def followed(self) -> Sequence[Followed]:
        """How far the followers have come, as the database has it now; none while it does not run."""

    async def log(self) -> Sequence[LogEntry]:
        """The whole log, as the database has it now, read with nothing of ours."""
