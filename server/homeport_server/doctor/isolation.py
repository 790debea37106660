"""Row-level security: on every table with a tenant, enabled, forced, and by our policy alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from homeport_server.doctor.finding import Finding, all_fine, wrong
from homeport_server.migrations.isolation import ROSTER_IS, ROSTER_POLICY, TENANT_IS, policy
from homeport_server.tables import TABLES as ALL

TABLES = tuple(sorted(name for name, table in ALL.items() if "tenant_id" in table.c))
_FLAGS = """
    SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class
    WHERE relname = ANY ($1) AND relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')"""
_POLICIES = """
    SELECT tablename, policyname, permissive = 'PERMISSIVE', cmd, coalesce(qual, ''), coalesce(with_check, '')
    FROM pg_policies WHERE schemaname = current_schema() AND tablename = ANY ($1) ORDER BY policyname"""


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as PostgreSQL tells it; the expressions without casts, brackets and spaces."""

    permissive: bool
    command: str
    shows: str
    takes: str


async def check_isolation(connection: asyncpg.Connection) -> Sequence[Finding]:
    """A line for each fault of each table. A table that is not there is the schema's fault, and told there."""
    flags = await connection.fetch(_FLAGS, list(TABLES))
    policies: dict[str, dict[str, Policy]] = {}
    for table, name, permissive, command, shows, takes in await connection.fetch(_POLICIES, list(TABLES)):
        policies.setdefault(table, {})[name] = Policy(permissive, command, _bare(shows), _bare(takes))
    return all_fine(
        f"row-level security keeps tenants apart on {len(flags)} tables",
        (each for row in flags for each in _faults(row[0], row[1], row[2], policies.get(row[0], {}))),
    )


def _faults(table: str, enabled: bool, forced: bool, found: Mapping[str, Policy]) -> Iterator[Finding]:
    if not enabled:
        yield wrong(f"row-level security is off on {table}", f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    if not forced:
        yield wrong(
            f"row-level security does not bind the owner of {table}", f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
        )
    expected = _expected(table)
    for name, (want, made) in expected.items():
        if found.get(name) != want:
            state = "is missing" if name not in found else "is not the one it was made as"
            drop = f"DROP POLICY IF EXISTS {name} ON {table}; "
            yield wrong(f"the policy {name} on {table} {state}", drop + made)
    for name, each in found.items():
        if name not in expected and each.permissive:
            yield wrong(f"the policy {name} on {table} lets more through", f"DROP POLICY {name} ON {table}")


def _expected(table: str) -> Mapping[str, tuple[Policy, str]]:
    """Each policy that belongs on a table, and the statement that makes it."""
    tenant, roster = _bare(TENANT_IS), _bare(ROSTER_IS)
    made = f"CREATE POLICY {policy(table)} ON {table} USING ({TENANT_IS}) WITH CHECK ({TENANT_IS})"
    expected = {policy(table): (Policy(True, "ALL", tenant, tenant), made)}
    if table == "tenants":
        made = f"CREATE POLICY {ROSTER_POLICY} ON tenants FOR SELECT USING ({ROSTER_IS})"
        expected[ROSTER_POLICY] = (Policy(True, "SELECT", roster, ""), made)
    return expected


def _bare(expression: str) -> str:
    """An expression as PostgreSQL prints it and as we wrote it come out the same."""
    return re.sub(r"::text|[()\s]", "", expression)
