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

from homeport_sync.errors import NO_ANSWER, TimedOut, Unavailable

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

_LATE = (TimeoutError, asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)


def is_broken(error: BaseException) -> bool:
    """Whether the connection on which this happened may be in any state."""
    return isinstance(error, BROKEN) or isinstance(error.__cause__, BROKEN)


@contextmanager
def translated() -> Iterator[None]:
    """Raises `Unavailable` for trouble that is raised inside."""
    try:
        yield
    except _TROUBLE as error:
        raise (TimedOut if _is_late(error) else Unavailable)(NO_ANSWER) from error


async def retried(read: Callable[[], Awaitable[Result]]) -> Result:
    """What `read` returns; it is asked again, at once, when trouble stopped it: a pool may hold connections that died
    with their server, and the next one is fresh. One that did not answer in time is not asked again."""
    for _ in range(READ_TRIES - 1):
        try:
            return await read()
        except TimedOut:
            raise
        except Unavailable as trouble:
            if trouble.__cause__ is None:  # no trouble of the database: there is no such tenant
                raise
    return await read()


def _is_late(error: BaseException) -> bool:
    """Whether somebody waited as long as may be. A time-out of the network (it has a number) is a dead connection."""
    return isinstance(error, _LATE) and not getattr(error, "errno", None)
