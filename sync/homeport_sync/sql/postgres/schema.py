"""Whether a server may start on the schema that PostgreSQL holds."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from homeport_sync.errors import SchemaUnknown
from homeport_sync.sql.postgres.database import Connection, Database, Row
from homeport_sync.sql.postgres.trouble import translated
from homeport_sync.sql.schema_version import FIRST, READ_SCHEMA, check_schema, revision

MIGRATE = "homeport migrate --database-url <the owner's URL>"
# The first version had no such table: it is known by its stamp and by one of its tables.
_READ_FIRST = f"""
    SELECT {FIRST}, {FIRST} FROM alembic_version
    WHERE version_num = '{revision(FIRST)}' AND to_regclass('heads') IS NOT NULL"""  # noqa: S608
# Never migrated, another application's, or not for us.
_NOT_OURS = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.InsufficientPrivilegeError)
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
            found = await stamps(connection)
    check_schema(found, MIGRATE)


async def stamps(connection: Connection) -> Sequence[tuple[int, int]]:
    """The rows of `READ_SCHEMA`, or what stands for them in a database of the first version; none where Homeport never
    was, or where we may not look."""
    for read in (READ_SCHEMA, _READ_FIRST):
        try:
            return [(row[0], row[1]) for row in await connection.fetch(read)]
        except _NOT_OURS:
            continue
    return []
