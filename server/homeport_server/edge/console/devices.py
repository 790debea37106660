"""Devices: all that were heard of, newest first, and one with what hinders it and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from starlette.responses import Response

from homeport_server.diagnosis import Asked, diagnosis_of
from homeport_server.edge.console.cases import waiting_of
from homeport_server.edge.console.console import FRESH_S, Console, Visit
from homeport_server.edge.console.instead import Instead
from homeport_server.edge.console.places import device_place, device_place_text
from homeport_server.edge.console.words import counted, span
from homeport_server.listening import CONNECTED_MS
from homeport_server.quarantine.case import case_of
from homeport_sync.clock import is_uuid
from homeport_sync.quarantine import Held
from homeport_sync.sightings import ListedDevice, Sighting, user_of

PAGE: Final = 50
LATE_MS: Final = 60_000
STUCK_MS: Final = 5 * 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A device in a list. `lag` counts the changes in the log that it has not pulled past (None: unknown), since its
    pull at `pulled_at_ms`; `refused` those that wait in quarantine; `needs` says why somebody should look ("" if not).
    """

    id: str
    user: str
    state: str
    heard_at_ms: int
    pulled_at_ms: int | None
    lag: int | None
    outbox: int | None
    app_version: int | None
    sdk: str
    refused: int
    needs: str


async def listing(console: Console, visit: Visit) -> Response:
    """A page of them."""
    after = visit.asked("after")
    found = await console.stores.devices(visit.tenant.id, device_place(after), PAGE)
    rows = [row_of(console, visit.tenant.id, each, found.head) for each in found.devices]
    return console.show(
        visit,
        "devices.html",
        fresh_s=0 if after else FRESH_S,
        section="Devices",
        rows=rows,
        first=f"{visit.path}/devices" if after else "",
        next=f"{visit.path}/devices?after={device_place_text(found.next)}" if found.next else "",
    )


async def one(console: Console, visit: Visit) -> Response:
    """What `homeport device` says of it, and what of it waits in quarantine. Raises `Instead` for what is no id."""
    id, now_ms = visit.named("device"), console.rooms.wall_ms()
    if not is_uuid(id):
        raise Instead(
            "That is no device",
            f"A device is named by a UUID, and not by {id[:60]!r}.",
            then="Look for it by its user in the list of devices.",
            back=f"{visit.path}/devices",
            to="Devices",
        )
    facts = await console.stores.device(visit.tenant.id, id)
    told = diagnosis_of(Asked(device=id, tenant=visit.tenant.name, now_ms=now_ms), facts)
    sighting = facts.sighting if facts else None
    user = user_of(facts.known, sighting) if facts else ""
    return console.show(
        visit,
        "device.html",
        status=200 if facts else 404,
        fresh_s=FRESH_S,
        section="Devices",
        id=id,
        user=user,
        sighting=sighting,
        state=state_of(console, visit.tenant.id, id, sighting) if facts else "",
        lag=lag_of(sighting, facts.head) if facts else None,
        lines=told.says,  # what was refused stands in a table
        begins=told.begins,
        next=told.next[:1].upper() + told.next[1:],
        waiting=[waiting_of(case_of(Held(change=each, user=user))) for each in facts.refused] if facts else [],
        waiting_count=facts.refused_count if facts else 0,
    )


def row_of(console: Console, tenant: str, device: ListedDevice, head: int) -> Row:
    """A device as a row."""
    sighting = device.sighting
    row = Row(
        id=sighting.device,
        user=user_of(device.known, sighting),
        state=state_of(console, tenant, sighting.device, sighting),
        heard_at_ms=sighting.heard_at_ms,
        pulled_at_ms=sighting.pulled_at_ms,
        lag=lag_of(sighting, head),
        outbox=sighting.outbox,
        app_version=sighting.app_version,
        sdk=sighting.sdk,
        refused=device.refused_count,
        needs="",
    )
    return replace(row, needs=next(_needs(row, sighting, console.rooms.wall_ms()), ""))


def state_of(console: Console, tenant: str, id: str, sighting: Sighting | None) -> str:
    """ "connected": it listens; "refused": the last that was heard of it was refused; else "away"."""
    if console.listens(tenant, id):
        return "connected"
    if sighting is None:
        return "away"
    told_ms = sighting.connected_at_ms
    if sighting.connected and told_ms is not None and console.rooms.wall_ms() - told_ms < CONNECTED_MS:
        return "connected"
    refused_ms = sighting.refused_at_ms
    return "refused" if refused_ms is not None and refused_ms >= sighting.heard_at_ms else "away"


def lag_of(sighting: Sighting | None, head: int) -> int | None:
    """How many changes of the log it has not pulled past."""
    if sighting is None or sighting.pulled_position is None:
        return None
    return max(head - sighting.pulled_position, 0)


def _needs(row: Row, sighting: Sighting, now_ms: int) -> Iterator[str]:
    """Why somebody should look at it, the most urgent first."""
    if row.state == "refused":
        yield f"Its last request was refused: {sighting.refused_code}."
    if row.refused:
        yield f"{counted(row.refused, 'change')} in quarantine {'waits' if row.refused == 1 else 'wait'} for somebody."
    late_ms = now_ms - (row.pulled_at_ms or 0)
    if row.state == "connected" and row.lag and late_ms > LATE_MS:
        yield f"It listens, and is {counted(row.lag, 'change')} behind for {span(late_ms)}."
    silent_ms = now_ms - row.heard_at_ms
    if row.outbox and silent_ms > STUCK_MS:
        yield f"{counted(row.outbox, 'change')} in its outbox, and nothing was heard of it for {span(silent_ms)}."
