"""Where a schema is moved: one database, opened as its owner, where only one at a time may migrate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from homeport_server.migrations.steps import Step
from homeport_sync.catalog import Catalog


class Place(Protocol):
    """A database whose schema can be moved."""

    dialect: str
    """`sqlite` or `postgresql`."""

    def opened(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection of the owner. Raises `Unavailable` if nobody answers."""

    def alone(self, connection: AsyncConnection) -> AbstractAsyncContextManager[None]:
        """Nobody else migrates meanwhile: whoever comes second waits. Raises `MigrationBusy` after a while."""

    async def version(self) -> int:
        """The schema version that is there, without touching anything; 0 for no database at all. Raises
        `MigrationRefused` for a database of another application."""

    async def version_in(self, connection: AsyncConnection) -> int:
        """The same on a connection of `opened`."""

    async def run(self, connection: AsyncConnection, step: Step, *, lose_data: bool) -> None:
        """Do the step whole or not at all, without holding others up for long. Raises `MigrationRefused` if it would
        lose data, `MigrationBusy` if others do not let it."""

    async def prepare(self, connection: AsyncConnection) -> str:
        """Make what the steps need around them, if it is missing; what was made and wants to be known, or nothing."""

    async def finish(self, connection: AsyncConnection) -> None:
        """Give the servers what they need on the tables that are there, and no more. May be done again."""

    async def index(self, connection: AsyncConnection, catalog: Catalog, tell: Callable[[str], None]) -> None:
        """Make what the queries of an app need and do not find, beside those who write, telling each by its name. What
        was made stays when a later one fails. Raises `MigrationBusy` if others do not let it."""

    def index_statements(self, catalog: Catalog) -> Sequence[str]:
        """The SQL of `index`, for the plan."""

    async def drop_unused(self, connection: AsyncConnection, catalog: Catalog, tell: Callable[[str], None]) -> None:
        """Drop the indexes that its queries do not need, telling each by its name."""

    async def around(self) -> str:
        """The SQL of `prepare` and `finish`, for the plan."""
