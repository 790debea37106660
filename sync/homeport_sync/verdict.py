"""The verdict: a change meets the record as it is now, and what becomes of both (intake step 5). Pure.

The base of a change is unchanged when no *other* device has written the record since the position it was made on; a
device's own earlier changes are part of what it knew. Then every field takes effect and the change is *applied*.
Beside concurrent changes it is *merged*, unless none of its fields wins: then it is *superseded*.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from homeport_sync.catalog import Kind
from homeport_sync.change import MET_CHARS_MAX, MET_FIELDS_MAX, Change, Edits, Met, Outcome, Record, Verdict
from homeport_sync.clock import NEVER, is_by
from homeport_sync.merge import comes_too_late, merge
from homeport_sync.ports import StoredRecord
from homeport_sync.rejections import RecordExists, Stale
from homeport_sync.rules import text_of
from homeport_sync.scope import MEMBER


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A change after its merge.

    `lost` are its fields that did not take effect, `effect` those that changed something, `met` explains those that
    met another's. `after` is the record to be written (None: it stays as it is), `before` the one that was there.
    """

    verdict: Verdict
    lost: tuple[str, ...] = ()
    effect: tuple[str, ...] = ()
    met: dict[str, Met] = {}
    after: Record | None = None
    before: StoredRecord | None = None


def judge(stored: StoredRecord | None, change: Change, kind: Kind, device: str) -> Judged:
    """What becomes of a change by `device` that was granted and found valid.

    Raises `RecordExists` for a create under the id of another record, and the `Rejection` of a rule that refuses it.
    The same create under a second device id (a cloned phone that had to take one) and a member who is invited twice
    meet their own record, and merge.
    """
    if stored is None:
        return Judged(verdict="applied", effect=tuple(change.fields), after=merge(None, change, kind.rules).record)
    here = stored.record
    repeated = change.op == "create" and kind.name != MEMBER
    if change.op == "create" and (here.kind, here.scope) != (change.kind, change.scope):
        raise RecordExists
    if repeated and here.stamp != change.stamp:
        raise RecordExists
    restores = change.op == "restore" and change.stamp > here.deleted
    if here.deleted and not restores:
        return Judged(verdict="superseded", lost=tuple(change.fields), before=stored)
    foreign = stored.foreign_position if stored.author == device else here.position
    alone = repeated or foreign <= change.base
    if comes_too_late(here, change):
        met = {} if alone else _explained(here, change, here, kind, device)
        return Judged(verdict="superseded", lost=tuple(change.fields), met=met, before=stored)
    if kind.guarded and not alone:
        raise Stale(position=here.position)
    merged = merge(here, change, kind.rules)
    if change.op in ("delete", "move"):
        return Judged(verdict="applied" if alone else "merged", after=merged.record, before=stored)
    return Judged(
        verdict=_verdict(change, merged.lost, alone=alone),
        lost=merged.lost,
        effect=merged.news,
        met={} if alone else _explained(here, change, merged.record, kind, device),
        after=merged.record if merged.news else None,
        before=stored,
    )


def outcome_of(change: Change, judged: Judged, *, lowered: bool) -> Outcome:
    """What the device is told of a change that was not refused: nothing but the verdict, unless it met something."""
    return Outcome(
        number=change.number,
        outcome=judged.verdict,
        lost=judged.lost,
        met=judged.met,
        base=change.base if judged.met else None,
        mine=_in_vain(change, judged.lost) if judged.lost else {},
        deleted=bool(judged.before and judged.before.record.deleted),
        stamp=change.stamp if lowered else NEVER,
    )


def _in_vain(change: Change, lost: Sequence[str]) -> Edits:
    """What it was to write to the fields that are lost, which nobody but the device would know."""
    written = {name: change.fields[name] for name in lost[:MET_FIELDS_MAX]}
    return {name: each for name, each in written.items() if len(text_of(each)) <= MET_CHARS_MAX}


def _verdict(change: Change, lost: tuple[str, ...], *, alone: bool) -> Verdict:
    if lost and len(lost) == len(change.fields):
        return "superseded"
    return "applied" if not change.fields or (alone and not lost) else "merged"


def _explained(here: Record, change: Change, after: Record, kind: Kind, device: str) -> dict[str, Met]:
    """What each field of the change met that the device itself did not write last."""
    met: dict[str, Met] = {}
    for name in change.fields:
        if is_by(here.stamp_of(name), device) and name not in kind.rules:
            continue
        if len(met) == MET_FIELDS_MAX:
            break
        theirs = here.fields.get(name, kind.fields[name].default)
        result = after.fields.get(name)
        if max(len(text_of(theirs)), len(text_of(result))) > MET_CHARS_MAX:
            met[name] = Met(long=True)
        else:
            met[name] = Met(theirs=theirs, result=result)
    return met
