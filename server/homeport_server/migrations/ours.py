"""Whether a PostgreSQL database is Homeport's: another application's is never taken for ours, nor migrated."""

from __future__ import annotations

from sqlalchemy import Connection

from homeport_server.errors import MigrationRefused

NAMED_MAX = 3
STAMPS = "alembic_version"
_HEADS = {"tenant_id", "position", "epoch"}  # there since the first version
_SCHEMA = {"version", "serves_from"}

# Tables of an extension, such as PostGIS's, belong to no application.
_TABLES = """
    SELECT relname, array_agg(attname::text) FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
      AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
    GROUP BY relname ORDER BY relname"""


def refuse_anothers(connection: Connection) -> None:
    """Raise `MigrationRefused` for a database in which others have tables and Homeport has none.

    Ours has the table `heads`, and `schema`, if it is there, with our columns. What else lies beside them is the
    owner's affair.
    """
    found = {str(name): set(columns) for name, columns in connection.exec_driver_sql(_TABLES)}
    strange = [name for name in found if name != STAMPS or _stamped(connection)]
    ours = found.get("heads", set()) >= _HEADS and found.get("schema", _SCHEMA) >= _SCHEMA
    if ours or not strange:
        return
    named = ", ".join(strange[:NAMED_MAX])
    raise MigrationRefused(
        f"This database belongs to another application (tables that are not Homeport's: {len(strange):,}, such as "
        f"{named}): make one for Homeport alone (createdb homeport), and name that."
    )


def _stamped(connection: Connection) -> bool:
    """Whether the stamps say anything. They stay, empty, when Homeport went back to version 0."""
    return connection.exec_driver_sql("SELECT 1 FROM alembic_version LIMIT 1").first() is not None
