"""Finding what an id names: a record, a device, a notification, a rejected change, or a position of the log."""

from __future__ import annotations

import re
from typing import Final

from starlette.responses import RedirectResponse, Response

from homeport_notify.errors import NotificationUnknown
from homeport_server.edge.console.console import Console, Visit
from homeport_server.edge.console.instead import Instead
from homeport_server.edge.console.record import newest
from homeport_server.pages.policy import PAGE_HEADERS
from homeport_sync.clock import is_uuid

SOUGHT_CHARS_MAX: Final = 120
_position = re.compile(r"[0-9]{1,3}(?:,?[0-9]{3}){0,5}|[0-9]{1,18}").fullmatch
_change = re.compile(r"([0-9a-f-]{36})/([1-9][0-9]{0,15})").fullmatch


async def page(console: Console, visit: Visit) -> Response:
    """Straight to what it names, or a page that says that nothing is called so."""
    sought = visit.asked("id").strip()[:SOUGHT_CHARS_MAX]
    place = await _place(console, visit.tenant.id, sought.lower()) if sought else ""
    if place:
        return RedirectResponse(visit.path + place, status_code=303, headers=PAGE_HEADERS)
    return console.show(visit, "search.html", section="", sought=sought)


async def nothing(_console: Console, visit: Visit) -> Response:
    """For every other address."""
    raise Instead(
        "There is no such page", "The address leads nowhere in the console.", back=visit.path, to="To the pulse"
    )


async def _place(console: Console, tenant: str, sought: str) -> str:
    """Where it is shown; "" if there is nothing of that name."""
    if _position(sought):
        return f"/log?before={int(sought.replace(',', '')) + 1}"
    if change := _change(sought):
        held = await console.stores.held(tenant, change[1], int(change[2])) if is_uuid(change[1]) else None
        return f"/quarantine/{sought}" if held else ""
    return await _place_of_id(console, tenant, sought) if is_uuid(sought) else ""


async def _place_of_id(console: Console, tenant: str, id: str) -> str:
    if await newest(console, tenant, id) is not None:
        return f"/records/{id}"
    if await console.stores.device(tenant, id) is not None:
        return f"/devices/{id}"
    try:
        await console.rooms.notifier.standing(tenant, id)
    except NotificationUnknown:
        return ""
    return f"/notifications/{id}"
