"""The secret's fingerprint on PostgreSQL. Its table has no tenant and no policy: nothing in it is anybody's."""

from __future__ import annotations

from typing import Final

from homeport_sync.sql.postgres.database import Connection, OnDatabase, Row
from homeport_sync.sql.postgres.statements import NOW

NO_TENANT: Final = ""
READ_FINGERPRINT: Final = "SELECT secret_fingerprint FROM installation WHERE id = 1"
_KEEP: Final = f"""
    INSERT INTO installation (id, secret_fingerprint, created_at, updated_at)
    VALUES (1, $1, {NOW}, {NOW}) ON CONFLICT (id) DO """  # noqa: S608
_ADOPT: Final = f"{_KEEP} NOTHING"
_REPLACE: Final = (
    f"{_KEEP} UPDATE SET secret_fingerprint = excluded.secret_fingerprint, updated_at = excluded.updated_at"
)


class PostgresInstallation(OnDatabase):
    """`Installation` on PostgreSQL."""

    async def fingerprint(self) -> str | None:
        """See `installation.Installation`."""

        async def read(connection: Connection) -> Row | None:
            return await connection.fetchrow(READ_FINGERPRINT)

        found = await self._database.read(NO_TENANT, read)
        return str(found[0]) if found else None

    async def adopt(self, fingerprint: str, *, replace: bool) -> str:
        """See `installation.Installation`."""
        async with self._database.tenant(NO_TENANT) as connection:
            await connection.execute(_REPLACE if replace else _ADOPT, fingerprint)
            found = await connection.fetchrow(READ_FINGERPRINT)
        return str(found[0]) if found else fingerprint
