"""What is forgotten of notifications: addresses that nobody has seen for long, and what has ended for long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from homeport_notify import limits
from homeport_notify.notification import Lane
from homeport_notify.ports import Addresses, Notifications

# Longer than anything can wait to be told: so a key that comes again is known, or too late to tell anything.
KEPT_MS: Final = 30 * 86_400_000
KEPT_WAKES_MS: Final = 86_400_000  # nobody asks after one by its key, and there are very many
AT_ONCE_MAX: Final = 500  # in one transaction
STEPS_MAX: Final = 200  # of a tenant in one round; the next round goes on


class UpkeepStore(Addresses, Notifications, Protocol):
    """What is kept up here."""


class NotifyUpkeep:
    """One round for one tenant is one call."""

    def __init__(self, store: UpkeepStore) -> None:
        self._store = store

    async def keep(self, tenant: str, now_ms: int) -> None:
        """Retire what was unseen for too long, and forget what was retired or has ended long ago."""
        unseen_ms = now_ms - limits.UNSEEN_MS_MAX
        await _all(lambda: self._store.age_out(tenant, unseen_ms, AT_ONCE_MAX))
        await _all(lambda: self._store.forget_addresses(tenant, unseen_ms - KEPT_MS, AT_ONCE_MAX))
        await self._forget(tenant, "wake", now_ms - KEPT_WAKES_MS)
        await self._forget(tenant, "transactional", now_ms - KEPT_MS)
        await self._forget(tenant, "bulk", now_ms - KEPT_MS)

    async def _forget(self, tenant: str, lane: Lane, ended_before_ms: int) -> None:
        await _all(lambda: self._store.forget(tenant, lane, ended_before_ms, AT_ONCE_MAX))


async def _all(step: Callable[[], Awaitable[int]]) -> None:
    """As many steps as it takes, for this round."""
    for _ in range(STEPS_MAX):
        if await step() < AT_ONCE_MAX:
            break
