"""The tenants, and straight to the only one."""

from __future__ import annotations

from shlex import quote
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from homeport_server.edge.console.console import Console, Visit, path_of
from homeport_server.edge.console.instead import Instead
from homeport_server.edge.console.link import CONSOLE_PATH
from homeport_server.edge.console.places import id_before
from homeport_server.pages.policy import PAGE_HEADERS
from homeport_sync.ports import Tenant

PAGE: Final = 100
NOBODY: Final = Tenant(id="", name="", created_at_ms=0)


async def page(console: Console, visit: Visit) -> Response:
    """All of them, in the order of their ids."""
    after = id_before(visit.asked("after"))
    found = await console.stores.tenants(after, PAGE + 1)
    if len(found) == 1 and not after:
        return RedirectResponse(path_of(found[0]), status_code=303, headers=PAGE_HEADERS)
    shown = [(each, path_of(each)) for each in found[:PAGE]]
    more = f"{CONSOLE_PATH}?after={found[PAGE - 1].id}" if len(found) > PAGE else ""
    return console.shell.page("tenants.html", tenants=shown, more=more, first=not after)


async def of(console: Console, request: Request) -> Tenant:
    """That of the address. Raises `Instead` if there is none."""
    named = request.path_params["tenant"]
    found = await console.stores.find(named) if "\0" not in named else None  # no database takes that
    if found is None:
        make = f"homeport tenant create {quote(named[:80])}"
        raise Instead(
            f"There is no tenant {named[:80]!r}",
            "Nobody has made one of that name, or its id has another digit.",
            then=f"`{make}` makes it; `homeport tenant list` shows those that are there.",
            back=CONSOLE_PATH,
            to="All tenants",
        )
    return found
