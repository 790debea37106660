"""One SQLite file as every adapter on it uses it: one writer at a time, and a reader that never waits for it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from homeport_sync.sql import rows
from homeport_sync.sql.sqlite.connection import Connection, Result
from homeport_sync.sql.sqlite.transaction import head_of


class OnFile:
    """What each port's adapter is made of."""

    def __init__(self, writer: Connection, reader: Connection) -> None:
        self._writer = writer
        self._reader = reader
        self._one_at_a_time = asyncio.Lock()

    async def close(self) -> None:
        """Finish what is under way, then close both connections."""
        async with self._one_at_a_time:
            try:
                await self._writer.close()
            finally:
                await self._reader.close()

    async def _fetch(self, statement: str, values: dict[str, object]) -> list[rows.Row]:
        return await self._reader.run(lambda connection: connection.execute(statement, values).fetchall())

    async def _write(self, statement: str, values: dict[str, object]) -> int:
        def write(connection: sqlite3.Connection) -> int:
            changed = connection.execute(statement, values).rowcount
            if not changed:
                head_of(connection, str(values["tenant"]))  # raises if there is no such tenant
            return changed

        return await self._alone(write)

    async def _alone(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Work of the writer's thread. Whoever stops waiting for it does not let the next one in."""

        async def locked() -> Result:
            async with self._one_at_a_time:
                return await self._writer.run(work)

        return await asyncio.shield(locked())

    async def _snapshot(self, read: Callable[[sqlite3.Connection], Result]) -> Result:
        def inside(connection: sqlite3.Connection) -> Result:
            with transaction(connection, "BEGIN"):
                return read(connection)

        return await self._reader.run(inside)


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Commit at the end, unless an error leaves it."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def now_ms() -> int:
    """The database's clock, which is this machine's, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
