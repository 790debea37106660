"""The store on PostgreSQL: every port over one pool of connections."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import MetaData

from homeport_sync.limits import LIMITS, Limits
from homeport_sync.sql.postgres import role, schema
from homeport_sync.sql.postgres.annals import PostgresAnnals
from homeport_sync.sql.postgres.beside import PostgresBeside
from homeport_sync.sql.postgres.database import Database
from homeport_sync.sql.postgres.indexes import PostgresIndexBook
from homeport_sync.sql.postgres.installation import PostgresInstallation
from homeport_sync.sql.postgres.key_book import PostgresKeyBook
from homeport_sync.sql.postgres.log import PostgresLog
from homeport_sync.sql.postgres.lookups import PostgresLookups
from homeport_sync.sql.postgres.places import PostgresPlaces
from homeport_sync.sql.postgres.quarantine import PostgresQuarantine
from homeport_sync.sql.postgres.queries import PostgresQueries
from homeport_sync.sql.postgres.receipts import PostgresReceipts
from homeport_sync.sql.postgres.sightings import PostgresSightings
from homeport_sync.sql.postgres.tenants import PostgresTenants


class PostgresStore(
    PostgresAnnals,
    PostgresIndexBook,
    PostgresInstallation,
    PostgresKeyBook,
    PostgresLog,
    PostgresLookups,
    PostgresPlaces,
    PostgresQuarantine,
    PostgresQueries,
    PostgresReceipts,
    PostgresSightings,
    PostgresTenants,
):
    """All ports. Whoever opens it closes it."""

    @classmethod
    async def open(
        cls, url: str, limits: Limits = LIMITS, *, connections_max: int = 10, beside: Sequence[MetaData] = ()
    ) -> PostgresStore:
        """Connect to `postgresql://…`; `beside` are others' tables in it.

        Raises `Unavailable` if nobody answers there, `SchemaUnknown` if the schema is of a version this one does not
        serve, `RoleUnsafe` if the role could pass the policies.
        """
        database = await Database.open(url, connections_max)
        try:
            await schema.check(database)
            await role.check(database, beside)
            store = cls(database, limits)
            await store.look_for_view()
        except BaseException:
            await database.close()
            raise
        return store

    @property
    def beside(self) -> PostgresBeside:
        """The door for others' tables in this database."""
        return PostgresBeside(self._database)

    async def close(self) -> None:
        """Finish what is under way, then close every connection."""
        await self._database.close()
