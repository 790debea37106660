"""The nouns that travel: a change on its way up, its outcome, and a record on its way down.

They are frozen `msgspec` structs and not dataclasses, because the same object is the noun inside and the JSON on
the wire: built and checked in one step, about five times faster (decisions/0002).
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from homeport_sync.clock import NEVER, STAMP_PATTERN, UUID_PATTERN, Stamp

Value: TypeAlias = str | int | float | bool | list[str] | None
Fields: TypeAlias = dict[str, Value]
Op: TypeAlias = Literal["create", "update", "delete", "restore", "move", "command"]
Logged: TypeAlias = Op | Literal["leave"]  # the half of a move that is told where the record was
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
Uuid: TypeAlias = Annotated[str, msgspec.Meta(pattern=UUID_PATTERN)]
Verdict: TypeAlias = Literal["applied", "merged", "superseded", "rejected"]
GROUP_CHANGES_MAX: Final = 100
MET_FIELDS_MAX: Final = 20
MET_CHARS_MAX: Final = 200

NAME_PATTERN = UUID_PATTERN.replace(r"\Z", r"/[1-9][0-9]{0,15}\Z")  # of a change: its device and its number
Adds: TypeAlias = dict[str, list[Stamp]]


class Increment(msgspec.Struct, frozen=True, kw_only=True, tag_field="edit", tag="increment"):
    """Adds to a counter; `by` may be negative."""

    by: int


class Elements(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="edit", tag="elements"):
    """Puts elements into a set and takes others out. Each names the adds of it that the device had seen, by stamp: only
    those are gone with it, and one that was added meanwhile stays (add wins)."""

    add: Adds = {}
    remove: Adds = {}


class Swap(msgspec.Struct, frozen=True, kw_only=True, tag_field="edit", tag="swap"):
    """Writes `to` where the device had seen `was`: what that means if it is another by now, the field's rule says."""

    to: Value
    was: Value


Edit: TypeAlias = Increment | Elements | Swap
Written: TypeAlias = Value | Edit
Edits: TypeAlias = Mapping[str, Written]
EDITS = (Increment, Elements, Swap)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The place of a change in its group: the `at`-th `of` so many (1 is the first)."""

    at: Annotated[int, msgspec.Meta(ge=1, le=GROUP_CHANGES_MAX)]
    of: Annotated[int, msgspec.Meta(ge=2, le=GROUP_CHANGES_MAX)]


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One write to one record by one device; its name is (tenant, device, `number`). Or, with `op` "command", one call
    of the command `kind` in `scope` with the arguments `fields`, under an `id` of its own.

    `number` runs from 1 without gaps on each device. `id` is the record's UUID, `scope` the root record it is
    shared with (a root's scope is itself). `fields` holds only what this change writes, as wire values or as edits,
    whichever a field's rule takes; a delete and a move write none, and a restore all of them. A move takes the record
    `into` another scope ("": it is no move). `stamp` is when the device wrote. `base` is the position of the record as
    the device had pulled it when it wrote (0: never pulled); the device's own earlier changes do not count. The changes
    of a `group` have numbers that follow each other, travel in one push, and are accepted or rejected together.
    `replays` names a rejected change that this one makes good, as device/number ("": none).
    """

    number: Number
    op: Op
    kind: str
    id: Uuid
    scope: Uuid
    stamp: Annotated[Stamp, msgspec.Meta(pattern=STAMP_PATTERN)]
    fields: Edits = {}
    base: Annotated[int, msgspec.Meta(ge=0)] = 0
    group: Group | None = None
    into: Annotated[str, msgspec.Meta(pattern=rf"\A\Z|{UUID_PATTERN}")] = ""
    replays: Annotated[str, msgspec.Meta(pattern=rf"\A\Z|{NAME_PATTERN}")] = ""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The newest state of one record, as stored, pulled and merged.

    `stamp` is that of its create; `stamps` names the fields written since, each with the stamp of its last write
    (a field that is absent there has `stamp`). `adds` holds, for each field that is a set, the stamps of the adds by
    which each element is in it. `deleted` is the stamp of its delete: a tombstone keeps no fields. `restored` is that
    of the restore by which it lives again: deletes from before it no longer count. `moved` is that of its last move.
    `position` is where the log last changed it (0: not in the log yet).
    """

    id: str
    kind: str
    scope: str
    stamp: Stamp
    position: int = 0
    fields: Fields = {}
    stamps: dict[str, Stamp] = {}
    adds: dict[str, Adds] = {}
    deleted: Stamp = NEVER
    restored: Stamp = NEVER
    moved: Stamp = NEVER

    @property
    def newest(self) -> Stamp:
        """The newest stamp in it."""
        return max(self.stamp, self.deleted, self.moved, *self.stamps.values())

    def stamp_of(self, name: str) -> Stamp:
        """The stamp of the field's last write; `NEVER` if it was never written."""
        return self.stamps.get(name, self.stamp) if name in self.fields else NEVER


class Met(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a field of a change met when it arrived: what was there (`theirs`), and what came of both (`result`).

    Values of more than `MET_CHARS_MAX` characters as JSON are left out, and `long` says so.
    """

    theirs: Value = None
    result: Value = None
    long: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a change. Final: asked for again, it is the same.

    `applied`: every field took effect on an unchanged base. `merged`: at least one did, beside concurrent changes.
    `superseded`: none did, it lost on arrival. `rejected`: refused, `error` says why and what to do (`message` and
    `extensions.code`, the shape of a GraphQL error). `lost` names the fields that did not take effect. `met` explains a
    merge: what those of its fields met that another device had written, at most `MET_FIELDS_MAX` of them, and names the
    `base` of the change with it. `mine` is what was to be written to fields that are `lost`, which stands in no log: at
    most `MET_FIELDS_MAX` of them, none of more than `MET_CHARS_MAX` characters as JSON. `deleted` tells that it met a
    record that was deleted. `stamp` is set only when the change's own was too far ahead and was lowered: the clock of
    the device is wrong.
    """

    number: int
    outcome: Verdict
    lost: tuple[str, ...] = ()
    met: dict[str, Met] = {}
    base: int | None = None
    mine: Edits = {}
    deleted: bool = False
    stamp: Stamp = NEVER
    error: dict[str, object] | None = None


_json = msgspec.json.Encoder()
_sorted_json = msgspec.json.Encoder(order="deterministic")
decode_change = msgspec.json.Decoder(Change).decode
decode_record = msgspec.json.Decoder(Record).decode
decode_fields = msgspec.json.Decoder(Fields).decode
decode_outcome = msgspec.json.Decoder(Outcome).decode


def encode(noun: Change | Record | Outcome | Fields | Edits) -> str:
    """The JSON text of a noun."""
    return _json.encode(noun).decode()


def digest(change: Change) -> bytes:
    """16 bytes that are the same for a change however its JSON was spaced and ordered, and for no other change."""
    return digest_text(_sorted_json.encode(change))


def digest_text(text: bytes | memoryview) -> bytes:
    """The digest of a change that cannot be read: that of its text as it came."""
    return blake2b(text, digest_size=16).digest()
