"""What a step leaves for servers to read: the schema's version, and from which version on servers still work."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, column, table

from homeport_server.migrations.isolation import on_postgres

_SCHEMA = table("schema", column("version", BigInteger), column("serves_from", BigInteger))


def stamp(version: int, serves_from: int) -> None:
    """Say so in the one row of `schema`; on SQLite also where servers look that know no such table."""
    op.execute(_SCHEMA.delete())
    op.execute(_SCHEMA.insert().values(version=version, serves_from=serves_from))
    stamp_file(serves_from)


def stamp_file(serves_from: int) -> None:
    """The file's own number is `serves_from`: a Homeport of schema version 1 starts where it finds a 1."""
    if not on_postgres():
        op.execute(f"PRAGMA user_version = {serves_from}")
