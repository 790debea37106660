"""One record's history out of a store, a page at a time."""

from __future__ import annotations

from typing import Final, Protocol

from homeport_sync.annals import HISTORY_LOOKED_MAX, NEWEST, Annals
from homeport_sync.catalog import Catalog
from homeport_sync.explain import explain
from homeport_sync.history import History
from homeport_sync.quarantine import Quarantine

MOMENTS_MAX: Final = 100  # of one page
REFUSED_MAX: Final = 100  # of one record's rejected changes


class TellsHistories(Annals, Quarantine, Protocol):
    """What a history is made of."""


async def history_of(
    store: TellsHistories,
    catalog: Catalog,
    tenant: str,
    record: str,
    *,
    before: int = NEWEST,
    looked_max: int = HISTORY_LOOKED_MAX,
) -> History:
    """The newest `MOMENTS_MAX` moments of a record before a position, of at most `looked_max` entries of the log. Ask
    again before its `down_to` while there is `more`; a page without moments only says how far was looked. What of the
    record was rejected comes with the first page. Raises `Unavailable` for an unknown tenant."""
    stretch = await store.of_record(tenant, record, before, MOMENTS_MAX, looked_max)
    outcomes = await store.outcomes_of(tenant, stretch.entries)
    refused = await store.held_of(tenant, record, REFUSED_MAX) if before == NEWEST else ()
    return explain(record, stretch, outcomes, catalog, refused)
