"""The store on PostgreSQL: every port over one pool of connections."""

from __future__ import annotations

from homeport_sync.limits import LIMITS, Limits
from homeport_sync.sql.postgres import role, schema
from homeport_sync.sql.postgres.database import Database
from homeport_sync.sql.postgres.installation import PostgresInstallation
from homeport_sync.sql.postgres.key_book import PostgresKeyBook
from homeport_sync.sql.postgres.log import PostgresLog
from homeport_sync.sql.postgres.places import PostgresPlaces
from homeport_sync.sql.postgres.quarantine import PostgresQuarantine
from homeport_sync.sql.postgres.receipts import PostgresReceipts
from homeport_sync.sql.postgres.sightings import PostgresSightings
from homeport_sync.sql.postgres.tenants import PostgresTenants


class PostgresStore(
    PostgresInstallation,
    PostgresKeyBook,
    PostgresLog,
    PostgresPlaces,
    PostgresQuarantine,
    PostgresReceipts,
    PostgresSightings,
    PostgresTenants,
):
    """All ports. Whoever opens it closes it."""

    @classmethod
    async def open(cls, url: str, limits: Limits = LIMITS, *, connections_max: int = 10) -> PostgresStore:
        """Connect to `postgresql://…`. Raises `Unavailable` if nobody answers there, `SchemaUnknown` if the schema is
        of a version this one does not serve, `RoleUnsafe` if the role could pass the policies."""
        database = await Database.open(url, connections_max)
        try:
            await schema.check(database)
            await role.check(database)
        except BaseException:
            await database.close()
            raise
        return cls(database, limits)

    async def close(self) -> None:
        """Finish what is under way, then close every connection."""
        await self._database.close()
