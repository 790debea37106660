"""The schema of one SQLite file: each step is one transaction, and SQLite's write lock lets one at a time migrate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from homeport_server.errors import MigrationBusy
from homeport_server.migrations.steps import Step, run_step, version_of
from homeport_sync.catalog import Catalog
from homeport_sync.sql.sqlite.connection import make_file
from homeport_sync.sql.sqlite.indexes import READ_INDEXES, missing, unused

WAIT_S = 10.0  # for another process's transaction


class SqlitePlace:
    """See `Place`. The file is made, for its owner alone, by the first step."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self._path = path

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[AsyncConnection]:
        """See `Place`."""
        make_file(self._path)
        async with self._connected("BEGIN IMMEDIATE") as connection:
            yield connection

    @asynccontextmanager
    async def _connected(self, begin: str) -> AsyncIterator[AsyncConnection]:
        engine = create_async_engine(
            URL.create("sqlite+aiosqlite", database=str(self._path)),
            poolclass=NullPool,
            connect_args={"isolation_level": None, "timeout": WAIT_S},  # transactions begin where we say
        )
        event.listen(engine.sync_engine, "begin", lambda raw: raw.exec_driver_sql(begin))
        try:
            async with engine.connect() as connection:
                yield connection
        except OperationalError as error:
            if "locked" in str(error.orig):
                raise MigrationBusy(
                    f"{self._path} was in use for {WAIT_S:.0f} s on end: run it again, or stop the server for it."
                ) from error
            raise
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def alone(self, connection: AsyncConnection) -> AsyncIterator[None]:
        """See `Place`. Each step looks behind the lock, so there is nothing to hold in between."""
        yield

    async def version(self) -> int:
        """See `Place`."""
        if not self._path.exists():
            return 0
        async with self._connected("BEGIN") as connection:
            return await self.version_in(connection)

    async def version_in(self, connection: AsyncConnection) -> int:
        """See `Place`."""
        return await connection.run_sync(version_of)

    async def run(self, connection: AsyncConnection, step: Step, *, lose_data: bool) -> None:
        """See `Place`."""

        def run(raw: Connection) -> None:
            if version_of(raw) == step.start:  # or somebody was faster
                run_step(raw, step, lose_data=lose_data)

        async with connection.begin():
            await connection.run_sync(run)

    async def prepare(self, connection: AsyncConnection) -> str:
        """See `Place`: SQLite has no roles."""
        return ""

    async def finish(self, connection: AsyncConnection) -> None:
        """See `Place`: SQLite has no roles."""

    async def index(self, connection: AsyncConnection, catalog: Catalog, tell: Callable[[str], None]) -> None:
        """See `Place`. A server would make them, too, as it starts."""
        for each in missing(await self._indexes(connection), catalog):
            await self._do(connection, each.made())
            tell(each.name)

    def index_statements(self, catalog: Catalog) -> Sequence[str]:
        """See `Place`."""
        return [each.made() for each in missing((), catalog)]

    async def drop_unused(self, connection: AsyncConnection, catalog: Catalog, tell: Callable[[str], None]) -> None:
        """See `Place`."""
        for name in unused(await self._indexes(connection), catalog):
            await self._do(connection, f'DROP INDEX IF EXISTS "{name}"')
            tell(name)

    async def _indexes(self, connection: AsyncConnection) -> list[str]:
        found = [str(row[0]) for row in await connection.exec_driver_sql(READ_INDEXES)]
        await connection.rollback()
        return found

    async def _do(self, connection: AsyncConnection, statement: str) -> None:
        async with connection.begin():
            await connection.exec_driver_sql(statement)

    async def around(self) -> str:
        """See `Place`: SQLite has no roles."""
        return ""
