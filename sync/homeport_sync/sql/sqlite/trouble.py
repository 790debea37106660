"""What SQLite's error means: the file is in trouble, or the statement was wrong.

Trouble (another process holds the lock for too long, the disk is full or fails) is nobody's fault and may pass: it
becomes `Unavailable`. Everything else is left as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from homeport_sync.errors import NO_ANSWER, Unavailable

PRIMARY_CODE = 0xFF  # the rest says more about it
_TROUBLE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})


@contextmanager
def translated() -> Iterator[None]:
    """Raises `Unavailable` for trouble that is raised inside."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if code_of(error) in _TROUBLE:
            raise Unavailable(NO_ANSWER) from error
        raise


def code_of(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 if the error is not SQLite's own."""
    return getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE
