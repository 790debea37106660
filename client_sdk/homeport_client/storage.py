"""The replica's file: opened by one process at a time, readable by its owner alone, durable at every commit.

SQLite keeps the promise that a crash between two statements leaves the last committed state (I1): write-ahead log,
`synchronous=FULL`, and every step of the replica is one transaction.

A replica in memory promises no more than the process does, and thousands of them may live in one: it is kept small
(decisions/0002).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from homeport_client.errors import ReplicaForeign, ReplicaInUse, StorageFull
from homeport_client.schema import TABLES, VERSION

MEMORY = ":memory:"
_IN_FILE = """
    PRAGMA locking_mode = EXCLUSIVE;  -- before WAL: then no -shm file is needed, and the lock stays ours
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
"""
# Each table and index takes a page at least, so pages are small. The journal, which rolls back, is in memory as well.
_IN_MEMORY = "PRAGMA page_size = 1024;"


def open_storage(path: str) -> sqlite3.Connection:
    """The replica at `path` (":memory:" for one that dies with the process), made if there is none.

    Raises `ReplicaInUse` while another connection has it open, `ReplicaForeign` for a file that is no replica.
    """
    if path != MEMORY:
        _make_private(Path(path))
    connection = sqlite3.connect(path, isolation_level=None, timeout=0)
    try:
        connection.executescript(_IN_MEMORY if path == MEMORY else _IN_FILE)
        _make_tables(connection, path)
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise ReplicaInUse(
                f"{path} is open already: one process owns a replica at a time. "
                "Close that device, or open another file."
            ) from error
        raise
    except sqlite3.DatabaseError as error:
        connection.close()
        raise ReplicaForeign(f"{path} is not a replica ({error}): open another file.") from error
    except ReplicaForeign:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, script: str = "") -> Iterator[None]:
    """Everything inside is written, or nothing. Raises `StorageFull` if the disk is.

    It may begin with a script: of what runs only once, SQLite then keeps nothing prepared.
    """
    try:
        if script:
            connection.executescript(f"BEGIN IMMEDIATE; {script}")
        else:
            connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise StorageFull from error
        raise


def _make_private(path: Path) -> None:
    # Never open and close a file that may be open as a database: POSIX would drop this process's locks on it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    path.chmod(0o600)


def _make_tables(connection: sqlite3.Connection, path: str) -> None:
    if path == MEMORY or not _is_made(connection, path):
        with transaction(connection, f"{TABLES} PRAGMA user_version = {VERSION};"):
            pass


def _is_made(connection: sqlite3.Connection, path: str) -> bool:
    """Whether a file has its tables already; False for a new one. Once this was asked, the file's lock is ours."""
    with transaction(connection):
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if version != VERSION and (version or tables):
        raise ReplicaForeign(
            f"{path} holds tables of version {version}, not a replica of version {VERSION}: open another file, "
            "or use the version of Homeport that made it."
        )
    return bool(version)
