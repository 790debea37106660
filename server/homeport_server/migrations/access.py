"""The role that servers use on PostgreSQL: it may read and write the rows that the policies show it, and no more.

It owns no table, so that it can neither change one nor lift its policy.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, inspect, text

from homeport_server.errors import MigrationRefused
from homeport_server.tables import TABLES

INSUFFICIENT_PRIVILEGE = "42501"
WRITES = "SELECT, INSERT, UPDATE, DELETE"
_KEPT = "SELECT, INSERT, UPDATE"
READ_ONLY = ("schema", "alembic_version")  # a server looks which version is there; the owner alone changes it
UNDELETED = ("installation", "declaration", "gates")  # their rows are everybody's
PUBLIC = "public"
_ATTRIBUTES = "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION"


def create_role(role: str) -> str:
    """The statement that makes it, without a password: give it one, or let pg_hba.conf say how it comes in."""
    return f"CREATE ROLE {quoted(role)} {_ATTRIBUTES}"


def said_of(role: str) -> str:
    """What whoever made it must know."""
    return (
        f"Made the role {role}. It has no password yet: ALTER ROLE {quoted(role)} PASSWORD '…' gives it one, unless "
        "pg_hba.conf says how it comes in."
    )


def make_role(connection: Connection, role: str) -> bool:
    """Make it if it is missing; whether it was. Raises `MigrationRefused` to whoever connects as the role itself."""
    if connection.execute(text("SELECT current_user")).scalar_one() == role:
        raise MigrationRefused(
            f"You migrate as {role}, the servers' role, which may not change tables: give the owner's URL with "
            "--database-url."
        )
    if _is_there(connection, role):
        return False
    connection.exec_driver_sql(create_role(role))
    return True


def grant(connection: Connection, role: str) -> None:
    """Give it what it needs on the tables that are there; what it had besides is taken away."""
    inspector = inspect(connection)
    here = sorted({*TABLES, *READ_ONLY} & set(inspector.get_table_names()))
    for statement in _grants(role, inspector.default_schema_name or PUBLIC, here):
        connection.exec_driver_sql(statement)


def statements(connection: Connection, role: str) -> Sequence[str]:
    """All of it, for the plan, with a word if whoever is connected may not do it."""
    grants = [f"{each};" for each in _grants(role, PUBLIC, sorted({*TABLES, *READ_ONLY}))]
    if _is_there(connection, role):
        return grants
    may = connection.exec_driver_sql("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")
    word = [] if may.scalar_one() else ["-- You may not make roles: let an administrator run this first."]
    return [*word, f"{create_role(role)};", *grants]


def _is_there(connection: Connection, role: str) -> bool:
    found = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role})
    return found.first() is not None


def rights(table: str) -> str:
    """What the role may do on a table."""
    return "SELECT" if table in READ_ONLY else _KEPT if table in UNDELETED else WRITES


def quoted(name: str) -> str:
    """The name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _grants(role: str, schema: str, tables: Sequence[str]) -> Sequence[str]:
    """All in one transaction, so that no server sees the moment in between."""
    name = quoted(role)
    by_right: dict[str, list[str]] = {}
    for each in tables:
        by_right.setdefault(rights(each), []).append(each)
    return [
        f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {name}",
        *([f"REVOKE ALL ON {', '.join(tables)} FROM {name}"] if tables else []),
        *(f"GRANT {right} ON {', '.join(them)} TO {name}" for right, them in by_right.items()),
    ]
