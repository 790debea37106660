"""Merging: two states of one record become one, the same on every device and on the server. Pure.

The rule: `join` is commutative, associative and idempotent, so the order in which changes arrive, and how often,
cannot matter to the result. A change is merged by joining what it says, seen as a record, with what is there.

- **register**: the write with the later stamp wins. Equal stamps (two devices, one instant) are decided by the
  larger value as JSON text, so that both sides decide alike.
- **delete** beats every edit, earlier or later, and a tombstone keeps no fields: a deleted record never comes
  back by itself (I9). Of two deletes the later stamp stays.

Each field names its rule in the declaration; a new rule is one function in `RULES`.
The algebra is that of state-based CRDTs: Shapiro et al., "Conflict-free Replicated Data Types" (2011).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec

from homeport_sync.change import Change, Record, Value
from homeport_sync.clock import Stamp

Cell: TypeAlias = tuple[Stamp, Value]
Rule: TypeAlias = Callable[[Cell, Cell], Cell]
REGISTER = "register"

_text = msgspec.json.Encoder().encode


def register(mine: Cell, theirs: Cell) -> Cell:
    """Last writer by stamp; a tie goes to the larger value as JSON text."""
    if mine[0] != theirs[0]:
        return mine if mine[0] > theirs[0] else theirs
    return mine if _text(mine[1]) >= _text(theirs[1]) else theirs


RULES: Mapping[str, Rule] = {REGISTER: register}


def as_record(change: Change) -> Record:
    """What the change says, as a record that knows nothing else."""
    return Record(
        id=change.id,
        kind=change.kind,
        scope=change.scope,
        stamp=change.stamp,
        fields=change.fields,
        deleted=change.stamp if change.op == "delete" else Stamp(""),
    )


def join(left: Record, right: Record, rules: Mapping[str, str]) -> Record:
    """The one state that holds all that either side knows.

    `left` and `right` are states of the same record. `rules` names the rule of each field that has another than
    register. The result's `position` is the later of the two.
    """
    stamp = min(left.stamp, right.stamp)
    position = max(left.position, right.position)
    deleted = max(left.deleted, right.deleted)
    if deleted:
        return Record(id=left.id, kind=left.kind, scope=left.scope, stamp=stamp, position=position, deleted=deleted)
    fields = dict(left.fields)
    stamps = {name: left.stamp_of(name) for name in left.fields}
    for name, value in right.fields.items():
        theirs = (right.stamp_of(name), value)
        if name in fields:
            rule = RULES[rules.get(name, REGISTER)]
            stamps[name], fields[name] = rule((stamps[name], fields[name]), theirs)
        else:
            stamps[name], fields[name] = theirs
    return Record(
        id=left.id,
        kind=left.kind,
        scope=left.scope,
        stamp=stamp,
        position=position,
        fields=fields,
        stamps={name: at for name, at in stamps.items() if at != stamp},
    )


def merge(record: Record | None, change: Change, rules: Mapping[str, str]) -> Record:
    """The record after the change: `join` with what the change says; with nothing there, just that."""
    said = as_record(change)
    return said if record is None else join(record, said, rules)


def lost_fields(change: Change, after: Record) -> tuple[str, ...]:
    """The fields of the change that did not take effect in `after`, the record once it was merged."""
    return tuple(
        name
        for name, value in change.fields.items()
        if after.stamp_of(name) != change.stamp or after.fields.get(name) != value
    )
