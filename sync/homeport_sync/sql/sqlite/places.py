"""The followers' places on SQLite, and what is written under their leases."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace

from homeport_sync.errors import LeaseLost, no_tenant
from homeport_sync.lease import Lease
from homeport_sync.sql.rows import OF_ALL_TENANTS
from homeport_sync.sql.sqlite import statements
from homeport_sync.sql.sqlite.file import OnFile, now_ms, transaction
from homeport_sync.sql.sqlite.transaction import head_of
from homeport_sync.usage import Heading


class SqlitePlaces(OnFile):
    """`Places` and `Usage` on SQLite."""

    async def place(self, tenant: str, follower: str) -> int:
        """See `ports.Places`."""
        found = await self._fetch(statements.PLACE, {"tenant": tenant, "follower": follower})
        return int(found[0][0]) if found else 0

    async def begin(self, tenant: str, follower: str, position: int) -> int:
        """See `ports.Places`."""
        return await self._begin(statements.BEGIN_PLACE, tenant, follower, position)

    async def began_ms(self, follower: str, now_ms: int) -> int:
        """See `ports.Places`."""
        return await self._begin(statements.BEGIN_FOR_ALL, OF_ALL_TENANTS, follower, now_ms)

    async def lease(self, tenant: str, follower: str, holder: str, ttl_ms: int) -> Lease | None:
        """See `ports.Places`."""
        values = {"tenant": tenant, "follower": follower, "holder": holder, "now": now_ms(), "ttl": ttl_ms}

        def take(connection: sqlite3.Connection) -> Lease | None:
            taken = connection.execute(statements.LEASE, values).fetchall()
            if not taken:
                head_of(connection, tenant)  # raises if there is no such tenant
                return None
            ((position, fence),) = taken
            return Lease(tenant=tenant, follower=follower, holder=holder, fence=fence, position=position, ttl_ms=ttl_ms)

        return await self._alone(take)

    async def keep_place(self, lease: Lease, position: int) -> Lease:
        """See `ports.Places`."""
        values = {**_under(lease), "position": position}
        return await self._alone(lambda connection: _moved(connection, statements.KEEP_PLACE, lease, values))

    async def give_back(self, lease: Lease) -> None:
        """See `ports.Places`."""
        await self._alone(lambda connection: connection.execute(statements.GIVE_BACK, _under(lease)).rowcount)

    async def add_usage(self, lease: Lease, position: int, counts: Mapping[Heading, int]) -> Lease:
        """See `usage.Usage`."""
        values = {**_under(lease), "position": position, "was": lease.position}
        added = [(lease.tenant, *astuple(heading), count, now_ms(), now_ms()) for heading, count in counts.items()]

        def add(connection: sqlite3.Connection) -> Lease:
            with transaction(connection):
                moved = _moved(connection, statements.MOVE_PLACE, lease, values)
                connection.executemany(statements.ADD_USAGE, added)
                return moved

        return await self._alone(add)

    async def _begin(self, statement: str, tenant: str, follower: str, position: int) -> int:
        values = {"tenant": tenant, "follower": follower, "position": position, "now": now_ms()}

        def begin(connection: sqlite3.Connection) -> int:
            connection.execute(statement, values)
            found = connection.execute(statements.PLACE, values).fetchone()
            if found is None:
                raise no_tenant(tenant)
            return int(found[0])

        return await self._alone(begin)

    async def usage(self, tenant: str, after: Heading, limit: int) -> Sequence[tuple[Heading, int]]:
        """See `usage.Usage`."""
        values = {
            "tenant": tenant,
            "day": after.day,
            "kind": after.kind,
            "op": after.op,
            "outcome": after.outcome,
            "room": limit,
        }
        found = await self._fetch(statements.USAGE, values)
        return [(Heading(day=day, kind=kind, op=op, outcome=outcome), n) for day, kind, op, outcome, n in found]


def _under(lease: Lease) -> dict[str, object]:
    return {
        "tenant": lease.tenant,
        "follower": lease.follower,
        "holder": lease.holder,
        "fence": lease.fence,
        "ttl": lease.ttl_ms,
        "now": now_ms(),
    }


def _moved(connection: sqlite3.Connection, statement: str, lease: Lease, values: dict[str, object]) -> Lease:
    moved = connection.execute(statement, values).fetchall()
    if not moved:
        raise LeaseLost
    return replace(lease, position=moved[0][0])
