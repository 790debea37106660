"""Whether a server may start on the schema that PostgreSQL holds."""

from __future__ import annotations

import asyncpg

from homeport_sync.sql.postgres.database import Database
from homeport_sync.sql.postgres.trouble import translated
from homeport_sync.sql.schema_version import READ_SCHEMA, check_schema

MIGRATE = "homeport migrate --database-url <the owner's URL>"


async def check(database: Database) -> None:
    """Raises `SchemaUnknown`, saying what to run, for a schema that this version does not serve, and `Unavailable`."""
    with translated():
        try:
            async with database.connection() as connection:
                rows = await connection.fetch(READ_SCHEMA)
        except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):  # never migrated, or not for us
            rows = []
    check_schema([(row[0], row[1]) for row in rows], MIGRATE)
