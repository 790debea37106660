"""Row-level security: on every table with a tenant, enabled, forced, and by our policy alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from homeport_server.doctor.finding import Finding, all_fine, wrong
from homeport_server.migrations.isolation import ROSTER_IS, ROSTER_POLICY, TENANT_IS, policy
from homeport_server.tables import TABLES as ALL
from homeport_sync.sql.postgres.indexes import OWNERS_POLICY
from homeport_sync.sql.postgres.queries import TABLE, VIEW

TABLES = tuple(sorted(name for name, table in ALL.items() if "tenant_id" in table.c))
_FLAGS = """
    SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class
    WHERE relname = ANY ($1) AND relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')"""
_POLICIES = f"""
    SELECT tablename, policyname, permissive = 'PERMISSIVE', cmd, coalesce(qual, ''), coalesce(with_check, ''), (
      SELECT ARRAY[viewowner] <> roles FROM pg_views WHERE schemaname = current_schema() AND viewname = '{VIEW}'
    ) IS NOT FALSE
    FROM pg_policies WHERE schemaname = current_schema() AND tablename = ANY ($1) ORDER BY policyname"""  # noqa: S608
_VIEW = f"SELECT pg_get_viewdef(to_regclass('{VIEW}'))"


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as PostgreSQL tells it; the expressions without casts, brackets and spaces."""

    permissive: bool
    command: str
    shows: str
    takes: str
    of_others: bool = True  # not only of whoever owns the view that queries read


# What the view reads with: its owner alone may, and the view holds to the tenant.
_OWNERS = (TABLE, OWNERS_POLICY, Policy(permissive=True, command="SELECT", shows="true", takes="", of_others=False))
_VIEW_WRONG = wrong(
    f"the view {VIEW} does not hold to one tenant", f"DROP VIEW {VIEW}, then homeport migrate APP with the owner's URL"
)


async def check_isolation(connection: asyncpg.Connection) -> Sequence[Finding]:
    """A line for each fault of each table. A table that is not there is the schema's fault, and told there."""
    flags = await connection.fetch(_FLAGS, list(TABLES))
    policies: dict[str, dict[str, Policy]] = {}
    for table, name, permissive, command, shows, takes, others in await connection.fetch(_POLICIES, list(TABLES)):
        policies.setdefault(table, {})[name] = Policy(permissive, command, _bare(shows), _bare(takes), others)
    view = await connection.fetchval(_VIEW)
    return all_fine(
        f"row-level security keeps tenants apart on {len(flags)} tables",
        [
            *(each for row in flags for each in _faults(row[0], row[1], row[2], policies.get(row[0], {}))),
            *([] if view is None or _bare(view).endswith(f"WHERE{_bare(TENANT_IS)};") else [_VIEW_WRONG]),
        ],
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
        if name not in expected and each.permissive and (table, name, each) != _OWNERS:
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
