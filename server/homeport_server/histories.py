"""The log out of a store as people read it: its end with who and what, and one record's history, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from homeport_sync.annals import ANNALS_PAGE_MAX, HISTORY_LOOKED_MAX, NEWEST, Annals
from homeport_sync.catalog import Catalog
from homeport_sync.errors import Malformed
from homeport_sync.explain import explain, moments_of
from homeport_sync.history import History, Moment
from homeport_sync.quarantine import Quarantine

MOMENTS_MAX: Final = 100  # of one page
REFUSED_MAX: Final = 100  # of one record's rejected changes


class TellsHistories(Annals, Quarantine, Protocol):
    """What a history is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """Some of a tenant's log, newest first. The next page is asked for before the position `next` (0: the log begins
    here). Of a merge the base is told where it lies within the page."""

    moments: Sequence[Moment]
    next: int


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


async def tail_of(store: Annals, catalog: Catalog, tenant: str, *, before: int = NEWEST, limit: int = 50) -> Tail:
    """The log before a position (`NEWEST`: its end). Raises `Malformed` for a limit that is not 1 to
    `ANNALS_PAGE_MAX`, and `Unavailable` for an unknown tenant."""
    if not 1 <= limit <= ANNALS_PAGE_MAX:
        raise Malformed(f"The limit is {limit}; 1 to {ANNALS_PAGE_MAX} are possible.")
    entries = await store.read_back(tenant, before, limit)
    down_to = entries[-1].position if entries else 1
    outcomes = await store.outcomes_of(tenant, entries)
    return Tail(moments=moments_of(entries, down_to, outcomes, catalog), next=down_to if down_to > 1 else 0)
