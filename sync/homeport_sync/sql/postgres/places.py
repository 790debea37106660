"""The followers' places on PostgreSQL, and what is written under their leases. Leases run by the database's clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace

from homeport_sync.errors import LeaseLost
from homeport_sync.lease import Lease
from homeport_sync.sql.postgres import statements
from homeport_sync.sql.postgres.database import Connection, OnDatabase, Row
from homeport_sync.sql.postgres.load import no_tenant
from homeport_sync.usage import Heading


class PostgresPlaces(OnDatabase):
    """`Places` and `Usage` on PostgreSQL."""

    async def place(self, tenant: str, follower: str) -> int:
        """See `ports.Places`."""

        async def read(connection: Connection) -> int:
            found = await connection.fetchrow(statements.PLACE, tenant, follower)
            return int(found[0]) if found else 0

        return await self._database.read(tenant, read)

    async def lease(self, tenant: str, follower: str, holder: str, ttl_ms: int) -> Lease | None:
        """See `ports.Places`."""
        async with self._database.tenant(tenant) as connection:
            taken = await connection.fetchrow(statements.LEASE, tenant, follower, holder, ttl_ms)
            if taken is None:
                if await connection.fetchrow(statements.HEAD_OF, tenant) is None:
                    raise no_tenant(tenant)
                return None
        position, fence = taken
        return Lease(tenant=tenant, follower=follower, holder=holder, fence=fence, position=position, ttl_ms=ttl_ms)

    async def keep_place(self, lease: Lease, position: int) -> Lease:
        """See `ports.Places`."""
        async with self._database.tenant(lease.tenant) as connection:
            moved = await connection.fetchrow(statements.KEEP_PLACE, *_under(lease), lease.ttl_ms, position)
        return _moved(lease, moved)

    async def give_back(self, lease: Lease) -> None:
        """See `ports.Places`."""
        async with self._database.tenant(lease.tenant) as connection:
            await connection.execute(statements.GIVE_BACK, *_under(lease))

    async def add_usage(self, lease: Lease, position: int, counts: Mapping[Heading, int]) -> Lease:
        """See `usage.Usage`."""
        lines = [(*astuple(heading), count) for heading, count in counts.items()]
        async with self._database.tenant(lease.tenant) as connection:
            values = (*_under(lease), lease.ttl_ms, position, lease.position)
            moved = _moved(lease, await connection.fetchrow(statements.MOVE_PLACE, *values))
            await connection.execute(statements.ADD_USAGE, lease.tenant, *statements.columns_of(lines, 5))
        return moved

    async def usage(self, tenant: str, after: Heading, limit: int) -> Sequence[tuple[Heading, int]]:
        """See `usage.Usage`."""

        async def read(connection: Connection) -> list[Row]:
            return await connection.fetch(statements.USAGE, tenant, *astuple(after), limit)

        found = await self._database.read(tenant, read)
        return [(Heading(day=day, kind=kind, op=op, outcome=outcome), n) for day, kind, op, outcome, n in found]


def _under(lease: Lease) -> tuple[str, str, str, int]:
    return lease.tenant, lease.follower, lease.holder, lease.fence


def _moved(lease: Lease, moved: Row | None) -> Lease:
    if moved is None:
        raise LeaseLost
    return replace(lease, position=moved[0])
