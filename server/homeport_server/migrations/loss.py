"""Going back must not lose what people wrote: a step asks here before it drops a table."""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import literal, select, table

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
        raise MigrationRefused(
            f"Going back would lose what stands in {' and '.join(full)}: make a backup, then run the same with "
            "--lose-data."
        )
