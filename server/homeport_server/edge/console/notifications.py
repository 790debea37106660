"""Notifications: those that were asked for, newest first, and one, to be paused, resumed or cancelled."""

from __future__ import annotations

from typing import Final

from starlette.responses import RedirectResponse, Response

from homeport_notify.errors import BadNotification, NotificationOver, NotificationUnknown
from homeport_server.edge.console.console import FRESH_S, Console, Visit
from homeport_server.edge.console.instead import Instead
from homeport_server.edge.console.places import id_before
from homeport_server.notify.overview import Sight, overview, sight_of
from homeport_server.pages.forms import read_form
from homeport_server.pages.policy import PAGE_HEADERS

REASON: Final = "from the console"


async def listing(console: Console, visit: Visit) -> Response:
    """A page of them."""
    before = visit.asked("before")
    found = await overview(console.rooms.notifier, visit.tenant.id, before=id_before(before))
    path = f"{visit.path}/notifications"
    return console.show(
        visit,
        "notifications.html",
        fresh_s=0 if before else FRESH_S,
        section="Notifications",
        sights=found.sights,
        first=path if before else "",
        next=f"{path}?before={found.next}" if found.next else "",
    )


async def one(console: Console, visit: Visit) -> Response:
    """One of them. Raises `Instead` if there is none."""
    sight = await _find(console, visit)
    return console.show(visit, "notification.html", fresh_s=FRESH_S, section="Notifications", sight=sight, wrong="")


async def steer(console: Console, visit: Visit) -> Response:
    """Pause, resume or cancel it."""
    sight, form = await _find(console, visit), await read_form(visit.request)
    id = sight.notification.id
    try:
        await console.rooms.notifier.steer(visit.tenant.id, id, form.get("how", ""), REASON)
    except (BadNotification, NotificationOver) as error:
        return console.show(
            visit,
            "notification.html",
            status=422,
            fresh_s=FRESH_S,
            section="Notifications",
            sight=await _find(console, visit),
            wrong=error.message,
        )
    return RedirectResponse(f"{visit.path}/notifications/{id}", status_code=303, headers=PAGE_HEADERS)


async def _find(console: Console, visit: Visit) -> Sight:
    id = visit.named("notification")
    try:
        return sight_of(await console.rooms.notifier.standing(visit.tenant.id, id))
    except NotificationUnknown:
        raise Instead(
            "There is no such notification",
            f"No notification of this tenant is named {id[:60]!r}; those that ended long ago are forgotten.",
            then="Look for it in the list.",
            back=f"{visit.path}/notifications",
            to="Notifications",
        ) from None
