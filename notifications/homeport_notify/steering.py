"""Steering a notification: what becomes of it when somebody pauses, resumes, cancels or stops it. Pure, and total.

What is steered again the same way stays as it is, so that a request which was not answered can be sent again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from msgspec.structs import replace

from homeport_notify import limits
from homeport_notify.errors import NotificationOver
from homeport_notify.notification import EARLY_ENDS, Notification, State

Steering: TypeAlias = Literal["pause", "resume", "cancel", "stop"]

_AFTER: Final[Mapping[Steering, State]] = {
    "pause": "paused",
    "resume": "running",
    "cancel": "cancelled",
    "stop": "stopped",
}


def steered(notification: Notification, how: Steering, reason: str, *, begun: bool) -> Notification:
    """The notification afterwards; the very same if nothing changes. `begun`: some of its audience is in chunks, so one
    that is resumed runs, and does not wait. Raises `NotificationOver` for one that has ended in another way."""
    state = _AFTER[how]
    if notification.state == state:
        return notification
    if notification.over:
        raise NotificationOver(
            f"The notification is {notification.state}, so it cannot be told to {how} any more: submit a new one.",
            state=notification.state,
        )
    if how == "resume":
        if notification.state != "paused":
            return notification
        return replace(notification, state="running" if begun else "waiting", reason="")
    return replace(notification, state=state, reason=reason)


def replayed(notification: Notification, now_ms: int) -> Notification:
    """The notification when some of its dead letters are tried once more: one that was done runs again, and there is
    time for it. Raises `NotificationOver` for one that was cancelled or stopped."""
    if notification.state in EARLY_ENDS:
        raise NotificationOver(
            f"The notification was {notification.state}, so nothing of it is replayed: submit a new one.",
            state=notification.state,
        )
    expires_at_ms = max(notification.expires_at_ms, now_ms + limits.RETRY_WITHIN_MS)
    state: State = "running" if notification.state == "done" else notification.state
    return replace(notification, state=state, expires_at_ms=expires_at_ms)
