"""Expanding: a notification's audience becomes chunks, a page at a time, while the first of them are sent already.

No audience is ever read into memory. A page and the place behind it are written in one transaction, so a worker that
dies leaves off exactly between two pages, and two that work on the same audience never make a page twice.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

from homeport_notify import limits
from homeport_notify.audience import ToScope
from homeport_notify.errors import NotificationOver
from homeport_notify.notification import Lane, Notification
from homeport_notify.ports import Expanding, Expansion, Members, Notifications
from homeport_sync.errors import HomeportError


class ExpanderStore(Expansion, Notifications, Protocol):
    """What an expander works on."""


class Expander:
    """Of one worker."""

    def __init__(self, store: ExpanderStore, members: Members) -> None:
        self._store = store
        self._members = members

    async def step(self, tenant: str, lane: Lane, now_ms: int) -> bool:
        """One page of the lane's oldest notification that is due; whether there was any to expand.

        Raises what the store raises. One whose audience cannot be read, for a reason that waiting does not mend, is
        paused first: those behind it would wait for it for ever.
        """
        expanding = await self._store.expanding(tenant, lane, now_ms)
        if expanding is None:
            return False
        try:
            await self._page(expanding)
        except Exception as error:
            if not (isinstance(error, HomeportError) and error.retryable):
                await self._pause(expanding.notification, f"its audience cannot be read: {type(error).__name__}")
            raise
        return True

    async def _page(self, expanding: Expanding) -> None:
        audience = expanding.notification.audience
        if isinstance(audience, ToScope):
            await self._page_of_scope(expanding, audience)
        else:
            await self._store.expand(expanding, limits.EXPANDED_AT_ONCE_MAX)

    async def _pause(self, notification: Notification, reason: str) -> None:
        with suppress(NotificationOver):  # somebody ended it meanwhile
            await self._store.steer(notification.tenant, notification.id, "pause", reason)

    async def _page_of_scope(self, expanding: Expanding, audience: ToScope) -> None:
        tenant, room = expanding.notification.tenant, limits.EXPANDED_AT_ONCE_MAX
        users = await self._members.members(tenant, audience.scope, expanding.place, room)
        await self._store.expand_users(expanding, users, last=len(users) < room, but=audience.but)
