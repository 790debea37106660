"""The servers' role on PostgreSQL: no power over the policies, and exactly the rights it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import asyncpg

from homeport_server.doctor.finding import Finding, all_fine, wrong
from homeport_server.migrations.access import quoted, rights
from homeport_server.tables import BESIDE, TABLES
from homeport_sync.sql.postgres.role import Power, powers

RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
_HAS = """
    SELECT relname, "right" FROM pg_class, unnest($2::text[]) AS "right"
    WHERE relname = ANY ($1) AND relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
      AND has_table_privilege(oid, "right")"""


async def check_url(connection: asyncpg.Connection, servers: str) -> Sequence[Finding]:
    """It is not the owner's URL, nor a superuser's: then one line says so, and what else could be said of the role
    would be of the wrong one. `servers` is the role that the URL should name; who was given power is told elsewhere."""
    found = [each for each in await powers(connection, BESIDE) if each.of == each.role != servers]
    owned = sum(each.what == "owner" for each in found)
    if any(each.what == "superuser" for each in found):
        whose = "a superuser's URL, and that sees every tenant"
    elif owned > 1:
        whose = f"the owner's URL, and that can lift the policies of {owned} tables"
    else:
        return []
    mend = f"give the servers that of {servers}, and keep this one for homeport migrate"
    return [wrong(f"this is {whose} (the role is {found[0].role})", mend)]


async def check_role(connection: asyncpg.Connection) -> Sequence[Finding]:
    """No power over the policies, its own or one it is a member of: any would show it every tenant."""
    name = await connection.fetchval("SELECT current_user")
    return all_fine(
        f"role {name} owns nothing and is subject to the policies",
        [_told(each) for each in await powers(connection, BESIDE)],
    )


def _told(power: Power) -> Finding:
    if power.of != power.role:
        return _told_of_membership(power)
    match power.what:
        case "superuser":
            return wrong(
                f"the servers connect as {power.role}, a superuser, who sees every tenant",
                f"ALTER ROLE {quoted(power.role)} NOSUPERUSER",
            )
        case "bypass":
            return wrong(
                f"the role {power.role} bypasses row-level security", f"ALTER ROLE {quoted(power.role)} NOBYPASSRLS"
            )
        case "owner":
            return wrong(
                f"the role {power.role} owns the table {power.table}", f"ALTER TABLE {power.table} OWNER TO <the owner>"
            )


def _told_of_membership(power: Power) -> Finding:
    has = {
        "superuser": "a superuser, who sees every tenant",
        "bypass": "who bypasses row-level security",
        "owner": f"who owns the table {power.table}",
    }
    return wrong(
        f"the role {power.role} is a member of {power.of}, {has[power.what]}",
        f"REVOKE {', '.join(map(quoted, power.through))} FROM {quoted(power.role)}",
    )


async def check_grants(connection: asyncpg.Connection) -> Sequence[Finding]:
    """What it needs on each of our tables, and no more. A superuser has everything: then the role is the fault."""
    name = await connection.fetchval("SELECT current_user")
    tables = [*TABLES]
    has = {(row[0], row[1]) for row in await connection.fetch(_HAS, tables, list(RIGHTS))}
    if await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        return []
    return all_fine(
        f"role {name} has the rights it needs on {len(tables)} tables, and no more",
        (each for table in tables for each in _rights(name, table, {right for at, right in has if at == table})),
    )


def _rights(name: str, table: str, has: set[str]) -> Iterator[Finding]:
    needs = set(rights(table).split(", "))
    mend = f"homeport migrate --database-url <the owner's URL> --database-role {name}"
    if missing := ", ".join(sorted(needs - has)):
        yield wrong(f"the role {name} lacks {missing} on the table {table}", mend)
    if excess := ", ".join(sorted(has - needs)):
        yield wrong(f"the role {name} has {excess} on the table {table}, which it does not need", mend)
