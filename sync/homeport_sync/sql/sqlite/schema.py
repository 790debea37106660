"""The schema of a file: made whole in a new one, looked at in every other.

So that the embedded server needs no command before its first start. An older file is left as it is: moving it is
`homeport migrate`'s work, which finds in a new file all that a migrated one would hold.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import MetaData
from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from homeport_sync.sql.schema_version import READ_SCHEMA, SERVES_FROM, check_schema, revision
from homeport_sync.sql.tables import SCHEMA_VERSION, metadata

# Alembic's own table, as Alembic would make it.
_STAMP_TABLE = "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"


def prepare(connection: sqlite3.Connection, path: Path, beside: Sequence[MetaData] = ()) -> None:
    """Make the tables if the file is new, inside the transaction that is open, and those `beside` that are missing: a
    file that was made without them is of the same version.

    Raises `SchemaUnknown` for a file of another version.
    """
    found = schema_of(connection)
    if found is None:
        _make(connection)
    else:
        check_schema([found], f"homeport migrate --data {path.parent}")
    for each in beside:
        _make_tables(connection, each)


def schema_of(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """The schema's version and from which version on servers still work; None for a new file.

    A file from before there were migrations holds its version in its own number.
    """
    here = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema'").fetchone()
    if here:
        found: tuple[int, int] = connection.execute(READ_SCHEMA).fetchone()
        return found
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    return (version, version) if version else None


def _make(connection: sqlite3.Connection) -> None:
    _make_tables(connection, metadata)
    connection.execute("INSERT INTO schema (version, serves_from) VALUES (?, ?)", (SCHEMA_VERSION, SERVES_FROM))
    connection.execute(f"PRAGMA user_version = {SERVES_FROM}")
    connection.execute(_STAMP_TABLE)
    connection.execute("INSERT INTO alembic_version (version_num) VALUES (?)", (revision(SCHEMA_VERSION),))


def _make_tables(connection: sqlite3.Connection, made: MetaData) -> None:
    for table in made.sorted_tables:
        connection.execute(str(CreateTable(table, if_not_exists=True).compile(dialect=dialect.dialect())))
        for index in table.indexes:
            connection.execute(str(CreateIndex(index, if_not_exists=True).compile(dialect=dialect.dialect())))
