"""The roster: all tenants of a store, a page at a time, as whoever goes round them needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from homeport_sync.ports import Tenant, Tenants

TENANTS_PAGE = 100


async def roster(store: Tenants) -> AsyncIterator[Sequence[Tenant]]:
    """Every tenant in the order of their ids, in pages of at most `TENANTS_PAGE`. Raises what the store raises."""
    after = ""
    while page := await store.tenants(after, TENANTS_PAGE):
        yield page
        after = page[-1].id
