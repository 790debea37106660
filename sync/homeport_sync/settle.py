"""Settling: what one without a device wants becomes a change, from what is there at the moment of the decision. Pure.

A phone says what it had seen: it stamps, names a base, and edits what it showed. Who only sends a request has seen
nothing that the server knows of, so all of that is taken from the record as it is under the lock: the change is
stamped after it, whatever clocks have written it, and can only be refused or superseded for what it says itself.
What a caller had seen is asked for where it matters, as a position.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from homeport_sync.catalog import Catalog, Kind
from homeport_sync.change import Change, Edits, Elements, Record, Swap, Written
from homeport_sync.clock import next_stamp
from homeport_sync.edits import SWAPPED, edit_to
from homeport_sync.overlay import Overlay
from homeport_sync.permission import located
from homeport_sync.push import Push
from homeport_sync.rejections import DependsOnRejected, RecordGone, Stale, WrongType
from homeport_sync.rules import GUARDED, SET
from homeport_sync.scope import MEMBER

ANYWHERE: Final = "00000000-0000-0000-0000-000000000000"  # the scope of a change to a record wherever that is


def settled(push: Push, sent: Change, catalog: Catalog, there: Overlay) -> Change:
    """The change as a device would send it that has just pulled the record. Raises `RecordGone` if nobody said where
    it is, and it is nowhere that the writer sees."""
    change = _placed(push, sent, there)
    stored = there.record(change.id)
    if stored is None:
        return change
    here, kind = stored.record, catalog.kinds.get(change.kind)
    stamp = next_stamp(here.newest, 0, push.device) if here.newest >= change.stamp else change.stamp
    fields = _edits(here, kind, change.fields) if kind is not None and change.op == "update" else change.fields
    return replace(change, stamp=stamp, base=here.position, fields=fields)


def check_seen(push: Push, sent: Change, kind: Kind, there: Overlay) -> None:
    """Raises `Stale` if the record is at another position than the writer expects, or is guarded, and the writer does
    not say what they have seen; `WrongType` for a restore that leaves something out."""
    if sent.op == "restore" and (missing := [name for name in kind.fields if name not in sent.fields]):
        raise WrongType(
            f"A restore says what all fields are then: give {', '.join(missing)} as well.", field=missing[0]
        )
    stored = there.record(sent.id)
    if stored is None or sent.op == "create":
        return
    position = stored.record.position
    others = stored.foreign_position if stored.author == push.device else position
    if sent.base and others != sent.base:
        raise Stale(
            f"It is at position {position} by now, not at {sent.base}: look at it, decide again.", position=position
        )
    gone = stored.record.deleted and sent.op != "restore"
    guarded = kind.guarded or (sent.op == "update" and _swaps_unseen(kind, sent.fields))
    if guarded and not sent.base and others and not gone:
        raise Stale(
            f"It is guarded, and at position {position}: look at it, decide, and say by expectedPosition what you saw.",
            position=position,
        )


def _placed(push: Push, change: Change, there: Overlay) -> Change:
    if change.scope != ANYWHERE:
        return located(push, change, there)
    stored = there.record(change.id)
    if stored is None:
        raise DependsOnRejected if there.depends(push.device, change.id) else RecordGone
    scope = stored.record.scope
    there.want_scope(push.user, scope)
    if there.held(push.user, scope) is None:
        raise RecordGone
    return replace(change, scope=scope)


def _edits(here: Record, kind: Kind, given: Edits) -> Edits:
    edits = {name: _edit(here, kind, name, written) for name, written in given.items()}
    if kind.name == MEMBER and "user" in here.fields:
        edits.setdefault("user", here.fields["user"])  # its id follows from it, so each change names it
    return {name: each for name, each in edits.items() if each != Elements()}


def _edit(here: Record, kind: Kind, name: str, given: Written) -> Written:
    """What writes the value that is given, or the edit that is meant. What does not fit is left for the intake."""
    if (field := kind.fields.get(name)) is None:
        return given
    value, adds = here.fields.get(name, field.default), here.adds.get(name, {})
    if field.rule == SET and isinstance(given, Elements):
        present = {each: adds.get(each, []) for each in value} if isinstance(value, list) else {}
        return Elements(
            add={each: adds.get(each, []) for each in given.add},
            remove={each: present[each] for each in given.remove if each in present},
        )
    if field.rule == SET and isinstance(given, list):
        return edit_to(SET, value, adds, given)
    if field.rule in SWAPPED and (given is None or isinstance(given, str | int | float | bool)):
        return Swap(to=given, was=value)
    return given


def _swaps_unseen(kind: Kind, given: Edits) -> bool:
    """Whether a guarded field is written without what was there."""
    guarded = (name for name in given if name in kind.fields and kind.fields[name].rule == GUARDED)
    return any(not isinstance(given[name], Swap) for name in guarded)
