"""The store on PostgreSQL: every port over one pool of connections."""

from __future__ import annotations

from homeport_sync.limits import LIMITS, Limits
from homeport_sync.sql.postgres.database import Database
from homeport_sync.sql.postgres.log import PostgresLog
from homeport_sync.sql.postgres.tenants import PostgresTenants


class PostgresStore(PostgresLog, PostgresTenants):
    """All ports. Whoever opens it closes it."""

    @classmethod
    async def open(cls, url: str, limits: Limits = LIMITS, *, connections_max: int = 10) -> PostgresStore:
        """Connect to `postgresql://…`. Raises `Unavailable` if nobody answers there."""
        return cls(await Database.open(url, connections_max), limits)

    async def close(self) -> None:
        """Finish what is under way, then close every connection."""
        await self._database.close()
