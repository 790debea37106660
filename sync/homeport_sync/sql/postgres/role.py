"""As whom a server works: a role that the policies bind, or it does not start."""

from __future__ import annotations

from typing import Final

from homeport_sync.errors import RoleUnsafe
from homeport_sync.sql.postgres.database import Database
from homeport_sync.sql.postgres.trouble import translated

# Whoever owns a table can lift its policies, and so can a member of the owner's role.
ROLE: Final = """
    SELECT current_user, rolsuper, rolbypassrls, EXISTS (
      SELECT FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
        AND relname IN ('heads', 'log', 'records') AND pg_has_role(current_user, relowner, 'MEMBER')
    ) FROM pg_roles WHERE rolname = current_user"""


async def check(database: Database) -> None:
    """Raises `RoleUnsafe` for a superuser, a role that bypasses row-level security, or an owner of our tables."""
    with translated():
        async with database.connection() as connection:
            found = await connection.fetchrow(ROLE)
    if found is None:
        return
    name, superuser, bypasses, owns = found
    for wrong, why in ((superuser, "is a superuser"), (bypasses, "has BYPASSRLS"), (owns, "owns the tables")):
        if wrong:
            raise RoleUnsafe(
                f"The database role {name} {why}, so it could bypass the policies that keep tenants apart: connect as "
                "the role that `homeport migrate` made (homeport_app, if you named no other)."
            )
