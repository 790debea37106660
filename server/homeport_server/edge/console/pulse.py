"""The pulse: how a development server is, at a glance, and where to look next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from starlette.responses import Response

from homeport_server.edge.console.charts import CHARTS, columns, minutes
from homeport_server.edge.console.console import FRESH_S, Console, Visit
from homeport_server.edge.console.devices import Row, row_of
from homeport_server.edge.console.log import Line, lines_of
from homeport_server.edge.console.places import whole
from homeport_server.notify.overview import Sight, sight_of
from homeport_server.pages.policy import PAGE_HEADERS
from homeport_sync.annals import NEWEST
from homeport_sync.quarantine import QUARANTINE_START, Chosen
from homeport_sync.sightings import DEVICES_START

DEVICES_LOOKED_MAX: Final = 100  # of those heard of last: who is silent for long is for the list of devices
NEEDY_SHOWN_MAX: Final = 6
TAIL: Final = 10
CASES_COUNTED_MAX: Final = 100
NOTICES_LOOKED_MAX: Final = 25
NOTICES_SHOWN_MAX: Final = 5
_json = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """How a tenant is. Counts are up to a limit, at which they say "or more"."""

    head: int
    devices: int
    devices_more: bool
    connected: int
    needy: Sequence[Row]
    needy_count: int
    cases: int
    cases_more: bool
    tail: Sequence[Line]
    under_way: Sequence[Sight]


async def page(console: Console, visit: Visit) -> Response:
    """The whole page; the charts are drawn by its script, and stand there as a table besides."""
    samples = console.rooms.samples.look(visit.tenant.id)
    return console.show(
        visit,
        "pulse.html",
        fresh_s=FRESH_S,
        section="Pulse",
        now=await _now(console, visit.tenant.id),
        charts=CHARTS,
        last=samples[-1] if samples else None,
        minutes=minutes(samples),
    )


async def last_minutes(console: Console, visit: Visit) -> Response:
    """The table that says what the charts show."""
    told = minutes(console.rooms.samples.look(visit.tenant.id))
    return console.shell.page("minutes.html", charts=CHARTS, minutes=told)


async def samples(console: Console, visit: Visit) -> Response:
    """What the charts show, as JSON columns: all that is kept, or what came `after` a moment in milliseconds."""
    told = console.rooms.samples.look(visit.tenant.id, whole(visit.asked("after") or "0"))
    return Response(_json.encode(columns(told)), media_type="application/json", headers=PAGE_HEADERS)


async def _now(console: Console, tenant: str) -> Now:
    stores = console.stores
    devices, cases, tail, under_way = await asyncio.gather(
        stores.devices(tenant, DEVICES_START, DEVICES_LOOKED_MAX),
        stores.quarantine(tenant, Chosen(), QUARANTINE_START, CASES_COUNTED_MAX + 1),
        stores.read_back(tenant, NEWEST, TAIL),
        _under_way(console, tenant),
    )
    rows = [row_of(console, tenant, each, devices.head) for each in devices.devices]
    needy = [each for each in rows if each.needs]
    return Now(
        head=devices.head,
        devices=len(rows),
        devices_more=devices.next is not None,
        connected=sum(each.state == "connected" for each in rows),
        needy=needy[:NEEDY_SHOWN_MAX],
        needy_count=len(needy),
        cases=min(len(cases), CASES_COUNTED_MAX),
        cases_more=len(cases) > CASES_COUNTED_MAX,
        tail=await lines_of(console, tenant, tail),
        under_way=under_way,
    )


async def _under_way(console: Console, tenant: str) -> Sequence[Sight]:
    newest = await console.rooms.notifier.notifications(tenant, "", NOTICES_LOOKED_MAX)
    open_ = [each for each in newest if not each.over][:NOTICES_SHOWN_MAX]
    return [sight_of(await console.rooms.notifier.standing(tenant, each.id)) for each in open_]
