"""What is known of a device on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from homeport_sync.sightings import REFUSED_SHOWN_MAX, DeviceFacts, DevicePage, DevicePlace, Sighting, page_of, user_of
from homeport_sync.sql import rows
from homeport_sync.sql.sqlite import device_statements
from homeport_sync.sql.sqlite.file import OnFile, transaction
from homeport_sync.sql.sqlite.transaction import head_of


class SqliteSightings(OnFile):
    """`Sightings` on SQLite."""

    async def keep_sightings(self, tenant: str, sightings: Sequence[Sighting], now_ms: int) -> None:
        """See `sightings.Sightings`."""

        def keep(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                head_of(connection, tenant)  # raises if there is no such tenant
                connection.executemany(device_statements.KEEP_SIGHTING, rows.sighting_rows(tenant, sightings, now_ms))

        await self._alone(keep)

    async def device(self, tenant: str, device: str) -> DeviceFacts | None:
        """See `sightings.Sightings`."""
        return await self._snapshot(lambda connection: _facts(connection, {"tenant": tenant, "device": device}))

    async def devices(self, tenant: str, after: DevicePlace, limit: int) -> DevicePage:
        """See `sightings.Sightings`."""
        asked = {"tenant": tenant, "at": after[0], "device": after[1], "room": limit}

        def read(connection: sqlite3.Connection) -> DevicePage:
            head = head_of(connection, tenant)
            found = connection.execute(device_statements.DEVICES_LISTED, asked).fetchall()
            return page_of([rows.listed_device(row) for row in found], limit, head.position)

        return await self._snapshot(read)


def _facts(connection: sqlite3.Connection, who: dict[str, object]) -> DeviceFacts | None:
    head = head_of(connection, str(who["tenant"]))
    found = connection.execute(device_statements.DEVICE_FACTS, who).fetchone()
    seen = connection.execute(device_statements.SIGHTING, who).fetchone()
    if found is None and seen is None:
        return None
    known, first_push_ms, last_push_ms = (rows.known_device(found[:5]), *found[5:]) if found else (None, None, None)
    sighting = rows.sighting(seen) if seen else None
    last = {"stamp": known.last_stamp if known else "", "number": known.last_number if known else 0}
    decided = connection.execute(device_statements.DECIDED_AT, {**who, **last}).fetchone()
    user = {"tenant": who["tenant"], "user": user_of(known, sighting)}
    return DeviceFacts(
        known=known,
        first_push_ms=first_push_ms,
        last_push_ms=last_push_ms,
        last_decided_ms=decided[0] if decided else None,
        sighting=sighting,
        refused=[
            rows.quarantined(row)
            for row in connection.execute(device_statements.REFUSED_OF_DEVICE, {**who, "room": REFUSED_SHOWN_MAX})
        ],
        refused_count=connection.execute(device_statements.REFUSED_COUNT, who).fetchone()[0],
        grants=connection.execute(device_statements.GRANTS_COUNT, user).fetchone()[0],
        head=head.position,
    )
