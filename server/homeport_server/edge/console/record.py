"""One record: its newest state, and how it came to be that, change by change, with every merge explained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from homeport_server.edge.console.cases import waiting_from
from homeport_server.edge.console.console import SELDOM_S, Console, Visit
from homeport_server.edge.console.instead import Instead
from homeport_server.edge.console.log import DEEDS
from homeport_server.edge.console.places import position_before
from homeport_server.edge.console.words import said
from homeport_server.histories import history_of
from homeport_sync.annals import NEWEST
from homeport_sync.change import Record
from homeport_sync.clock import is_uuid, stamp_ms
from homeport_sync.history import BASE, MINE, RESULT, THEIRS, History, Merge, Moment
from homeport_sync.writer_ids import is_writer

REFUSED_SHOWN_MAX: Final = 20
LABEL_CHARS_MAX: Final = 60
UNTOLD: Final = "not known any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A field as it is now, and when it was written."""

    name: str
    text: str
    written_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """A `Merge` in texts."""

    field: str
    rule: str
    base: str
    mine: str
    theirs: str
    result: str
    lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change in its history. `rows` are field, what it was, and what it is from then on; `in_vain` what was written
    and lost without having met another value."""

    moment: Moment
    deed: str
    device: str
    rows: Sequence[tuple[str, str, str]]
    merges: Sequence[Met]
    in_vain: Sequence[tuple[str, str]]


async def page(console: Console, visit: Visit) -> Response:
    """The record of the address. Raises `Instead` if there is none."""
    id, before = visit.named("record"), position_before(visit.asked("before"))
    record = await newest(console, visit.tenant.id, id) if is_uuid(id) else None
    catalog = console.rooms.catalog
    history = await history_of(console.stores, catalog, visit.tenant.id, id, before=before) if is_uuid(id) else None
    if history is None or (record is None and not history.moments and not history.refused):
        raise Instead(
            "There is no such record",
            f"Nothing in this tenant is called {id[:60]!r}, and nothing ever was.",
            then="A record that only a phone has yet comes with its next push: look at the outbox of its device.",
            back=f"{visit.path}/log",
            to="To the log",
        )
    first = before == NEWEST
    return console.show(
        visit,
        "record.html",
        fresh_s=SELDOM_S if first else 0,
        section="Log",
        id=id,
        label=_label_of(console, record),
        record=record,
        kind=_kind_of(record, history),
        values=list(_values(record)) if record else [],
        steps=[_step(each) for each in history.moments],
        refused=[waiting_from(each, id) for each in history.refused[:REFUSED_SHOWN_MAX]],
        looked=history.down_to,
        first="" if first else f"{visit.path}/records/{id}",
        next=f"{visit.path}/records/{id}?before={history.down_to}" if history.more else "",
    )


async def newest(console: Console, tenant: str, id: str) -> Record | None:
    """The record as it is now, a tombstone too; None if there is none."""
    return (await console.stores.records(tenant, [id])).get(id)


def _kind_of(record: Record | None, history: History) -> str:
    if record is not None:
        return record.kind
    kinds = [*(each.kind for each in history.moments), *(each.kind for each in history.refused)]
    return next((kind for kind in kinds if kind), "Record")


def _label_of(console: Console, record: Record | None) -> str:
    """What people call it: the first text in it."""
    kind = console.rooms.catalog.kinds.get(record.kind) if record else None
    if record is None or kind is None:
        return ""
    texts = (record.fields.get(name) for name, field in kind.fields.items() if field.type.shape == "text")
    label = next((said(text) for text in texts if text), "")
    return label if len(label) <= LABEL_CHARS_MAX else f"{label[:LABEL_CHARS_MAX]}…"


def _values(record: Record) -> Iterator[Value]:
    for name, value in record.fields.items():
        yield Value(name=name, text=said(value), written_at_ms=stamp_ms(record.stamp_of(name)))


def _step(moment: Moment) -> Step:
    met = {each.field for each in moment.merges}
    rows = ((each.field, said(each.before), said(each.after)) for each in moment.written if each.field not in met)
    return Step(
        moment=moment,
        deed=DEEDS[moment.op],
        device="" if is_writer(moment.device) else moment.device,
        rows=[(name, was, now) for name, was, now in rows if was or now],
        merges=[_met(each) for each in moment.merges],
        in_vain=[(name, said(wrote)) for name, wrote in moment.in_vain.items() if name not in met],
    )


def _met(merge: Merge) -> Met:
    def text(what: str, value: object) -> str:
        return UNTOLD if what in merge.untold else said(value)

    return Met(
        field=merge.field,
        rule=merge.rule,
        base=text(BASE, merge.base),
        mine=text(MINE, merge.mine),
        theirs=text(THEIRS, merge.theirs),
        result=text(RESULT, merge.result),
        lost=merge.lost,
    )
