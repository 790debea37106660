"""Receipts on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from homeport_sync.receipts import KNOWN_LATE_MS, Ended, Holder, Receipt, merged
from homeport_sync.sql import rows
from homeport_sync.sql.sqlite import statements
from homeport_sync.sql.sqlite.file import OnFile, transaction
from homeport_sync.sql.sqlite.transaction import head_of


class SqliteReceipts(OnFile):
    """`Receipts` on SQLite."""

    async def keep_receipts(
        self, tenant: str, user: str, device: str, receipts: Sequence[Receipt], now_ms: int
    ) -> None:
        """See `receipts.TakesReceipts`."""

        def keep(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                head_of(connection, tenant)  # raises if there is no such tenant
                connection.executemany(
                    statements.KEEP_RECEIPT, rows.receipt_rows(tenant, user, device, receipts, now_ms)
                )

        await self._alone(keep)

    async def ended_grants(
        self, tenant: str, after: tuple[str, str], limit: int, *, user: str = "", scope: str = ""
    ) -> Sequence[Ended]:
        """See `receipts.Receipts`."""
        place = {"after_user": after[0], "after_scope": after[1], "room": limit}
        wanted = {"tenant": tenant, "user": user, "scope": scope, **place}

        def read(connection: sqlite3.Connection) -> list[Ended]:
            head_of(connection, tenant)
            return [rows.ended(row) for row in connection.execute(statements.ENDED_GRANTS, wanted)]

        return await self._snapshot(read)

    async def holders(self, tenant: str, ended: Ended, after: str, limit: int) -> Sequence[Holder]:
        """See `receipts.Receipts`."""
        who = {"tenant": tenant, "user": ended.user, "after": after, "room": limit}

        def read(connection: sqlite3.Connection) -> list[Holder]:
            head_of(connection, tenant)
            ending = {**who, "scope": ended.scope, "ended": ended.position}
            answered = connection.execute(statements.RECEIPTS_OF_ENDING, ending).fetchall()
            before = {**who, "before": ended.ended_at_ms + KNOWN_LATE_MS}
            known = connection.execute(statements.SIGHTED_OF_USER, before).fetchall()
            return merged(map(rows.holder, answered), known, limit)

        return await self._snapshot(read)
