"""An entry: one change that took effect, as an app's follower is told of it, in the values of its own declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from homeport_sync.catalog import Field, Kind
from homeport_sync.change import Elements, Increment, Logged, Record, Swap, Value, Verdict, Written
from homeport_sync.clock import NEVER
from homeport_sync.ports import LogEntry
from homeport_sync.rejections import Rejection
from homeport_sync.rules import RESOLVER, Cell
from homeport_sync.values import PythonValue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS = 253_402_300_799_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change of a tenant's log, after it was accepted and took effect.

    `fields` are those that took effect, with what they are from this change on; `before` says what they were (nothing
    for a create and a restore). A delete has neither, nor has a move, which is two entries: `leave` in the scope where
    the record was, then `move` in the one where it is. `kind`, `record`, `scope`, `user` and `device` say what it is
    about and who wrote it; `outcome` is `applied`, or `merged` beside concurrent changes; `accepted_at` is the server's
    time, in UTC; `request_id` is that of the push which brought it. It may come more than once, and always with the
    same `key`.
    """

    tenant: str
    position: int
    op: Logged
    kind: str
    record: str
    scope: str
    fields: Mapping[str, PythonValue]
    before: Mapping[str, PythonValue]
    user: str
    device: str
    accepted_at: datetime
    outcome: Verdict
    request_id: str
    key: str


def read_entry(tenant: str, logged: LogEntry, kind: Kind) -> Entry:
    """The entry as the app declares its `kind` today: what it does not declare any more, or not so that the value can
    be read, is left out."""
    known = {name: kind.fields[name] for name in logged.fields if name in kind.fields}
    was = {name: logged.before[name] for name in known if name in logged.before}
    if logged.op == "update":  # what was never written showed its default
        was = {name: each.default for name, each in known.items()} | was
    now = {name: after_of(each, logged.fields[name], was.get(name)) for name, each in known.items()}
    return Entry(
        tenant=tenant,
        position=logged.position,
        op=logged.op,
        kind=logged.kind,
        record=logged.record,
        scope=logged.scope,
        fields=_values(known, now),
        before=_values(known, was),
        user=logged.user,
        device=logged.device,
        accepted_at=moment_of(logged.accepted_at_ms),
        outcome=logged.outcome,
        request_id=logged.request_id,
        key=f"{tenant}/{logged.position}/{logged.stamp}",  # a restored log gives its positions to other changes
    )


def read_fields(record: Record | None, kind: Kind) -> Mapping[str, PythonValue] | None:
    """All fields of a record as the app declares its `kind` today; None if it is deleted, or not there."""
    if record is None or record.deleted:
        return None
    defaults = {name: each.default for name, each in kind.fields.items()}
    known = {name: value for name, value in record.fields.items() if name in kind.fields}
    return _values(kind.fields, defaults | known)


def moment_of(time_ms: int) -> datetime:
    """A time in milliseconds since 1970 as an aware datetime in UTC. A clock may be set behind the year 9999, where
    Python's calendar ends: that is told as its end."""
    return _EPOCH + timedelta(milliseconds=min(time_ms, _LAST_MS))


def after_of(field: Field | None, written: Written, before: Value) -> Value:
    """What an edit came to, which the log does not hold. A set's says who was put in and taken out; whom another device
    put in once more meanwhile, unseen, it does not know."""
    match written:
        case Increment(by=by):
            return (before if isinstance(before, int) else 0) + by
        case Elements(add=add, remove=remove):
            return sorted({*(before if isinstance(before, list) else ()), *add} - remove.keys())
        case Swap():
            return _resolved(field, written, before)
    return written


def _resolved(field: Field | None, written: Swap, before: Value) -> Value:
    """The app's own function is asked again: it returns the same for the same."""
    if field is None or field.rule != RESOLVER or field.merges is None:
        return written.to
    try:
        return field.merges(Cell(NEVER, before), written, NEVER)[0].value
    except Rejection:  # it is another function by now
        return written.to


def _values(fields: Mapping[str, Field], wire: Mapping[str, Value]) -> dict[str, PythonValue]:
    values = {}
    for name, value in wire.items():
        try:
            values[name] = fields[name].type.from_wire(value)
        except (TypeError, ValueError):  # the field was of another type when this was written
            continue
    return values
