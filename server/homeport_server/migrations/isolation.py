"""Row-level security: on PostgreSQL each table with a tenant shows and takes rows of the transaction's tenant alone.

FORCE holds for the table's owner too. An unset tenant is NULL, which equals nothing: who forgets to say whose rows
it wants gets none. `*` opens the roster, the list of tenants, for reading, and no other table.
"""

from __future__ import annotations

from alembic import op

TENANT_IS = "tenant_id = NULLIF(current_setting('homeport.tenant', true), '')"
ROSTER_IS = "current_setting('homeport.tenant', true) = '*'"
ROSTER_POLICY = "tenants_roster"


def policy(table: str) -> str:
    """The name of a table's policy."""
    return f"{table}_tenant"


def isolate(*tables: str) -> None:
    """Put the tables under the tenant's policy. On SQLite there is none: each statement binds its tenant."""
    for table in tables if on_postgres() else ():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {policy(table)} ON {table} USING ({TENANT_IS}) WITH CHECK ({TENANT_IS})")


def for_all_tenants(table: str, statement: str) -> None:
    """Run a statement of the table's owner over the rows of all tenants: FORCE is lifted for it."""
    if on_postgres():
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(statement)
    if on_postgres():
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def open_roster() -> None:
    """Let `*` read the list of tenants."""
    if on_postgres():
        op.execute(f"CREATE POLICY {ROSTER_POLICY} ON tenants FOR SELECT USING ({ROSTER_IS})")


def on_postgres() -> bool:
    """Whether the step runs on, or is written for, PostgreSQL."""
    return op.get_context().dialect.name == "postgresql"
