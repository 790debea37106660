"""The SQLite file, read without changing it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from homeport_server.doctor.files import check_private
from homeport_server.doctor.finding import Finding, all_fine, fine, wrong
from homeport_server.doctor.schema import check_stamps
from homeport_server.doctor.secret import check_fingerprint
from homeport_sync.sql.sqlite.installation import READ_FINGERPRINT
from homeport_sync.sql.sqlite.schema import schema_of

BUSY_S = 10.0
COMPLAINTS_MAX = 3


def check_file(path: Path) -> Sequence[Finding]:
    """All that can be said of the file. Reads every page of it: minutes for a very large one."""
    if not path.is_file():
        return [wrong(f"there is no database {path}", f"homeport tenant create NAME --data {path.parent}")]
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)) as connection:
            return [
                *check_whole(connection, path),
                *check_journal(connection, path),
                *check_schema(connection, path),
                *check_secret(connection, path),
                *check_modes(path),
            ]
    except sqlite3.DatabaseError as error:
        return [wrong(f"the database {path} cannot be read ({error})", "restore it from a backup")]


def check_whole(connection: sqlite3.Connection, path: Path) -> Sequence[Finding]:
    """SQLite finds no page broken."""
    said = [" ".join(str(row[0]).split()) for row in connection.execute(f"PRAGMA quick_check({COMPLAINTS_MAX})")]
    if said == ["ok"]:
        return [fine(f"database {path} is whole")]
    return [wrong(f"the database {path} is broken: {'; '.join(said)}", "restore it from a backup")]


def check_journal(connection: sqlite3.Connection, path: Path) -> Sequence[Finding]:
    """Readers do not wait for the writer. Every start sets it again, so another mode means another program."""
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    if mode == "wal":
        return [fine("write-ahead log")]
    return [wrong(f"the journal mode is {mode}; expected wal", f"sqlite3 {path} 'PRAGMA journal_mode = WAL'")]


def check_schema(connection: sqlite3.Connection, path: Path) -> Sequence[Finding]:
    """The schema is one this Homeport serves."""
    found = schema_of(connection)
    stamped = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    heads = [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")] if stamped else []
    return check_stamps([found] if found else [], heads, f"homeport migrate --data {path.parent}")


def check_secret(connection: sqlite3.Connection, path: Path) -> Sequence[Finding]:
    """The secret is the database's. A table that is not there is the schema's fault, and told there."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'installation'").fetchone():
        return []
    return check_fingerprint([row[0] for row in connection.execute(READ_FINGERPRINT)], path.parent)


def check_modes(path: Path) -> Sequence[Finding]:
    """The file and its log are their owner's alone."""
    files = [file for file in sorted(path.parent.glob(f"{path.name}*")) if file.is_file()]
    return all_fine("database files are their owner's alone", (f for file in files for f in check_private(file, "600")))
