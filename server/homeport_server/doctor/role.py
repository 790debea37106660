"""The servers' role on PostgreSQL: no power over the policies, and exactly the rights it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import asyncpg

from homeport_server.doctor.finding import Finding, all_fine, wrong
from homeport_server.migrations.access import READ_ONLY, WRITES, quoted
from homeport_sync.sql.tables import metadata

RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
_OWNED = """
    SELECT relname, pg_get_userbyid(relowner) FROM pg_class
    WHERE relkind IN ('r', 'p') AND relname = ANY ($1) AND relnamespace = current_schema()::regnamespace
      AND pg_has_role(current_user, relowner, 'USAGE') ORDER BY relname"""
_HAS = """
    SELECT relname, "right" FROM pg_class, unnest($2::text[]) AS "right"
    WHERE relname = ANY ($1) AND relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
      AND has_table_privilege(oid, "right")"""


async def check_role(connection: asyncpg.Connection) -> Sequence[Finding]:
    """No superuser, does not bypass policies, owns no table: any of the three would see every tenant."""
    name, superuser, bypasses = await connection.fetchrow(
        "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )
    owned = [] if superuser else await connection.fetch(_OWNED, list(metadata.tables))
    return all_fine(
        f"role {name} owns nothing and is subject to the policies", _powers(name, superuser, bypasses, owned)
    )


def _powers(name: str, superuser: bool, bypasses: bool, owned: Sequence[tuple[str, str]]) -> Iterator[Finding]:
    if superuser:
        yield wrong(
            f"the servers connect as {name}, a superuser, who sees every tenant",
            "give --database-url the role homeport_app, or ALTER ROLE … NOSUPERUSER",
        )
    if bypasses and not superuser:
        yield wrong(f"the role {name} bypasses row-level security", f"ALTER ROLE {quoted(name)} NOBYPASSRLS")
    for table, owner in owned:
        if owner == name:
            yield wrong(f"the role {name} owns the table {table}", f"ALTER TABLE {table} OWNER TO <the owner>")
        else:
            yield wrong(
                f"the role {name} is a member of {owner}, who owns the table {table}",
                f"REVOKE {quoted(owner)} FROM {quoted(name)}",
            )


async def check_grants(connection: asyncpg.Connection) -> Sequence[Finding]:
    """What it needs on each of our tables, and no more. A superuser has everything: then the role is the fault."""
    name = await connection.fetchval("SELECT current_user")
    tables = [*metadata.tables]
    has = {(row[0], row[1]) for row in await connection.fetch(_HAS, tables, list(RIGHTS))}
    if await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        return []
    return all_fine(
        f"role {name} has the rights it needs on {len(tables)} tables, and no more",
        (each for table in tables for each in _rights(name, table, {right for at, right in has if at == table})),
    )


def _rights(name: str, table: str, has: set[str]) -> Iterator[Finding]:
    needs = {"SELECT"} if table in READ_ONLY else set(WRITES.split(", "))
    mend = f"homeport migrate --database-url <the owner's URL> --database-role {name}"
    if missing := ", ".join(sorted(needs - has)):
        yield wrong(f"the role {name} lacks {missing} on the table {table}", mend)
    if excess := ", ".join(sorted(has - needs)):
        yield wrong(f"the role {name} has {excess} on the table {table}, which it does not need", mend)
