"""Going back must not lose what people wrote: a step asks here before it drops a table."""

from __future__ import annotations

from collections.abc import Sequence

from alembic import context, op
from sqlalchemy import Connection, literal, select, table, text

from homeport_server.errors import MigrationRefused
from homeport_server.migrations.isolation import on_postgres


def refuse_to_lose(*tables: str) -> None:
    """Raise `MigrationRefused` if one of the tables, about to be dropped, holds rows and nobody agreed to lose them.

    It looks inside the step's own transaction, behind the lock that dropping takes, so that no row can slip in
    between. The owner is subject to the policies too; they are lifted first, and come back if the step is refused.
    """
    if context.is_offline_mode() or context.config.attributes.get("lose_data"):
        return
    for name in tables if on_postgres() else ():
        op.execute(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
    full = [
        name for name in tables if op.get_bind().execute(select(literal(1)).select_from(table(name)).limit(1)).first()
    ]
    if full:
        raise _lost(full)


def refuse_to_lose_tenants(connection: Connection) -> None:
    """Raise `MigrationRefused` if there is a tenant: before the first step of a way back to nothing, so that it is not
    left half gone. What each step would lose besides is looked at in the step."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT set_config('homeport.tenant', '*', true)"))  # the roster
    if connection.execute(select(literal(1)).select_from(table("tenants")).limit(1)).first():
        raise _lost(["tenants"])


def _lost(full: Sequence[str]) -> MigrationRefused:
    return MigrationRefused(
        f"Going back would lose what stands in {' and '.join(full)}: make a backup, then run the same with --lose-data."
    )
