"""The replica's file: opened by one process at a time, readable by its owner alone, durable at every commit.

SQLite keeps the promise that a crash between two statements leaves the last committed state (I1): write-ahead log,
`synchronous=FULL`, and every step of the replica is one transaction.

What a deleted row held would stay in the file's free pages: it is overwritten (`secure_delete`). That is not all of
it, for a page that is filled anew keeps what stood between its cells, and the log keeps what was: `scrub` leaves
nothing (I8).

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
from homeport_client.schema import VERSION, steps_from

MEMORY = ":memory:"
_IN_FILE = """
    PRAGMA locking_mode = EXCLUSIVE;  -- before WAL: then no -shm file is needed, and the lock stays ours
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;
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


def scrub(connection: sqlite3.Connection) -> None:
    """Leave nothing in the file, nor in what is beside it, but what can be read from its tables.

    The file is written anew from its live rows, and the log is emptied; of a replica in memory nothing outlives the
    process anyway. Not to be called within a transaction. Raises `OperationalError` when the disk is too full for it:
    nothing was changed then.
    """
    if _is_file(connection):
        connection.execute("VACUUM")
        empty_log(connection)


def empty_log(connection: sqlite3.Connection) -> None:
    """Leave nothing in the write-ahead log: all of it goes to its place in the file. Raises as `scrub` does."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _is_file(connection: sqlite3.Connection) -> bool:
    (_, _, path) = connection.execute("PRAGMA database_list").fetchone()
    return bool(path)


def _make_private(path: Path) -> None:
    # Never open and close a file that may be open as a database: POSIX would drop this process's locks on it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    path.chmod(0o600)


def _make_tables(connection: sqlite3.Connection, path: str) -> None:
    """Bring the tables to the newest version: all of them at once, or none."""
    version = 0 if path == MEMORY else _version(connection, path)
    if version < VERSION:
        with transaction(connection, steps_from(version)):
            pass


def _version(connection: sqlite3.Connection, path: str) -> int:
    """The version of a file's tables; 0 for a new one. Once this was asked, the file's lock is ours."""
    with transaction(connection):
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if not 0 <= version <= VERSION or (tables and not version):
        raise ReplicaForeign(
            f"{path} holds tables of version {version}, not a replica of version {VERSION} or older: open another "
            "file, or use the version of Homeport that made it."
        )
    return int(version)
