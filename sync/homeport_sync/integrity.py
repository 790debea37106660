"""What holds between records: unique values, references that lead somewhere, and what goes with what is deleted. Pure.

Device and server run the same code: the device on what it shows, the server on what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from homeport_sync.catalog import KEEP, Field
from homeport_sync.change import Change, Record, Value
from homeport_sync.clock import Stamp, next_stamp
from homeport_sync.keys import CASCADE_MAX, Link, reach
from homeport_sync.rejections import CascadeTooLarge, NotUnique, ReferenceGone, StillReferenced
from homeport_sync.rules import text_of

SHOWN_CHARS_MAX = 80


def check_unique(record: Record, field: Field, value: Value, holder: str | None) -> None:
    """Raises `NotUnique` if another record is the `holder` of the value."""
    if holder is not None and holder != record.id:
        text = text_of(value).decode()
        shown = text if len(text) <= SHOWN_CHARS_MAX else f"{text[:SHOWN_CHARS_MAX]}…"
        raise NotUnique(
            f"The {record.kind} {holder} has {field.name} {shown} already, and only one of a scope may: give this one "
            "another, or change that one.",
            field=field.name,
            record=holder,
        )


def check_reference(record: Record, field: Field, value: Value, target: Record | None, *, live: bool = False) -> None:
    """Raises `ReferenceGone` unless the value is the id of the `target`, a record of the right kind and scope that
    lives. It may be deleted where the field keeps it all the same, unless it must be `live`."""
    fits = target is not None and (target.kind, target.scope) == (field.refers_to, record.scope)
    if target is not None and fits and (not target.deleted or (field.on_delete == KEEP and not live)):
        return
    raise ReferenceGone(
        f"{record.kind}.{field.name} refers to {value}, and there is no such {field.refers_to} in this scope: refer to "
        "another, or to none.",
        field=field.name,
    )


def cascade(targets: Sequence[str], referring: Callable[[str], Iterable[Link]]) -> list[str]:
    """The records that go with the targets, nearest first.

    Raises `StillReferenced` if one that stays refers to any of them and does not let it go, `CascadeTooLarge` for more
    than `CASCADE_MAX`.
    """
    going = dict.fromkeys(targets)
    holding: list[Link] = []
    for link in reach(targets, referring):
        if not link.cascades:
            holding.append(link)
            continue
        going.setdefault(link.record)
        if len(going) - len(targets) > CASCADE_MAX:
            raise CascadeTooLarge
    for link in holding:
        if link.record not in going:
            raise StillReferenced(
                f"The {link.kind} {link.record} refers to {link.target} by {link.field}, so that cannot go without it: "
                "let it refer to another, or delete it first.",
                field=link.field,
                record=link.record,
            )
    return list(going)[len(targets) :]


def move_with(change: Change, record: Record, device: str) -> Change:
    """The move of a record that goes with what the change moves."""
    return _with(change, record, max(record.moved, record.restored), device)


def delete_with(change: Change, record: Record, device: str) -> Change:
    """The delete of a record that goes with what the change deletes."""
    return replace(_with(change, record, record.restored, device), op="delete", fields={})


def _with(change: Change, record: Record, last: Stamp, device: str) -> Change:
    """The same for a record that goes along, after what was done to it last."""
    stamp = change.stamp if change.stamp > last else next_stamp(last, 0, device)
    return replace(
        change, kind=record.kind, id=record.id, scope=record.scope, stamp=stamp, base=record.position, group=None
    )
