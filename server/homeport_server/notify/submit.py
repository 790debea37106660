"""Submitting: the one door through which notifications come in, whoever wants them told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from homeport_notify.notification import Lane, Notification, check_notification
from homeport_notify.ports import Notifications
from homeport_server.notify.nudges import nudge
from homeport_server.observe import Log
from homeport_sync.ports import Signals


class Counted(Protocol):
    """Who counts them."""

    def notification_accepted(self, lane: Lane) -> None:
        """One came in that was not there before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """Checks a notification, keeps it, and has its lane look at it."""

    store: Notifications
    signals: Signals
    counted: Counted
    log: Log
    wall_ms: Callable[[], int]

    async def submit(self, notification: Notification, *, request_id: str = "") -> tuple[Notification, bool]:
        """The notification as it is kept, and whether it is new. The same key brings the same one, however often it
        comes. Raises `BadNotification`, `KeyReused`, and what the store raises."""
        check_notification(notification, self.wall_ms())
        kept, is_new = await self.store.submit(notification)
        if is_new:
            self.counted.notification_accepted(kept.lane)
            facts = {"tenant": kept.tenant, "notification": kept.id, "lane": kept.lane, "request_id": request_id}
            self.log.info("notification", **facts)
            nudge(self.signals, kept.tenant, kept.lane)
        return kept, is_new
