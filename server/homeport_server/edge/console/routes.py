"""Where the pages are, and what all have: the gate, their tenant, an answer in words, and a line in the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from time import perf_counter
from typing import Final, TypeAlias

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homeport_server.edge.console import devices, log, notifications, pulse, quarantine, record, search, tenants
from homeport_server.edge.console.console import (
    Console,
    Stores,
    Visit,
    frame_of,
    make_files,
    make_shell,
)
from homeport_server.edge.console.instead import Instead, instead_of
from homeport_server.edge.console.link import CONSOLE_PATH, PURPOSE
from homeport_server.edge.context import REQUEST_ID, Rooms, in_ms, request_id_of
from homeport_server.pages.files import PageFiles
from homeport_server.pages.gate import Gate

HOW: Final = "homeport console --data DIRECTORY"
Page: TypeAlias = Callable[[Console, Visit], Awaitable[Response]]
_OF_TENANT: Final = f"{CONSOLE_PATH}/{{tenant}}"
_READ: Final[tuple[tuple[str, str, Page], ...]] = (
    ("", "pulse", pulse.page),
    ("/samples", "samples", pulse.samples),
    ("/minutes", "minutes", pulse.last_minutes),
    ("/devices", "devices", devices.listing),
    ("/devices/{device}", "device", devices.one),
    ("/log", "log", log.listing),
    ("/records/{record}", "record", record.page),
    ("/quarantine", "quarantine", quarantine.listing),
    ("/quarantine/{device}/{number}", "case", quarantine.one),
    ("/notifications", "notifications", notifications.listing),
    ("/notifications/{notification}", "notification", notifications.one),
    ("/search", "search", search.page),
    ("/{nothing:path}", "nothing", search.nothing),
)
_WRITTEN: Final[tuple[tuple[str, str, Page], ...]] = (
    ("/quarantine/{device}/{number}", "replay", quarantine.replay),
    ("/notifications/{notification}", "steer", notifications.steer),
)


def console_routes(
    rooms: Rooms,
    stores: Stores,
    key: bytes,
    listens: Callable[[str, str], bool],
) -> list[Route]:
    """The console, for those who have a link made with `key`. In production there is none: whoever had a link would see
    what people have written."""
    if rooms.settings.production:
        return []
    files = make_files()
    shell = make_shell(files)
    console = Console(rooms=rooms, stores=stores, shell=shell, listens=listens)
    return routes_of(console, Gate(key, PURPOSE, lambda: rooms.wall_ms() / 1_000, shell, HOW), files)


def routes_of(console: Console, gate: Gate, files: PageFiles) -> list[Route]:
    """All of them."""

    def route(path: str, name: str, page: Page, method: str) -> Route:
        return Route(f"{_OF_TENANT}{path}", gate.guarded(_answering(console, name, page)), methods=[method])

    return [
        Route(CONSOLE_PATH, gate.guarded(_answering(console, "tenants", tenants.page, of_tenant=False))),
        *(route(*each, "POST") for each in _WRITTEN),
        *(route(*each, "GET") for each in _READ),
        gate.route(),
        files.route(),
    ]


def _answering(
    console: Console, name: str, page: Page, *, of_tenant: bool = True
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        started = perf_counter()
        visit = Visit(request=request, request_id=request_id_of(dict(request.scope["headers"])), tenant=tenants.NOBODY)
        try:
            if of_tenant:
                visit = replace(visit, tenant=await tenants.of(console, request))
            answered = await page(console, visit)
        except HTTPException as error:
            answered = _said(console, visit, Instead("This cannot be done", error.detail, status=error.status_code))
        except Exception as error:  # noqa: BLE001  # a page answers everything; what is unexpected is logged
            if not isinstance(error, Instead):
                console.rooms.troubles.failed(error, visit.request_id)
            answered = _said(console, visit, instead_of(error, visit.request_id))
        answered.headers[REQUEST_ID.decode()] = visit.request_id
        facts = {"request_id": visit.request_id, "page": name, "tenant": request.path_params.get("tenant", "")[:80]}
        tell = console.rooms.log.debug if "hx-request" in request.headers else console.rooms.log.info
        tell("console", **facts, status=answered.status_code, ms=in_ms(perf_counter() - started))
        return answered

    return answer


def _said(console: Console, visit: Visit, instead: Instead) -> Response:
    """A page that says it, in the frame of the tenant, unless that is what cannot be had."""
    if visit.tenant is tenants.NOBODY:
        frame = frame_of(visit.request)
        return console.shell.page("instead.html", status=instead.status, frame=frame, instead=instead)
    return console.show(visit, "instead.html", status=instead.status, section="", instead=instead)
