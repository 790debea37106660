"""What was rejected, on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from homeport_sync.quarantine import Chosen, Held, QuarantinePlace
from homeport_sync.sql import rows
from homeport_sync.sql.sqlite import statements
from homeport_sync.sql.sqlite.file import OnFile
from homeport_sync.sql.sqlite.transaction import head_of


class SqliteQuarantine(OnFile):
    """`Quarantine` on SQLite."""

    async def quarantine(self, tenant: str, chosen: Chosen, after: QuarantinePlace, limit: int) -> Sequence[Held]:
        """See `quarantine.Quarantine`."""
        at, device, number = after
        values = {
            "at": at,
            "after": device,
            "number": number,
            "user": chosen.user,
            "device": chosen.device,
            "record": chosen.record,
            "closed": chosen.closed,
            "room": limit,
        }
        return await self._held(statements.QUARANTINE, tenant, values)

    async def held(self, tenant: str, device: str, number: int) -> Held | None:
        """See `quarantine.Quarantine`."""
        found = await self._held(statements.HELD, tenant, {"device": device, "number": number})
        return found[0] if found else None

    async def held_later(self, tenant: str, device: str, number: int, limit: int) -> Sequence[Held]:
        """See `quarantine.Quarantine`."""
        return await self._held(statements.HELD_LATER, tenant, {"device": device, "number": number, "room": limit})

    async def held_of(self, tenant: str, record: str, limit: int) -> Sequence[Held]:
        """See `quarantine.Quarantine`."""
        return await self._held(statements.HELD_OF, tenant, {"record": record, "room": limit})

    async def _held(self, statement: str, tenant: str, values: dict[str, object]) -> Sequence[Held]:
        def read(connection: sqlite3.Connection) -> Sequence[Held]:
            head_of(connection, tenant)  # raises if there is no such tenant
            return [rows.held(row) for row in connection.execute(statement, {"tenant": tenant, **values})]

        return await self._snapshot(read)
