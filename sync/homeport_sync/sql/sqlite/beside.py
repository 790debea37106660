"""The door of an SQLite file: the same writer and reader, in the same turn as our own transactions."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from homeport_sync.sql.beside import Dialect, Found, Values
from homeport_sync.sql.sqlite.connection import Connection
from homeport_sync.sql.sqlite.transaction import begin
from homeport_sync.sql.sqlite.trouble import translated


class SqliteBesideTransaction:
    """See `beside.BesideTransaction`. As in our own, only what waits for the disk or a lock goes to the thread."""

    def __init__(self, writer: Connection) -> None:
        self._writer = writer

    async def fetch(self, statement: str, values: Values) -> Sequence[Found]:
        """See `beside.BesideTransaction`."""
        return self._writer.raw.execute(statement, values).fetchall()

    async def execute(self, statement: str, values: Values) -> int:
        """See `beside.BesideTransaction`."""
        return self._writer.raw.execute(statement, values).rowcount

    async def execute_many(self, statement: str, many: Iterable[Values]) -> None:
        """See `beside.BesideTransaction`."""
        self._writer.raw.executemany(statement, many)


class SqliteBeside:
    """See `beside.Beside`."""

    def __init__(self, writer: Connection, reader: Connection, one_at_a_time: asyncio.Lock) -> None:
        self._writer = writer
        self._reader = reader
        self._one_at_a_time = one_at_a_time

    @property
    def dialect(self) -> Dialect:
        """See `beside.Beside`."""
        return "sqlite"

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[SqliteBesideTransaction]:
        """See `beside.Beside`. Each statement binds its tenant by itself."""
        await self._one_at_a_time.acquire()
        under_way = True
        try:
            with translated():  # what is done on the event loop, too
                await begin(self._writer)
                yield SqliteBesideTransaction(self._writer)
                await self._writer.run(_commit)
                under_way = False
        finally:
            await asyncio.shield(self._end(under_way=under_way))

    async def read(self, tenant: str, statement: str, values: Values) -> Sequence[Found]:
        """See `beside.Beside`."""
        return await self._reader.run(lambda connection: connection.execute(statement, values).fetchall())

    async def _end(self, *, under_way: bool) -> None:
        """Roll back what is not known to be committed, after all the thread was given; then let the next one in."""
        try:
            if under_way:
                await self._writer.run(lambda connection: connection.rollback())
        finally:
            self._one_at_a_time.release()


def _commit(connection: sqlite3.Connection) -> None:
    connection.execute("COMMIT")
