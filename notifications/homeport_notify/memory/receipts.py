"""What devices say came of notifications, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from homeport_notify.memory.space import OnMemory
from homeport_notify.ports import Receipt


class MemoryReceipts(OnMemory):
    """`NotificationReceipts` in memory."""

    async def keep_receipts(
        self, tenant: str, user: str, device: str, receipts: Sequence[Receipt], now_ms: int
    ) -> None:
        """See `ports.NotificationReceipts`."""
        for each in receipts:
            kept = self._spaces[tenant].notifications.get(each.notification)
            if kept is not None:
                received_ms, opened_ms = kept.receipts.get(device, (each.received_at_ms, None))
                kept.receipts[device] = (received_ms, each.opened_at_ms if opened_ms is None else opened_ms)

    async def received(self, tenant: str, notification: str) -> tuple[int, int]:
        """See `ports.NotificationReceipts`."""
        kept = self._spaces[tenant].notifications.get(notification)
        told = list(kept.receipts.values()) if kept else []
        return len(told), len([opened_ms for _, opened_ms in told if opened_ms is not None])
