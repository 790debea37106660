"""Writing what other records have a say in: the end of step 3, and steps 6 and 7 with it. Pure.

What is written as one is laid over the rest first, with all that goes with what it deletes, and checked then: a command
may take a value from one record and give it to another. What is refused leaves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from homeport_sync.catalog import Catalog, Field
from homeport_sync.change import Change, Record, Value
from homeport_sync.integrity import cascade, check_reference, check_unique, delete_with, move_with
from homeport_sync.keys import key_of, keys_of, links_of, news
from homeport_sync.overlay import Overlay
from homeport_sync.permission import check_allowed, permitted
from homeport_sync.ports import StoredRecord
from homeport_sync.push import Push
from homeport_sync.rejections import DependsOnRejected
from homeport_sync.verdict import Judged, judge

JudgedChange: TypeAlias = tuple[Change, Judged]
News: TypeAlias = tuple[Field, Value]


def write(push: Push, written: JudgedChange, catalog: Catalog, there: Overlay, now_ms: int) -> None:
    """Write what one change came to. Raises what `write_keyed` raises, if other records have a say in it."""
    change, judged = written
    if change.op == "move" and judged.after is not None and judged.after.scope != change.scope:
        _write_moved(push, written, catalog, there, now_ms)
    elif catalog.kinds[change.kind].keyed:
        write_keyed(push, [written], catalog, there, now_ms)
    else:
        there.append(push, change, judged, now_ms)


def write_keyed(push: Push, written: Sequence[JudgedChange], catalog: Catalog, there: Overlay, now_ms: int) -> None:
    """Write it, and delete what goes with it.

    Raises `NotUnique`, `ReferenceGone`, `DependsOnRejected`, `StillReferenced` or `CascadeTooLarge`.
    """
    above = Overlay(there)
    for each in written:
        _lay(push, each, catalog, above, now_ms)
    deleted = [(change, judged) for change, judged in written if judged.after is not None and judged.after.deleted]
    for gone in cascade([change.id for change, _ in deleted], above.referring):
        if (stored := above.beside(gone)) is not None and not stored.record.deleted:
            delete = delete_with(deleted[0][0], stored.record, push.device)
            _lay(push, _going(delete, stored, catalog, push.device), catalog, above, now_ms)
    for change, judged in written:
        after = above.record(change.id)
        if judged.after is not None and after is not None and not after.record.deleted:
            before, kind = judged.before.record if judged.before else None, catalog.kind(change.kind)
            _check_unique(after.record, news(kind.unique, before, after.record), above)
            _check_references(push, after.record, news(kind.refers, before, after.record), above)
    there.keep(above)


def _write_moved(push: Push, written: JudgedChange, catalog: Catalog, there: Overlay, now_ms: int) -> None:
    """The record goes, and with it what would be deleted with it: whoever moves it must be allowed to move all of that.
    What it names must be where it goes, too, unless the field keeps what is gone."""
    change, above = written[0], Overlay(there)
    along = cascade([change.id], above.referring) if catalog.kind(change.kind).referred else []
    moved = [written] + [
        _going(move_with(change, stored.record, push.device), stored, catalog, push.device)
        for stored in map(above.beside, along)
        if stored is not None and not stored.record.deleted and stored.record.scope == change.scope
    ]
    for each, to in moved[1:]:
        check_allowed(push, each, to, permitted(push, each, catalog, there), there)
    for each, to in moved:
        above.leave(push, each, to, now_ms)
        _lay(push, (replace(each, scope=each.into), to), catalog, above, now_ms)
    for after in (to.after for _, to in moved if to.after is not None):
        kind = catalog.kind(after.kind)
        _check_unique(after, news(kind.unique, None, after), above)
        _check_references(push, after, news(kind.binding, None, after), above)
    there.keep(above)


def _lay(push: Push, written: JudgedChange, catalog: Catalog, above: Overlay, now_ms: int) -> None:
    """Append it; the keys that it gives up are free from now on, and its links are those of what it is now."""
    change, judged = written
    above.append(push, change, judged, now_ms)
    if judged.after is None:
        return
    kind = catalog.kind(change.kind)
    before = judged.before.record if judged.before else None
    above.keys |= dict.fromkeys(keys_of(before, kind) - keys_of(judged.after, kind))
    was, now = links_of(before, kind), links_of(judged.after, kind)
    for link in was ^ now:
        above.links.setdefault(link.target, {})[link] = link in now


def _going(change: Change, stored: StoredRecord, catalog: Catalog, device: str) -> JudgedChange:
    return change, judge(stored, change, catalog.kind(change.kind), device)


def _check_unique(record: Record, values: Iterable[News], above: Overlay) -> None:
    """Whether nobody else has the values; the keys are its own from now on."""
    for field, value in values:
        key = key_of(record.scope, record.kind, field.name, value)
        check_unique(record, field, value, above.holder(key))
        above.keys[key] = record.id


def _check_references(push: Push, record: Record, values: Iterable[News], above: Overlay) -> None:
    """Whether what it refers to is there."""
    for field, value in values:
        target = above.beside(str(value))
        if target is None and above.depends(push.device, str(value)):
            raise DependsOnRejected
        check_reference(record, field, value, target.record if target else None)
