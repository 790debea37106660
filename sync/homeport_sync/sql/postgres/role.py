"""As whom a server works: a role that the policies bind, or it does not start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import MetaData

from homeport_sync.errors import RoleUnsafe
from homeport_sync.sql.postgres.database import Connection, Database
from homeport_sync.sql.postgres.trouble import translated
from homeport_sync.sql.tables import metadata

# MEMBER and not USAGE: whoever does not inherit a role's powers can still take them by SET ROLE. A superuser is a
# member of everything, which says nothing more. Whoever owns a table can lift its policies.
_POWERS = """
    WITH me AS (SELECT oid, rolsuper FROM pg_roles WHERE rolname = current_user),
    mine AS (
      SELECT r.*, ARRAY (
        SELECT granted.rolname FROM pg_auth_members JOIN pg_roles granted ON granted.oid = roleid
        WHERE member = me.oid AND pg_has_role(roleid, r.oid, 'MEMBER') ORDER BY 1) AS through
      FROM pg_roles r, me WHERE r.oid = me.oid OR NOT me.rolsuper AND pg_has_role(me.oid, r.oid, 'MEMBER'))
    SELECT current_user, rolname, through, 'superuser', '' FROM mine WHERE rolsuper
    UNION ALL
    SELECT current_user, rolname, through, 'bypass', '' FROM mine WHERE rolbypassrls AND NOT rolsuper
    UNION ALL
    SELECT current_user, rolname, through, 'owner', relname FROM mine JOIN pg_class ON relowner = mine.oid
    WHERE NOT rolsuper AND relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
      AND relname = ANY ($1)
    ORDER BY 4 DESC, 5, 2"""

_SAID = {"superuser": "is a superuser", "bypass": "has BYPASSRLS", "owner": "owns the tables"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """Why a role could pass the policies: `of` is a superuser, bypasses them, or owns `table`. `of` is the role itself,
    or one that it is a member of, `through` roles that it was granted."""

    role: str
    of: str
    through: tuple[str, ...] = ()
    what: Literal["superuser", "bypass", "owner"]
    table: str = ""

    def __str__(self) -> str:
        whose = "" if self.of == self.role else f"is a member of {self.of}, which "
        return whose + _SAID[self.what]


async def powers(connection: Connection, beside: Sequence[MetaData] = ()) -> Sequence[Power]:
    """All that lets the role of this connection pass the policies, of our tables and of those `beside`; of a superuser,
    that it is one."""
    found = await connection.fetch(_POWERS, [table for each in (metadata, *beside) for table in each.tables])
    return [
        Power(role=role, of=of, through=tuple(through), what=what, table=table)
        for role, of, through, what, table in found
    ]


async def check(database: Database, beside: Sequence[MetaData] = ()) -> None:
    """Raises `RoleUnsafe` for a role with any power over the policies, its own or one it is a member of."""
    with translated():
        async with database.connection() as connection:
            found = await powers(connection, beside)
    if found:
        raise RoleUnsafe(
            f"The database role {found[0].role} {found[0]}, so it could bypass the policies that keep tenants apart: "
            "connect as the role that `homeport migrate` made (homeport_app, if you named no other)."
        )
