"""What a driver's error means: the database is in trouble, or the statement was wrong.

Trouble (a dead connection, a server that starts, a lock that was not had in time, a serialization failure) is nobody's
fault and passes: it becomes `Unavailable`, and whoever reads tries once more here, in `retried`. Whoever writes is the
intake: only it knows that a batch can be decided again. Everything else is left as it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import asyncpg

from homeport_sync.errors import Unavailable

READ_TRIES = 2
Result = TypeVar("Result")

# After one of these nobody can say what the connection would do next.
BROKEN = (
    asyncpg.PostgresConnectionError,  # class 08
    asyncpg.OperatorInterventionError,  # class 57: shutting down, starting up, statement timeout
    asyncpg.ReadOnlySQLTransactionError,  # 25006: a failover left us with a standby
    asyncpg.InvalidCachedStatementError,  # a migration changed what a prepared statement gives
    asyncpg.InterfaceError,  # the connection or the pool is closed
    asyncpg.InternalClientError,  # the server said its last words just when something was asked
    OSError,
    TimeoutError,
)
_TROUBLE = (
    *BROKEN,
    asyncpg.TransactionRollbackError,  # class 40: serialization, deadlock
    asyncpg.InsufficientResourcesError,  # class 53: connections, memory, disk
    asyncpg.LockNotAvailableError,  # 55P03: lock_timeout
)


def is_broken(error: BaseException) -> bool:
    """Whether the connection on which this happened may be in any state."""
    return isinstance(error, BROKEN) or isinstance(error.__cause__, BROKEN)


@contextmanager
def translated() -> Iterator[None]:
    """Raises `Unavailable` for trouble that is raised inside."""
    try:
        yield
    except _TROUBLE as error:
        raise Unavailable(f"The database did not answer ({says(error)}): send the same again.") from error


async def retried(read: Callable[[], Awaitable[Result]]) -> Result:
    """What `read` returns; it is asked again, at once, when trouble stopped it: a pool may hold connections that died
    with their server, and the next one is fresh."""
    for _ in range(READ_TRIES - 1):
        try:
            return await read()
        except Unavailable as trouble:
            if trouble.__cause__ is None:  # no trouble of the database: there is no such tenant
                raise
    return await read()


def says(error: BaseException) -> str:
    """A driver's error in one line."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
