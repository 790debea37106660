"""Connections to one PostgreSQL, and the one way to a tenant's rows: a transaction in which the tenant is set.

Row-level security does the rest: every policy compares `tenant_id` with the setting `homeport.tenant`, which lives
as long as the transaction. A connection that goes back to the pool carries no tenant, and a statement outside such a
transaction sees nothing. Statements name their tenant all the same; the policies are for the day when one does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Protocol, TypeVar

import asyncpg

from homeport_sync.errors import Unavailable
from homeport_sync.sql.postgres.trouble import BROKEN, is_broken, retried, translated
from homeport_sync.sql.postgres.unreached import NOT_LET_IN, unreached

Result = TypeVar("Result")

ROSTER = "*"  # as this tenant the names of all tenants can be read, and nothing else of theirs
CONNECT_S = 5.0
CLOSE_S = 10.0
ACQUIRE_S = 5.0
STATEMENT_S = 8.0  # a request waits for one connection and one statement that do not answer, and is told then
LOCK_MS = 5_000  # longer than a queue of batches takes; whoever holds a head that long is stuck, and not we with them
IDLE_IN_TRANSACTION_MS = 10_000  # a batch is idle only while it is decided: a frozen process loses its locks

WRITE = "ISOLATION LEVEL READ COMMITTED"  # what is read after the lock was had sees what was committed before
SNAPSHOT = "ISOLATION LEVEL REPEATABLE READ READ ONLY"
# A plan is made once, for tenants of any size: where an index has the order, it is never read whole to be sorted.
IN_ORDER = f"{SNAPSHOT}; SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off"

# Every statement here is meant to walk an index. The planner would read small tables whole, and keep that plan while
# they grow; a plan made once for any parameters is both stable and cheap.
_PLANNER = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}
SERVER_SETTINGS = {
    **_PLANNER,
    "application_name": "homeport",
    "standard_conforming_strings": "on",
    "lock_timeout": str(LOCK_MS),
    "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
}


class Row(Protocol):
    """A driver's row: its columns by their places."""

    def __getitem__(self, place: int, /) -> Any: ...  # noqa: ANN401  # typed where it is unpacked

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """What is used of asyncpg's, which has no types of its own."""

    async def execute(self, statement: str, *values: object, timeout: float | None = None) -> str:  # noqa: ASYNC109  # asyncpg's own
        """Run it; what it did, such as "UPDATE 1". Without values it may be several statements."""

    async def executemany(self, statement: str, values: Iterable[tuple[object, ...]]) -> None:
        """Run it for each of the values, in one round trip."""

    async def fetch(self, statement: str, *values: object) -> list[Row]:
        """All rows."""

    async def fetchrow(self, statement: str, *values: object) -> Row | None:
        """The first row."""

    def transaction(self) -> AbstractAsyncContextManager[object]:
        """Commit at the end, unless an error leaves it."""

    def is_in_transaction(self) -> bool:
        """Whether a transaction is open."""

    def terminate(self) -> None:
        """Cut it, without a word to the server."""


class OnDatabase:
    """What each port's adapter is made of."""

    def __init__(self, database: Database) -> None:
        self._database = database


class Database:
    """A pool of at most `connections_max` connections, opened when they are needed."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str, connections_max: int) -> Database:
        """Connect to `postgresql://…`. Raises `Unavailable` if nobody answers there, or lets us in."""
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=0,
                max_size=connections_max,
                timeout=CONNECT_S,
                command_timeout=STATEMENT_S,
                server_settings=SERVER_SETTINGS,
                reset=_reset,
            )
            async with pool.acquire():
                pass  # somebody is there, and lets us in
        except NOT_LET_IN as error:
            cause = None if isinstance(error, ValueError) else error  # it quotes what may be a piece of the password
            raise Unavailable(str(unreached(url, error))) from cause
        return cls(pool)

    async def close(self) -> None:
        """Let what is under way finish, then close all connections; those that do not answer are cut."""
        try:
            await asyncio.wait_for(self._pool.close(), CLOSE_S)
        except (*BROKEN, asyncpg.PostgresError):
            self._pool.terminate()

    @asynccontextmanager
    async def tenant(self, tenant: str, mode: str = WRITE) -> AsyncIterator[Connection]:
        """A transaction as this tenant, committed at the end unless an error leaves it. Raises `Unavailable`."""
        with translated():
            async with self.connection() as connection:
                await begin(connection, tenant, mode)
                yield connection
                await commit(connection)

    async def read(self, tenant: str, work: Callable[[Connection], Awaitable[Result]], mode: str = SNAPSHOT) -> Result:
        """What `work` reads in one snapshot as this tenant; asked again if a dead connection stopped it."""

        async def once() -> Result:
            async with self.tenant(tenant, mode) as connection:
                return await work(connection)

        return await retried(once)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection of the pool; whatever transaction is left open in it is rolled back. A broken one is cut."""
        connection = await self._pool.acquire(timeout=ACQUIRE_S)
        try:
            yield connection
        except BaseException as error:
            await asyncio.shield(self._give_back(connection, broken=is_broken(error)))
            raise
        await asyncio.shield(self._give_back(connection, broken=False, clean=not connection.is_in_transaction()))

    async def _give_back(self, connection: Connection, *, broken: bool, clean: bool = False) -> None:
        """End what may be open, however often whoever waits was cancelled.

        It is not asked whether a transaction is open: a `BEGIN` that was cancelled may still be on its way.
        """
        try:
            if broken:
                connection.terminate()
            elif not clean:
                await connection.execute("ROLLBACK", timeout=CONNECT_S)
        except (*BROKEN, asyncpg.PostgresError):
            with suppress(asyncpg.InterfaceError):  # it is closed already, and with it the transaction
                connection.terminate()
        finally:
            await self._pool.release(connection, timeout=CONNECT_S)


async def begin(connection: Connection, tenant: str, mode: str) -> None:
    """Begin a transaction as this tenant, in one round trip: hence the literal."""
    await connection.execute(f"BEGIN {mode}; SET LOCAL homeport.tenant = {literal(tenant)}")


async def commit(connection: Connection) -> None:
    """Commit. Raises `Unavailable` if the database rolled back instead."""
    status = await connection.execute("COMMIT")
    if status != "COMMIT":
        raise Unavailable(f"The database ended the transaction with {status}: send the same again.")


def literal(text: str) -> str:
    """The text as an SQL literal (with `standard_conforming_strings` on, as set above)."""
    if "\0" in text:
        raise Unavailable("A tenant's id holds a NUL character: there is no such tenant.")
    return "'" + text.replace("'", "''") + "'"


async def _reset(_connection: Connection) -> None:
    """Instead of asyncpg's own, which costs a round trip each time: what we leave behind is ended in `_give_back`."""
