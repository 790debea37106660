"""The quarantine of a tenant as pages and single cases, for those who look at it while the server serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from homeport_server.quarantine.case import BEHIND_MAX, PAGE, Case, Readable, case_of, waiting_behind
from homeport_sync.errors import Malformed
from homeport_sync.quarantine import QUARANTINE_START, Chosen, Quarantine, QuarantinePlace
from homeport_sync.refusal import with_dependents


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    """Some cases, those that wait longest first. The next page is asked for after the place `next` (None: there is
    nothing more)."""

    cases: Sequence[Case]
    next: QuarantinePlace | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSight:
    """One case. `dependents` are what cannot stand without it, in the order of writing, and is replayed with it where
    that is asked for; `more`: there may be others behind the `BEHIND_MAX` that were looked through."""

    case: Case
    dependents: Sequence[Readable]
    more: bool


async def page_of(
    store: Quarantine,
    tenant: str,
    chosen: Chosen | None = None,
    *,
    after: QuarantinePlace = QUARANTINE_START,
    limit: int = 50,
) -> CasePage:
    """Those chosen (None: all that wait) after a place. Raises `Malformed` for a limit that is not 1 to `PAGE`."""
    if not 1 <= limit <= PAGE:
        raise Malformed(f"The limit is {limit}; 1 to {PAGE} are possible.")
    found = await store.quarantine(tenant, chosen or Chosen(), after, limit)
    return CasePage(cases=[case_of(held) for held in found], next=found[-1].place if len(found) == limit else None)


async def sight_of(store: Quarantine, tenant: str, device: str, number: int) -> CaseSight | None:
    """The case of the rejected change `number` of `device`; None if there is none."""
    held = await store.held(tenant, device.lower(), number)
    if held is None:
        return None
    case = case_of(held)
    if not isinstance(case, Readable):
        return CaseSight(case=case, dependents=(), more=False)
    waiting, more = await waiting_behind(store, tenant, case, BEHIND_MAX)
    units = with_dependents(waiting, case)
    return CaseSight(case=case, dependents=[each for unit in units for each in unit if each is not case], more=more)
