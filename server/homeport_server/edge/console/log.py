"""The log of a tenant, newest first: who wrote what, on which device, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from homeport_server.edge.console.console import FRESH_S, Console, Visit
from homeport_server.edge.console.places import position_before
from homeport_server.edge.console.words import said
from homeport_server.titles import shortened, title_of
from homeport_sync.annals import NEWEST
from homeport_sync.catalog import Catalog
from homeport_sync.change import Record
from homeport_sync.ports import LogEntry
from homeport_sync.writer_ids import is_writer

PAGE: Final = 50
FIELDS_SHOWN_MAX: Final = 2
VALUE_CHARS_MAX: Final = 60
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
class Step:
    """One field that was written: what was there `before`, and what was written, a value or an edit."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One accepted change as people read it. `title` is the record's ("": none), `device` "" where it was written
    without one. `steps` are the first fields that an update wrote, beside so many `more`."""

    entry: LogEntry
    deed: str
    title: str
    device: str
    steps: Sequence[Step]
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
        lines=await lines_of(console, visit.tenant.id, found),
        first="" if newest else f"{visit.path}/log",
        next=f"{visit.path}/log?before={more}" if more else "",
    )


async def lines_of(console: Console, tenant: str, entries: Sequence[LogEntry]) -> Sequence[Line]:
    """Each as a line. A change that does not say the title is told with the one that the record has by now."""
    now = await console.stores.records(tenant, list({each.record for each in entries}))
    return [_line(console.rooms.catalog, each, now.get(each.record)) for each in entries]


def _line(catalog: Catalog, entry: LogEntry, now: Record | None) -> Line:
    kind = catalog.kinds.get(entry.kind)
    steps = _steps(entry) if entry.op == "update" else []
    return Line(
        entry=entry,
        deed=DEEDS[entry.op],
        title=title_of(kind, entry.fields) or title_of(kind, now.fields if now else {}) or title_of(kind, entry.before),
        device="" if is_writer(entry.device) else entry.device,
        steps=steps[:FIELDS_SHOWN_MAX],
        more=max(len(steps) - FIELDS_SHOWN_MAX, 0),
    )


def _steps(entry: LogEntry) -> list[Step]:
    return [
        Step(
            field=name,
            before=shortened(said(entry.before.get(name)), VALUE_CHARS_MAX),
            after=shortened(said(written), VALUE_CHARS_MAX),
        )
        for name, written in entry.fields.items()
    ]
