"""An operator's edits of a rejected change: fields set as JSON, fields left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from homeport_sync.catalog import Field, Kind
from homeport_sync.change import EDITS, Change, Edits, Record, Swap, Written
from homeport_sync.edits import edit_to
from homeport_sync.errors import Malformed
from homeport_sync.rules import COUNTER, SET

_decode = msgspec.json.Decoder(Written).decode


def read_set(given: Iterable[str]) -> dict[str, Written]:
    """What `FIELD=JSON` says, each. Raises `Malformed` for what does not."""
    fields = {}
    for each in given:
        name, is_there, text = each.partition("=")
        try:
            if not is_there or not name:
                raise msgspec.ValidationError("there is no FIELD= before it")
            fields[name] = _decode(text)
        except msgspec.DecodeError as error:
            raise Malformed(
                f"""--set is {each!r} ({error}); expected FIELD=JSON, such as title='"Milk"', done=true or """
                """votes='{"edit":"increment","by":1}'."""
            ) from error
    return fields


def read_value(text: str, field: Field | None) -> Written:
    """What somebody wrote into a form for the field: the text itself where the field takes it, JSON otherwise (a
    number, `true`, `null`, `["a"]`, an edit). What is neither is that text, and whoever checks the change says why."""
    if field is not None and field.type.fits(text):
        return text
    try:
        read: Written = _decode(text)
    except msgspec.DecodeError:
        return text
    return read


def edited(
    change: Change, kind: Kind | None, record: Record | None, put: Mapping[str, Written], dropped: Collection[str]
) -> Edits:
    """The fields of the change with those `put` in and those `dropped` left out.

    An update writes edits where a field's rule asks for them: they are made of plain values by what is in the `record`
    now, which whoever replays has looked at. Raises `UnknownField` or `WrongType` for a field that is `put` and does
    not fit the `kind`, `Malformed` for one that is dropped and not there, and for an update that is left with nothing.
    """
    if absent := [name for name in dropped if name not in change.fields]:
        told = ", ".join(change.fields) or "none"
        raise Malformed(f"--drop is {absent[0]!r}, and the change does not write that field; it writes {told}.")
    fields = {name: written for name, written in change.fields.items() if name not in dropped}
    for name, written in put.items():
        field = kind.fields.get(name) if kind and change.op == "update" else None
        fields[name] = _edit(field, record, written) if field else written
        if kind:
            kind.check({name: fields[name]}, new=change.op != "update")
    if change.op == "update" and change.fields and not fields:
        raise Malformed("Nothing is left for the change to write: --set another field, or leave it in quarantine.")
    return fields


def swapped(change: Change, kind: Kind | None, record: Record | None) -> Edits:
    """The fields of an update, its swaps of what is in the `record` now."""
    fields = dict(change.fields)
    for name, written in change.fields.items():
        if isinstance(written, Swap) and kind and name in kind.fields:
            fields[name] = _edit(kind.fields[name], record, written.to)
    return fields


def _edit(field: Field, record: Record | None, written: Written) -> Written:
    """What does not fit the rule stays as it is, and the intake says why."""
    if isinstance(written, EDITS) or field.rule == COUNTER or (field.rule == SET and not isinstance(written, list)):
        return written
    here = record.fields.get(field.name, field.default) if record else field.default
    return edit_to(field.rule, here, record.adds.get(field.name, {}) if record else {}, written)
