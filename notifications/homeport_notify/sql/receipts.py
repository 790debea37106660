"""What devices say came of notifications, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from homeport_notify.ports import Receipt
from homeport_notify.sql.dialect import Statement, json_list
from homeport_notify.sql.on_door import OnDoor

KEEP: Final = Statement(
    """
    INSERT INTO notification_receipts AS kept (tenant_id, notification_id, device_id, user_id, received_at, opened_at,
      created_at, updated_at)
    SELECT :tenant, notifications.notification_id, CAST(:device AS text), CAST(:user AS text),
      CAST(wanted.value ->> 1 AS bigint), CAST(wanted.value ->> 2 AS bigint), CAST(:now AS bigint),
      CAST(:now AS bigint)
    FROM {each_of:receipts} {found:notifications|notifications.notification_id = wanted.value ->> 0}
    WHERE true
    ON CONFLICT (tenant_id, notification_id, device_id) DO UPDATE SET
      opened_at = excluded.opened_at, updated_at = excluded.updated_at
    WHERE kept.opened_at IS NULL"""
)
RECEIVED: Final = Statement(
    """
    SELECT count(*), count(opened_at) FROM notification_receipts
    WHERE tenant_id = :tenant AND notification_id = :id"""
)


class SqlReceipts(OnDoor):
    """`NotificationReceipts` in SQL."""

    async def keep_receipts(
        self, tenant: str, user: str, device: str, receipts: Sequence[Receipt], now_ms: int
    ) -> None:
        """See `ports.NotificationReceipts`."""
        told = [[id, *when] for id, when in sorted(_first_words(receipts).items())]
        if told:
            async with self._work(tenant) as work:
                await work.execute(KEEP, user=user, device=device, receipts=json_list(told), now=now_ms)

    async def received(self, tenant: str, notification: str) -> tuple[int, int]:
        """See `ports.NotificationReceipts`."""
        ((received, opened),) = await self._read(tenant, RECEIVED, id=notification)
        return received, opened


def _first_words(receipts: Sequence[Receipt]) -> dict[str, tuple[int, int | None]]:
    """One of each notification: one statement cannot change one row twice."""
    first: dict[str, tuple[int, int | None]] = {}
    for each in receipts:
        received_ms, opened_ms = first.get(each.notification, (each.received_at_ms, None))
        first[each.notification] = (received_ms, each.opened_at_ms if opened_ms is None else opened_ms)
    return first
