"""One SQLite connection with a thread of its own: hand the thread a whole piece of work.

aiosqlite hops to its thread once a statement, at 50 to 90 µs each; a commit batch has a dozen statements. So work
goes over as one function that runs there from beginning to end. That hop is aiosqlite's own `_execute`, which it
does not publish: this file is the only one that knows of it, and the contract suite would notice if it changed.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import aiosqlite

from homeport_sync.sql.sqlite.trouble import translated

Result = TypeVar("Result")
BUSY_TIMEOUT_MS = 10_000
CHECKPOINT_PAGES = 16_000  # 64 MB of log: a page that many batches change is copied into the file once, not each time
CACHE_KIB = 65_536
_INNOCUOUS = 0x200000  # SQLITE_INNOCUOUS


class Connection:
    """An open database file. `run` works in its thread; `raw` is for whoever holds the transaction that is open, and
    only while nothing was handed to the thread: SQLite itself would take turns, a transaction would not."""

    def __init__(self, connection: aiosqlite.Connection, raw: sqlite3.Connection) -> None:
        self._connection = connection
        self.raw = raw

    @classmethod
    async def open(cls, path: Path) -> Connection:
        """Open the file, made with mode 0600 if it is new: write-ahead log, every commit synced to disk."""
        make_file(path)
        connection = await aiosqlite.connect(path, isolation_level=None, cached_statements=256, check_same_thread=False)
        opened = cls(connection, connection._conn)  # noqa: SLF001  # see the module's words
        try:
            await opened.run(_configure)
        except BaseException:
            await opened.close()  # or its thread keeps the process alive
            raise
        return opened

    async def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """What `work` returns, done in the connection's thread, after whatever was handed over before.

        Raises `Unavailable` when the file is in trouble.
        """
        execute: Callable[..., Awaitable[Result]] = self._connection._execute  # noqa: SLF001  # see the module's words
        with translated():
            return await execute(work, self.raw)

    async def close(self) -> None:
        """Finish what was handed over, then close."""
        await self._connection.close()


def make_file(path: Path) -> None:
    """Make the file, readable by its owner alone, if it is not there; SQLite gives its log files the same mode.

    A file that is there is never opened here: closing it would drop every lock that this process has on it, whoever
    took them (POSIX), and the next process to come and go would take itself for the last and delete the write-ahead
    log under us (sqlite.org/howtocorrupt.html, section 2.2).
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def json_is_safe(connection: sqlite3.Connection) -> bool:
    """Whether this SQLite lets an index read JSON though the file is not trusted.

    Older ones (3.40 among them) took their own JSON functions for unsafe by mistake. Trusting the file lets it call the
    functions of SQLite itself, no others: none of ours are there, and none can be loaded.
    """
    flags = connection.execute("SELECT min(flags) FROM pragma_function_list WHERE name = 'json_extract'").fetchone()[0]
    return bool((flags or 0) & _INNOCUOUS)


def _configure(connection: sqlite3.Connection) -> None:
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        f"trusted_schema = {'OFF' if json_is_safe(connection) else 'ON'}",
        f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
        f"cache_size = -{CACHE_KIB}",
    ):
        connection.execute(f"PRAGMA {pragma}")
