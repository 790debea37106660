"""Forgetting what ended long ago: a notification and all that hangs on it, a bounded step at a time.

The row of the notification goes last, so that what was cut off is begun again.
"""

from __future__ import annotations

from typing import Final

from homeport_notify.sql.dialect import Statement
from homeport_notify.sql.door import Door
from homeport_notify.sql.on_door import OnDoor

ROWS_MAX: Final = 500  # in one transaction: a row of deliveries has up to 17 kB
ENDED: Final = Statement(
    """
    SELECT notification_id FROM notifications
    WHERE tenant_id = :tenant AND ended_at < :before ORDER BY ended_at, notification_id LIMIT :room"""
)
FORGET_DELIVERIES: Final = Statement(
    "DELETE FROM deliveries WHERE tenant_id = :tenant AND notification_id = :id AND number <= :upto"
)
FORGET_CHUNKS: Final = Statement(
    "DELETE FROM chunks WHERE tenant_id = :tenant AND notification_id = :id AND number <= :upto"
)
FORGET_DEAD: Final = Statement(
    "DELETE FROM dead_letters WHERE tenant_id = :tenant AND notification_id = :id AND address_id <= :upto"
)
FORGET_RECEIPTS: Final = Statement(
    """
    DELETE FROM notification_receipts WHERE tenant_id = :tenant AND notification_id = :id AND device_id <= :upto"""
)
FORGET: Final = Statement("DELETE FROM notifications WHERE tenant_id = :tenant AND notification_id = :id")


def _upto(table: str, column: str) -> Statement:
    """Up to where the next step goes."""
    return Statement(
        """
    SELECT max(last) FROM (
      SELECT {column} AS last FROM {table}
      WHERE tenant_id = :tenant AND notification_id = :id ORDER BY {column} LIMIT :room) AS step""",
        column=column,
        table=table,
    )


CHUNKS_UPTO: Final = _upto("chunks", "number")
DEAD_UPTO: Final = _upto("dead_letters", "address_id")
RECEIPTS_UPTO: Final = _upto("notification_receipts", "device_id")
_PARTS: Final = (
    (CHUNKS_UPTO, (FORGET_DELIVERIES, FORGET_CHUNKS)),
    (DEAD_UPTO, (FORGET_DEAD,)),
    (RECEIPTS_UPTO, (FORGET_RECEIPTS,)),
)


class _Forgetting(OnDoor):
    async def ended(self, tenant: str, before_ms: int, limit: int) -> list[str]:
        return [row[0] for row in await self._read(tenant, ENDED, before=before_ms, room=limit)]

    async def forget(self, tenant: str, id: str) -> None:
        for upto, goes in _PARTS:
            while await self._step(tenant, id, upto, goes):
                pass
        async with self._work(tenant) as work:
            await work.execute(FORGET, id=id)

    async def _step(self, tenant: str, id: str, upto: Statement, goes: tuple[Statement, ...]) -> bool:
        async with self._work(tenant) as work:
            ((last,),) = await work.fetch(upto, id=id, room=ROWS_MAX)
            for each in goes if last is not None else ():
                await work.execute(each, id=id, upto=last)
            return last is not None


async def forgotten(door: Door, tenant: str, ended_before_ms: int, limit: int) -> int:
    """Forget at most `limit` that had ended by then, oldest first; how many."""
    forgetting = _Forgetting(door)
    gone = await forgetting.ended(tenant, ended_before_ms, limit)
    for id in gone:
        await forgetting.forget(tenant, id)
    return len(gone)
