"""The secret's fingerprint on SQLite."""

from __future__ import annotations

import sqlite3
from typing import Final

from homeport_sync.sql.sqlite.file import OnFile, now_ms, transaction

READ_FINGERPRINT: Final = "SELECT secret_fingerprint FROM installation WHERE id = 1"
_KEEP: Final = """
    INSERT INTO installation (id, secret_fingerprint, created_at, updated_at)
    VALUES (1, :fingerprint, :now, :now) ON CONFLICT (id) DO """
_ADOPT: Final = f"{_KEEP} NOTHING"
_REPLACE: Final = f"{_KEEP} UPDATE SET secret_fingerprint = excluded.secret_fingerprint, updated_at = :now"


class SqliteInstallation(OnFile):
    """`Installation` on SQLite."""

    async def fingerprint(self) -> str | None:
        """See `installation.Installation`."""
        found = await self._fetch(READ_FINGERPRINT, {})
        return str(found[0][0]) if found else None

    async def adopt(self, fingerprint: str, *, replace: bool) -> str:
        """See `installation.Installation`."""

        def keep(connection: sqlite3.Connection) -> str:
            with transaction(connection):
                connection.execute(_REPLACE if replace else _ADOPT, {"fingerprint": fingerprint, "now": now_ms()})
                return str(connection.execute(READ_FINGERPRINT).fetchone()[0])

        return await self._alone(keep)
