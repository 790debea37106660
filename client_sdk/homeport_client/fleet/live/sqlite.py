"""A SQLite file as the checkers read it: by SQL alone, while a server writes to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

FILE = "homeport.sqlite3"
WAIT_S = 5.0


def rows(data: Path, sql: str) -> list[tuple[object, ...]]:
    """What a statement finds in the database of a data directory."""
    uri = f"{(data / FILE).resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=WAIT_S)) as database:
        return database.execute(sql).fetchall()
