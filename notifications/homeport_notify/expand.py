"""Expanding: a notification's audience becomes chunks, a page at a time, while the first of them are sent already.

No audience is ever read into memory. A page and the place behind it are written in one transaction, so a worker that
dies leaves off exactly between two pages, and two that work on the same audience never make a page twice.
"""

from __future__ import annotations

from homeport_notify import limits
from homeport_notify.audience import ToScope
from homeport_notify.notification import Lane
from homeport_notify.ports import Expanding, Expansion, Members


class Expander:
    """Of one worker."""

    def __init__(self, store: Expansion, members: Members) -> None:
        self._store = store
        self._members = members

    async def step(self, tenant: str, lane: Lane, now_ms: int) -> bool:
        """One page of the lane's oldest notification that is due; whether there was any to expand."""
        expanding = await self._store.expanding(tenant, lane, now_ms)
        if expanding is None:
            return False
        audience = expanding.notification.audience
        if isinstance(audience, ToScope):
            await self._page_of_scope(expanding, audience)
        else:
            await self._store.expand(expanding, limits.EXPANDED_AT_ONCE_MAX)
        return True

    async def _page_of_scope(self, expanding: Expanding, audience: ToScope) -> None:
        tenant, room = expanding.notification.tenant, limits.EXPANDED_AT_ONCE_MAX
        users = await self._members.members(tenant, audience.scope, expanding.place, room)
        await self._store.expand_users(expanding, users, last=len(users) < room, but=audience.but)
