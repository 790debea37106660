"""The followers' places on PostgreSQL, and what is written under their leases. Leases run by the database's clock.

`$1` is the tenant in every statement, and each finds its rows by the table's key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from typing import Final

from homeport_sync.errors import LeaseLost, no_tenant
from homeport_sync.lease import Lease
from homeport_sync.sql.postgres.database import Connection, OnDatabase, Row
from homeport_sync.sql.postgres.load import head_of
from homeport_sync.sql.postgres.statements import NOW
from homeport_sync.sql.rows import OF_ALL_TENANTS
from homeport_sync.usage import Heading

PLACE: Final = "SELECT position FROM places WHERE tenant_id = $1 AND follower = $2"
BEGIN: Final = f"""
    INSERT INTO places (tenant_id, follower, position, created_at, updated_at)
    SELECT tenant_id, $2, $3::bigint, {NOW}, {NOW} FROM heads WHERE tenant_id = $1
    ON CONFLICT (tenant_id, follower) DO NOTHING"""  # noqa: S608  # the clock is put in
BEGIN_FOR_ALL: Final = f"""
    INSERT INTO places (tenant_id, follower, position, created_at, updated_at)
    VALUES ($1, $2, $3::bigint, {NOW}, {NOW}) ON CONFLICT (tenant_id, follower) DO NOTHING"""  # noqa: S608
LEASE: Final = f"""
    INSERT INTO places (tenant_id, follower, position, holder, fence, leased_until, created_at, updated_at)
    SELECT tenant_id, $2, 0, $3, 1, {NOW} + $4::bigint, {NOW}, {NOW} FROM heads WHERE tenant_id = $1
    ON CONFLICT (tenant_id, follower) DO UPDATE SET
      fence = places.fence + (places.holder <> excluded.holder)::int, holder = excluded.holder,
      leased_until = {NOW} + $4::bigint, updated_at = excluded.updated_at
    WHERE places.holder IN ('', excluded.holder) OR places.leased_until <= {NOW}
    RETURNING position, fence"""  # noqa: S608  # the clock is put in
_HELD = "tenant_id = $1 AND follower = $2 AND holder = $3 AND fence = $4"
_RENEW = f"leased_until = {NOW} + $5::bigint, updated_at = {NOW}"
KEEP_PLACE: Final = f"""
    UPDATE places SET position = greatest(position, $6::bigint), {_RENEW} WHERE {_HELD} RETURNING position"""  # noqa: S608
MOVE_PLACE: Final = f"""
    UPDATE places SET position = $6::bigint, {_RENEW} WHERE {_HELD} AND position = $7 RETURNING position"""  # noqa: S608
GIVE_BACK: Final = f"""
    UPDATE places SET holder = '', leased_until = 0, updated_at = {NOW} WHERE {_HELD}"""  # noqa: S608
ADD_USAGE: Final = f"""
    INSERT INTO usage (tenant_id, day, kind, op, outcome, changes, created_at, updated_at)
    SELECT $1, day, kind, op, outcome, changes, {NOW}, {NOW}
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[]) AS l(day, kind, op, outcome, changes)
    ON CONFLICT (tenant_id, day, kind, op, outcome) DO UPDATE SET
      changes = usage.changes + excluded.changes, updated_at = excluded.updated_at"""  # noqa: S608
USAGE: Final = """
    SELECT day, kind, op, outcome, changes FROM usage
    WHERE tenant_id = $1 AND (day, kind, op, outcome) > ($2, $3, $4, $5)
    ORDER BY day, kind, op, outcome LIMIT $6"""


class PostgresPlaces(OnDatabase):
    """`Places` and `Usage` on PostgreSQL."""

    async def place(self, tenant: str, follower: str) -> int:
        """See `ports.Places`."""

        async def read(connection: Connection) -> int:
            found = await connection.fetchrow(PLACE, tenant, follower)
            return int(found[0]) if found else 0

        return await self._database.read(tenant, read)

    async def begin(self, tenant: str, follower: str, position: int) -> int:
        """See `ports.Places`."""
        return await self._begin(BEGIN, tenant, follower, position)

    async def began_ms(self, follower: str, now_ms: int) -> int:
        """See `ports.Places`."""
        return await self._begin(BEGIN_FOR_ALL, OF_ALL_TENANTS, follower, now_ms)

    async def lease(self, tenant: str, follower: str, holder: str, ttl_ms: int) -> Lease | None:
        """See `ports.Places`."""
        async with self._database.tenant(tenant) as connection:
            taken = await connection.fetchrow(LEASE, tenant, follower, holder, ttl_ms)
            if taken is None:
                await head_of(connection, tenant)  # raises if there is no such tenant
                return None
        position, fence = taken
        return Lease(tenant=tenant, follower=follower, holder=holder, fence=fence, position=position, ttl_ms=ttl_ms)

    async def keep_place(self, lease: Lease, position: int) -> Lease:
        """See `ports.Places`."""
        async with self._database.tenant(lease.tenant) as connection:
            moved = await connection.fetchrow(KEEP_PLACE, *_under(lease), lease.ttl_ms, position)
        return _moved(lease, moved)

    async def give_back(self, lease: Lease) -> None:
        """See `ports.Places`."""
        async with self._database.tenant(lease.tenant) as connection:
            await connection.execute(GIVE_BACK, *_under(lease))

    async def add_usage(self, lease: Lease, position: int, counts: Mapping[Heading, int]) -> Lease:
        """See `usage.Usage`."""
        lines = [(*astuple(heading), count) for heading, count in counts.items()]
        async with self._database.tenant(lease.tenant) as connection:
            values = (*_under(lease), lease.ttl_ms, position, lease.position)
            moved = _moved(lease, await connection.fetchrow(MOVE_PLACE, *values))
            await connection.execute(ADD_USAGE, lease.tenant, *map(list, zip(*lines, strict=True)))
        return moved

    async def usage(self, tenant: str, after: Heading, limit: int) -> Sequence[tuple[Heading, int]]:
        """See `usage.Usage`."""

        async def read(connection: Connection) -> list[Row]:
            return await connection.fetch(USAGE, tenant, *astuple(after), limit)

        found = await self._database.read(tenant, read)
        return [(Heading(day=day, kind=kind, op=op, outcome=outcome), n) for day, kind, op, outcome, n in found]

    async def _begin(self, statement: str, tenant: str, follower: str, position: int) -> int:
        async with self._database.tenant(tenant) as connection:
            await connection.execute(statement, tenant, follower, position)
            found = await connection.fetchrow(PLACE, tenant, follower)
        if found is None:
            raise no_tenant(tenant)
        return int(found[0])


def _under(lease: Lease) -> tuple[str, str, str, int]:
    return lease.tenant, lease.follower, lease.holder, lease.fence


def _moved(lease: Lease, moved: Row | None) -> Lease:
    if moved is None:
        raise LeaseLost
    return replace(lease, position=moved[0])
