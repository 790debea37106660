"""What is known of a device on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from homeport_sync.sightings import (
    REFUSED_SHOWN_MAX,
    DeviceFacts,
    DevicePage,
    DevicePlace,
    Sighting,
    joined,
    page_of,
    user_of,
)
from homeport_sync.sql import rows
from homeport_sync.sql.postgres import device_statements, statements
from homeport_sync.sql.postgres.database import Connection, OnDatabase
from homeport_sync.sql.postgres.load import head_of

_WIDTH = 13


class PostgresSightings(OnDatabase):
    """`Sightings` on PostgreSQL."""

    async def keep_sightings(self, tenant: str, sightings: Sequence[Sighting], now_ms: int) -> None:
        """See `sightings.Sightings`. In the order of the devices, so that two processes never wait for each other."""
        heard: dict[str, Sighting] = {}
        for each in sightings:  # one statement cannot change one row twice
            heard[each.device] = joined(heard.get(each.device), each)
        in_order = [heard[device] for device in sorted(heard)]
        lines = [row[1 : 1 + _WIDTH] for row in rows.sighting_rows(tenant, in_order, now_ms)]
        async with self._database.tenant(tenant) as connection:
            await head_of(connection, tenant)  # raises if there is no such tenant
            await connection.execute(
                device_statements.KEEP_SIGHTINGS, tenant, now_ms, *statements.columns_of(lines, _WIDTH)
            )

    async def device(self, tenant: str, device: str) -> DeviceFacts | None:
        """See `sightings.Sightings`."""

        async def read(connection: Connection) -> DeviceFacts | None:
            return await _facts(connection, tenant, device)

        return await self._database.read(tenant, read)

    async def devices(self, tenant: str, after: DevicePlace, limit: int) -> DevicePage:
        """See `sightings.Sightings`."""

        async def read(connection: Connection) -> DevicePage:
            head = await head_of(connection, tenant)
            found = await connection.fetch(device_statements.DEVICES_LISTED, tenant, *after, limit)
            return page_of([rows.listed_device(tuple(row)) for row in found], limit, head.position)

        return await self._database.read(tenant, read)


async def _facts(connection: Connection, tenant: str, device: str) -> DeviceFacts | None:
    head = await head_of(connection, tenant)
    found = await connection.fetchrow(device_statements.DEVICE_FACTS, tenant, device)
    seen = await connection.fetchrow(device_statements.SIGHTING, tenant, device)
    if found is None and seen is None:
        return None
    known = rows.known_device(tuple(found)[:5]) if found else None
    sighting = rows.sighting(tuple(seen)) if seen else None
    last = (known.last_stamp, known.last_number) if known else ("", 0)
    decided = await connection.fetchrow(device_statements.DECIDED_AT, tenant, last[0], device, last[1])
    refused = await connection.fetch(device_statements.REFUSED_OF_DEVICE, tenant, device, REFUSED_SHOWN_MAX)
    count = await connection.fetchrow(device_statements.REFUSED_COUNT, tenant, device)
    grants = await connection.fetchrow(device_statements.GRANTS_COUNT, tenant, user_of(known, sighting))
    return DeviceFacts(
        known=known,
        first_push_ms=found[5] if found else None,
        last_push_ms=found[6] if found else None,
        last_decided_ms=decided[0] if decided else None,
        sighting=sighting,
        refused=[rows.quarantined(tuple(row)) for row in refused],
        refused_count=count[0] if count else 0,
        grants=grants[0] if grants else 0,
        head=head.position,
    )
