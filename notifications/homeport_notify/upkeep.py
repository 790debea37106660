"""Upkeep: what is old goes, a bounded step at a time: addresses that nobody has seen, and notifications that ended."""

from __future__ import annotations

from typing import Final, Protocol

from homeport_notify import limits
from homeport_notify.ports import Addresses, Notifications

STEP_MAX: Final = 100  # addresses, or notifications, in one step


class UpkeptStore(Addresses, Notifications, Protocol):
    """What upkeep works on."""


async def age_out(store: Addresses, tenant: str, now_ms: int) -> int:
    """Retire addresses that were unseen for `UNSEEN_MS_MAX`, at most `STEP_MAX`; how many. Call it again while it is
    that many."""
    return await store.age_out(tenant, now_ms - limits.UNSEEN_MS_MAX, STEP_MAX)


async def forget(store: Notifications, tenant: str, now_ms: int) -> int:
    """Forget notifications that ended `KEPT_MS` ago, at most `STEP_MAX`; how many. Call it again while it is that many.
    With one goes its idempotency key."""
    return await store.forget(tenant, now_ms - limits.KEPT_MS, STEP_MAX)


async def keep_up(store: UpkeptStore, tenant: str, now_ms: int) -> bool:
    """One step of both; whether there may be more to do."""
    aged, forgotten = await age_out(store, tenant, now_ms), await forget(store, tenant, now_ms)
    return STEP_MAX in {aged, forgotten}
