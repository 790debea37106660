"""Writing what other records have a say in: the end of step 3, and steps 6 and 7 with it. Pure.

What is written as one is laid over the rest first, with all that goes with what it deletes, and checked then: a command
may take a value from one record and give it to another. What is refused leaves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from homeport_sync.catalog import Catalog
from homeport_sync.change import Change, Record
from homeport_sync.integrity import cascade, check_reference, check_unique, delete_with
from homeport_sync.keys import key_of, keys_of, links_of, news
from homeport_sync.overlay import Overlay
from homeport_sync.ports import StoredRecord
from homeport_sync.push import Push
from homeport_sync.rejections import DependsOnRejected
from homeport_sync.verdict import Judged, judge

Written: TypeAlias = tuple[Change, Judged]


def write_keyed(push: Push, written: Sequence[Written], catalog: Catalog, there: Overlay, now_ms: int) -> None:
    """Write it, and delete what goes with it.

    Raises `NotUnique`, `ReferenceGone`, `DependsOnRejected`, `StillReferenced` or `CascadeTooLarge`.
    """
    above = Overlay(there)
    for each in written:
        _lay(push, each, catalog, above, now_ms)
    deleted = [(change, judged) for change, judged in written if judged.after is not None and judged.after.deleted]
    for gone in cascade([change.id for change, _ in deleted], above.referring):
        if (stored := above.beside(gone)) is not None and not stored.record.deleted:
            _lay(push, _with(deleted[0][0], stored, catalog, push.device), catalog, above, now_ms)
    for change, judged in written:
        after = above.record(change.id)
        if judged.after is not None and after is not None and not after.record.deleted:
            _check(push, judged.before.record if judged.before else None, after.record, catalog, above)
    there.keep(above)


def _lay(push: Push, written: Written, catalog: Catalog, above: Overlay, now_ms: int) -> None:
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


def _with(change: Change, stored: StoredRecord, catalog: Catalog, device: str) -> Written:
    delete = delete_with(change, stored.record, device)
    return delete, judge(stored, delete, catalog.kind(delete.kind), device)


def _check(push: Push, before: Record | None, after: Record, catalog: Catalog, above: Overlay) -> None:
    """Whether what is new in the record may be there; the keys are its own from now on."""
    kind = catalog.kind(after.kind)
    for field, value in news(kind.unique, before, after):
        key = key_of(after.scope, kind.name, field.name, value)
        check_unique(after, field, value, above.holder(key))
        above.keys[key] = after.id
    for field, value in news(kind.refers, before, after):
        target = above.beside(str(value))
        if target is None and above.depends(push.device, str(value)):
            raise DependsOnRejected
        check_reference(after, field, value, target.record if target else None)
