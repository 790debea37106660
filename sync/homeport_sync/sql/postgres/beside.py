"""The door of a PostgreSQL database: the same pool, and the tenant set for the policies as in our own transactions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from homeport_sync.sql.beside import Dialect, Found, Values
from homeport_sync.sql.postgres.database import Connection, Database


class PostgresBesideTransaction:
    """See `beside.BesideTransaction`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fetch(self, statement: str, values: Values) -> Sequence[Found]:
        """See `beside.BesideTransaction`."""
        return [tuple(row) for row in await self._connection.fetch(statement, *values)]

    async def execute(self, statement: str, values: Values) -> int:
        """See `beside.BesideTransaction`. PostgreSQL says it in words, such as "INSERT 0 2"."""
        done = await self._connection.execute(statement, *values)
        return int(done.rsplit(" ", 1)[-1])

    async def execute_many(self, statement: str, many: Iterable[Values]) -> None:
        """See `beside.BesideTransaction`."""
        await self._connection.executemany(statement, [tuple(values) for values in many])


class PostgresBeside:
    """See `beside.Beside`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def dialect(self) -> Dialect:
        """See `beside.Beside`."""
        return "postgresql"

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[PostgresBesideTransaction]:
        """See `beside.Beside`."""
        async with self._database.tenant(tenant) as connection:
            yield PostgresBesideTransaction(connection)

    async def read(self, tenant: str, statement: str, values: Values) -> Sequence[Found]:
        """See `beside.Beside`."""

        async def fetch(connection: Connection) -> Sequence[Found]:
            return [tuple(row) for row in await connection.fetch(statement, *values)]

        return await self._database.read(tenant, fetch)
