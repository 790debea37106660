"""A call: what the function of a command is given, and all that it can do. Pure.

    @app.command(scope=TaskList, reads=[Task])
    def finish_all(call: Call, before: date | None = None) -> None:
        "Marks every task of a list as done."
        for task in call.records(Task):
            if before is None or (task["due"] and task["due"] < before):
                call.update(task.id, done=True)

A command runs in the middle of a commit: it reads and writes the records of its scope through its call, and looks at
nothing else. Its clock and its ids follow from the change that calls it, so it comes to the same wherever it runs. What
it writes takes effect at once or, if it raises or refuses, not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from random import Random
from typing import NoReturn, Protocol
from uuid import UUID

import msgspec

from homeport_sync.catalog import Catalog, Kind
from homeport_sync.change import Change, Edits, Elements, Fields, Op, Record
from homeport_sync.clock import next_stamp, stamp_ms, uuid7, uuid_ms
from homeport_sync.edits import edit_to
from homeport_sync.rank import between
from homeport_sync.rejections import CommandRefused, CommandTooLarge, RecordGone, UnknownKind, WrongId
from homeport_sync.rules import RANK, written_value
from homeport_sync.scope import MEMBER
from homeport_sync.values import PythonValue

COMMAND_RECORDS_MAX = 1_000
MADE_FORESEEN = 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def first_made_ids(call: Change) -> list[str]:
    """The ids of the first that a call would make, so that it need not be run to know them."""
    return [made_id(call, place) for place in range(MADE_FORESEEN)]


def made_id(call: Change, place: int) -> str:
    """The id of what a call makes; `place` is how much it has made before. It follows from the call's id alone, which
    stays as it is under another number, another device and a lowered stamp."""
    seed = blake2b(f"{call.id}/{place}".encode(), digest_size=8).digest()
    return uuid7(uuid_ms(call.id), Random(seed))


class Records(Protocol):
    """What a command finds, live or deleted."""

    def record(self, id: str) -> Record | None:
        """The record of that id; None if it is not there."""

    def of_kind(self, scope: str, kind: str) -> Sequence[Record]:
        """All records of a kind in the scope, in the order of their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A record as a command sees it: `row["title"]` is one of its declared `fields`."""

    id: str
    kind: str
    fields: Mapping[str, PythonValue]

    def __getitem__(self, name: str) -> PythonValue:
        return self.fields[name]


class Call:
    """See the module. `scope` is where it is called; `change` is the call as it was sent, from `device`."""

    def __init__(self, change: Change, *, user: str, role: str, device: str, catalog: Catalog, there: Records) -> None:
        self.scope = change.scope
        self._user = user
        self._role = role
        self._device = device
        self._change = change
        self._catalog = catalog
        self._command = catalog.command(change.kind)
        self._there = there
        self._made: dict[str, Kind] = {}
        self._written: dict[str, Fields] = {}
        self._deleted: dict[str, None] = {}
        self._creates = 0
        self._last_ranks: dict[tuple[str, str], str | None] = {}
        self._random = Random(blake2b(change.id.encode(), digest_size=8).digest())  # the same everywhere

    @property
    def user(self) -> str:
        """Who calls."""
        return self._user

    @property
    def role(self) -> str:
        """The caller's role in the scope."""
        return self._role

    @property
    def arguments(self) -> dict[str, PythonValue]:
        """What it was called with, as Python values; defaults where nothing was given."""
        return self._command.arguments.from_wire(
            {name: written_value(each) for name, each in self._change.fields.items()}
        )

    @property
    def now(self) -> datetime:
        """When the device called, in UTC."""
        return _EPOCH + timedelta(milliseconds=stamp_ms(self._change.stamp))

    def get(self, record_id: str | UUID, /) -> Row | None:
        """A record of the scope, as this call has made it; None if there is none or it is deleted.

        It is there if it is the scope's root, if an argument of the type `UUID` names it, or if the command `reads` its
        kind.
        """
        id = str(record_id)
        if id in self._deleted:
            return None
        record = self._live(id)
        kind = self._made.get(id) or (self._catalog.kind(record.kind) if record else None)
        if kind is None:
            return None
        fields = {**(record.fields if record else {}), **self._written.get(id, {})}
        return Row(id=id, kind=kind.name, fields=kind.from_wire(fields))

    def records(self, kind: type | str, /) -> list[Row]:
        """All records of a kind in the scope, in the order of their ids. Raises `UnknownKind` for one that the command
        does not say it `reads`, `CommandTooLarge` if there are more than `COMMAND_RECORDS_MAX`."""
        name = kind if isinstance(kind, str) else kind.__name__
        if name not in self._command.reads:
            raise UnknownKind(f"The command does not say that it reads {name}: declare it with reads=[{name}].")
        found = self._there.of_kind(self.scope, name)
        if len(found) > COMMAND_RECORDS_MAX:
            raise CommandTooLarge
        ids = [record.id for record in found] + [id for id, made in self._made.items() if made.name == name]
        rows = (self.get(id) for id in ids)
        return [row for row in rows if row is not None]

    def create(self, kind: type | str, /, **fields: PythonValue) -> str:
        """Makes a record in the scope; its id."""
        declared = self._writable(kind if isinstance(kind, str) else kind.__name__)
        if declared.is_root:
            raise WrongId(f"A {declared.name} is a scope of its own: a command writes within the one it is called in.")
        id = made_id(self._change, self._creates)
        self._creates += 1
        values = declared.complete(declared.to_wire(fields))
        ranks = (field for field in declared.fields.values() if field.rule == RANK and field.name not in fields)
        values |= {field.name: self._at_end(declared, field.name) for field in ranks}
        self._made[id] = declared
        self._write(id, declared, values)
        return id

    def update(self, record_id: str | UUID, /, **fields: PythonValue) -> None:
        """Gives fields of a record these values. A counter is given what it comes to: `votes=row["votes"] + 1`."""
        row = self._row(record_id)
        kind = self._writable(row.kind)
        self._write(row.id, kind, kind.to_wire(fields))

    def delete(self, record_id: str | UUID, /) -> None:
        """Deletes a record of the scope."""
        row = self._row(record_id)
        if self._writable(row.kind).is_root:
            raise WrongId("A command does not delete the scope it is called in.")
        self._written.pop(row.id, None)
        if self._made.pop(row.id, None) is None:
            self._deleted[row.id] = None
        self._check_size()

    def refuse(self, why: str, /) -> NoReturn:
        """Nothing of this call takes effect, and the caller is told why."""
        raise CommandRefused(why)

    def effects(self) -> list[Change]:
        """What it has written, as one change for each record, stamped after all that is there."""
        changes = [self._effect(id, fields) for id, fields in self._written.items()]
        changes += [self._effect(id, None) for id in self._deleted]
        return [change for change in changes if change.op != "update" or change.fields]

    def _effect(self, id: str, fields: Fields | None) -> Change:
        record = self._live(id)
        if record is None or id in self._made:
            return self._as_change("create", self._made[id].name, id, fields or {})
        change = (
            self._as_change("delete", record.kind, id, {})
            if fields is None
            else self._as_change("update", record.kind, id, self._edits(record, fields))
        )
        stamp = change.stamp
        if record.newest >= stamp:  # it was made later than what is there: the command runs after that all the same
            stamp = next_stamp(record.newest, 0, self._device)
        return msgspec.structs.replace(change, stamp=stamp, base=record.position)

    def _as_change(self, op: Op, kind: str, id: str, fields: Edits) -> Change:
        return msgspec.structs.replace(self._change, op=op, kind=kind, id=id, fields=fields, base=0, group=None)

    def _edits(self, record: Record, fields: Fields) -> Edits:
        kind, edits = self._catalog.kind(record.kind), {}
        for name, value in fields.items():
            field = kind.field(name)
            here = record.fields.get(name, field.default)
            if value != here:
                edits[name] = edit_to(field.rule, here, record.adds.get(name, {}), value)
        return {name: edit for name, edit in edits.items() if edit != Elements()}

    def _live(self, id: str) -> Record | None:
        record = self._there.record(id)
        return None if record is None or record.deleted or record.scope != self.scope else record

    def _row(self, record_id: str | UUID) -> Row:
        row = self.get(record_id)
        if row is None:
            raise RecordGone(f"The command finds no record {record_id} in its scope.")
        return row

    def _writable(self, name: str) -> Kind:
        kind = self._catalog.kind(name)
        if kind.name == MEMBER:
            raise WrongId("A command does not write members.")
        kind.check_within(self._command.scope)
        return kind

    def _at_end(self, kind: Kind, name: str) -> str:
        """A rank behind all that the call can see. They are looked through once; what it writes is seen as it does."""
        key = kind.name, name
        if key not in self._last_ranks:
            rows = self.records(kind.name) if kind.name in self._command.reads else []
            self._last_ranks[key] = max((str(row[name]) for row in rows), default=None)
        return between(self._last_ranks[key], None, self._random)

    def _write(self, id: str, kind: Kind, values: Fields) -> None:
        self._written[id] = {**self._written.get(id, {}), **values}
        for key in [key for key in self._last_ranks if key[0] == kind.name and key[1] in values]:
            self._last_ranks[key] = max(self._last_ranks[key] or "", str(values[key[1]]))
        self._check_size()

    def _check_size(self) -> None:
        if len(self._written) + len(self._deleted) > COMMAND_RECORDS_MAX:
            raise CommandTooLarge
