"""Forgetting what ended long ago: a notification and all that hangs on it, a bounded step at a time.

The row of the notification goes last, so that what was cut off is begun again; most go in one step. Each step locks it
first and looks whether it has ended still: dead letters may be replayed at any age.
"""

from __future__ import annotations

from typing import Final

from homeport_notify.notification import Lane
from homeport_notify.sql.dialect import Statement
from homeport_notify.sql.door import Door
from homeport_notify.sql.on_door import OnDoor, Work

ROWS_MAX: Final = 500  # of each sort in one transaction: a row of deliveries has up to 17 kB
ENDED: Final = Statement(
    """
    SELECT notification_id FROM notifications
    WHERE tenant_id = :tenant AND lane = :lane AND ended_at < :before ORDER BY ended_at, notification_id LIMIT :room"""
)
ENDED_AT: Final = Statement(
    """
    SELECT ended_at FROM notifications
    WHERE tenant_id = :tenant AND notification_id = :id {lock}"""
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
    """Up to where the next step goes, and how many rows that are."""
    return Statement(
        """
    SELECT max(last), count(*) FROM (
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
    async def ended(self, tenant: str, lane: Lane, before_ms: int, limit: int) -> list[str]:
        return [row[0] for row in await self._read(tenant, ENDED, lane=lane, before=before_ms, room=limit)]

    async def forget(self, tenant: str, id: str, before_ms: int) -> bool:
        """Whether it is gone: one that runs again by now stays."""
        while True:
            async with self._work(tenant) as work:
                found = await work.first(ENDED_AT, id=id)
                if found is None or found[0] is None or found[0] >= before_ms:
                    return False
                if await _is_empty(work, id):
                    await work.execute(FORGET, id=id)
                    return True


async def _is_empty(work: Work, id: str) -> bool:
    """Whether nothing hangs on it any more, now that the first rows of each sort are deleted."""
    full = False
    for upto, goes in _PARTS:
        ((last, rows),) = await work.fetch(upto, id=id, room=ROWS_MAX)
        for each in goes if rows else ():
            await work.execute(each, id=id, upto=last)
        full = full or rows == ROWS_MAX
    return not full


async def forgotten(door: Door, tenant: str, lane: Lane, ended_before_ms: int, limit: int) -> int:
    """Forget at most `limit` of the lane that had ended by then, oldest first; how many."""
    forgetting = _Forgetting(door)
    ended = await forgetting.ended(tenant, lane, ended_before_ms, limit)
    return sum([await forgetting.forget(tenant, id, ended_before_ms) for id in ended])
