"""Which servers a database's schema lets start: the one rule, for every database.

Each migration states `serves_from`, the oldest schema version whose servers still work on it. One that only adds
leaves it as it was, so that old and new servers run side by side while a deploy goes on; one that takes away raises
it, and then the old servers must be gone.
"""

from __future__ import annotations

from collections.abc import Sequence

from homeport_sync.errors import SchemaUnknown
from homeport_sync.sql.tables import SCHEMA_VERSION

READ_SCHEMA = "SELECT version, serves_from FROM schema"
FIRST = 1  # its servers look at the number of an SQLite file, and know no table `schema`
SERVES_FROM = 1  # of the newest version, as its migration states it


def revision(version: int) -> str:
    """Alembic's name of a schema version, as it stands in `alembic_version`."""
    return f"{version:04}"


def check_schema(found: Sequence[tuple[int, int]], migrate: str, *, ours: int = SCHEMA_VERSION) -> None:
    """Let a server of the schema version `ours` start on a database, or raise `SchemaUnknown`.

    `found` are the rows of `READ_SCHEMA`, none for a database that Homeport never migrated; `migrate` is the whole
    command that mends an old one.
    """
    if not found:
        raise SchemaUnknown(f"The database holds no schema of Homeport: run `{migrate}`, then start again.")
    ((version, serves_from),) = found
    if version < ours:
        raise SchemaUnknown(
            f"The database has schema version {version}, and this Homeport needs {ours}: run `{migrate}`, then start "
            "again."
        )
    if serves_from > ours:
        raise SchemaUnknown(
            f"The database has schema version {version}, which serves Homeports from schema version {serves_from} on, "
            f"and this one has {ours}: start a newer Homeport, or go back with the newer one's "
            f"`{migrate} --to {ours}`."
        )
