"""Merging: a change meets a record and one record comes of it, the same on every device and on the server. Pure.

Each field names its rule in the declaration (`rules.py`), which says what becomes of a value and a write that meet it.
A field without one is a **register**: the write with the later stamp wins. Equal stamps (two devices, one instant) are
decided by the larger value as JSON text, so that both sides decide alike.

**delete** beats every edit, earlier or later, and a tombstone keeps no fields: a deleted record never comes back by
itself (I9). Of two deletes the later stamp stays. A **restore** that is later than the delete brings the record back
with the fields it says, and deletes and edits from before it no longer count, whenever they come; where nothing is
deleted it does nothing.

A **move** takes a record as it is into another scope, the same record under the same id. Of two moves the later counts,
also where a delete and a restore came between them.

What the rules promise: registers and sets end alike in whatever order changes arrive, and however often; counters in
whatever order, and changes take effect once (I2). A guarded field and one that is written once go by the order of
arrival, which is the server's, and the same for all: a device's own changes are replayed on what it has pulled.
The algebra is that of Shapiro et al., "Conflict-free Replicated Data Types" (2011).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from homeport_sync.change import EDITS, Adds, Change, Record, Value
from homeport_sync.clock import NEVER, Stamp
from homeport_sync.rules import Cell, Rule, text_of, written_value


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """What comes of it. `lost` are the fields of the change that did not take effect, `news` those that changed
    anything."""

    record: Record
    lost: tuple[str, ...] = ()
    news: tuple[str, ...] = ()


def merge(record: Record | None, change: Change, rules: Mapping[str, Rule]) -> Merged:
    """The record after the change. `rules` are those of the fields that are no registers.

    Raises the `Rejection` of a rule that refuses the change.
    """
    if record is None:
        return Merged(record=_made(change, rules), news=tuple(change.fields))
    if comes_too_late(record, change):
        return Merged(record=record, lost=tuple(change.fields))
    if change.op == "restore":
        return _restored(record, change, rules)
    if change.op == "move":
        return Merged(record=msgspec.structs.replace(record, scope=change.into, moved=change.stamp))
    if deleted := _gone(record, change):
        return Merged(record=_tombstone(record, change, deleted), lost=tuple(change.fields))
    return _edited(record, change, rules)


def _edited(record: Record, change: Change, rules: Mapping[str, Rule]) -> Merged:
    """The record with what the change writes to each field."""
    stamp = min(record.stamp, change.stamp)
    fields, adds = dict(record.fields), dict(record.adds)
    stamps = {name: record.stamp_of(name) for name in fields}
    lost, news = [], []
    for name, written in change.fields.items():
        rule = rules.get(name)
        if rule is None:  # without a cell: nearly every field of every change comes this way
            there = (change.stamp, written_value(written))
            here = (stamps[name], fields[name]) if name in fields else None
            took, is_news = here is None or wins(there, here), here != there
            if took:
                stamps[name], fields[name] = there
        else:
            before = Cell(stamps[name], fields[name], adds.get(name)) if name in fields else None
            after, took = rule(before, written, change.stamp)
            is_news = isinstance(written, EDITS) or after != before
            _put(name, after, fields, stamps, adds)
        if not took:
            lost.append(name)
        elif is_news:
            news.append(name)
    return Merged(
        record=Record(
            id=record.id,
            kind=record.kind,
            scope=record.scope,
            stamp=stamp,
            position=record.position,
            fields=fields,
            stamps={name: at for name, at in stamps.items() if at != stamp},
            adds=adds,
            restored=record.restored,
            moved=record.moved,
        ),
        lost=tuple(lost),
        news=tuple(news),
    )


def comes_too_late(record: Record, change: Change) -> bool:
    """Whether nothing of the change counts, because of a delete, a restore or a move that is later: a restore needs a
    delete before it, of two moves the later counts, and what was made before a restore was made to another record."""
    if change.op == "restore":
        return not record.deleted or change.stamp <= record.deleted
    if change.op == "move":
        return bool(record.deleted) or change.stamp <= max(record.moved, record.restored)
    return change.stamp <= record.restored


def _made(change: Change, rules: Mapping[str, Rule]) -> Record:
    """What the change says, where nothing is there."""
    fields: dict[str, Value] = {}
    adds: dict[str, Adds] = {}
    for name, written in change.fields.items():
        if (rule := rules.get(name)) is None:
            fields[name] = written_value(written)
        else:
            cell, _ = rule(None, written, change.stamp)
            fields[name] = cell.value
            if cell.adds:
                adds[name] = cell.adds
    return Record(
        id=change.id,
        kind=change.kind,
        scope=change.scope,
        stamp=change.stamp,
        fields=fields,
        adds=adds,
        deleted=change.stamp if change.op == "delete" else NEVER,
    )


def _restored(record: Record, change: Change, rules: Mapping[str, Rule]) -> Merged:
    """The record as the restore says."""
    made = msgspec.structs.replace(
        _made(change, rules),
        scope=record.scope,
        position=record.position,
        restored=change.stamp,
        moved=record.moved,
    )
    return Merged(record=made, news=tuple(change.fields))


def wins(there: tuple[Stamp, Value], here: tuple[Stamp, Value]) -> bool:
    """Whether a register takes what comes: the later stamp, of equal ones the larger value as JSON text."""
    if there[0] != here[0]:
        return there[0] > here[0]
    return text_of(there[1]) >= text_of(here[1])


def _put(name: str, cell: Cell, fields: dict[str, Value], stamps: dict[str, Stamp], adds: dict[str, Adds]) -> None:
    fields[name], stamps[name] = cell.value, cell.stamp
    if cell.adds:
        adds[name] = cell.adds
    else:
        adds.pop(name, None)


def _gone(record: Record, change: Change) -> Stamp:
    return max(record.deleted, change.stamp) if change.op == "delete" else record.deleted


def _tombstone(record: Record, change: Change, deleted: Stamp) -> Record:
    return Record(
        id=record.id,
        kind=record.kind,
        scope=record.scope,
        stamp=min(record.stamp, change.stamp),
        position=record.position,
        deleted=deleted,
        moved=record.moved,
    )
