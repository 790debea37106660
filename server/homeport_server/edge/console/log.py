"""The log of a tenant, newest first: who wrote what, on which device, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from homeport_server.edge.console.console import FRESH_S, Console, Visit
from homeport_server.edge.console.places import position_before
from homeport_sync.annals import NEWEST
from homeport_sync.ports import LogEntry
from homeport_sync.writer_ids import is_writer

PAGE: Final = 50
FIELDS_SHOWN_MAX: Final = 4
DEEDS: Final = {
    "create": "created",
    "update": "changed",
    "delete": "deleted",
    "restore": "restored",
    "move": "moved",
    "command": "called",
    "leave": "moved away",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One accepted change as people read it. `device` is "" where it was written without one; `fields` are the first it
    wrote, beside so many `more`."""

    entry: LogEntry
    deed: str
    device: str
    fields: Sequence[str]
    more: int


async def listing(console: Console, visit: Visit) -> Response:
    """A page of it."""
    before = position_before(visit.asked("before"))
    found = await console.stores.read_back(visit.tenant.id, before, PAGE)
    more = found[-1].position if found and found[-1].position > 1 else 0
    newest = before == NEWEST
    return console.show(
        visit,
        "log.html",
        fresh_s=FRESH_S if newest else 0,
        section="Log",
        lines=lines_of(found),
        first="" if newest else f"{visit.path}/log",
        next=f"{visit.path}/log?before={more}" if more else "",
    )


def lines_of(entries: Sequence[LogEntry]) -> Sequence[Line]:
    """Each as a line."""
    return [
        Line(
            entry=each,
            deed=DEEDS[each.op],
            device="" if is_writer(each.device) else each.device,
            fields=list(each.fields)[:FIELDS_SHOWN_MAX],
            more=max(len(each.fields) - FIELDS_SHOWN_MAX, 0),
        )
        for each in entries
    ]
