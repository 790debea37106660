"""Whether a server may start on the schema that PostgreSQL holds."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from homeport_sync.errors import SchemaUnknown
from homeport_sync.sql.postgres.database import Database, Row
from homeport_sync.sql.postgres.trouble import translated
from homeport_sync.sql.schema_version import READ_SCHEMA, check_schema

MIGRATE = "homeport migrate --database-url <the owner's URL>"
READ_ENCODING = "SELECT current_setting('server_encoding')"


def check_encoding(found: Sequence[str] | Row | None) -> None:
    """Raises `SchemaUnknown` for a database that cannot hold every text: a phone whose change it refuses is stuck."""
    if found is not None and found[0] != "UTF8":
        raise SchemaUnknown(
            f"The database holds text as {found[0]}, and Homeport needs UTF8: make another by "
            "CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8', and migrate that."
        )


async def check(database: Database) -> None:
    """Raises `SchemaUnknown`, saying what to run, for a schema that this version does not serve, and `Unavailable`."""
    with translated():
        async with database.connection() as connection:
            check_encoding(await connection.fetchrow(READ_ENCODING))
        try:
            async with database.connection() as connection:
                rows = await connection.fetch(READ_SCHEMA)
        except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):  # never migrated, or not for us
            rows = []
    check_schema([(row[0], row[1]) for row in rows], MIGRATE)
