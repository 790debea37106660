"""The form by which a rejected change is edited: an input for each field, and what was written into them.

A field is sent as it was unless its text is another; so edits such as increments, which stand there as JSON, stay what
they are. A swap is made anew of what is there now, which whoever replays has looked at: it would be as stale as before.
Text is written as it is, and everything else as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec

from homeport_server.quarantine.edit import read_value
from homeport_sync.catalog import Catalog, Field, Kind
from homeport_sync.change import Change, Elements, Increment, Swap, Value, Written

Form: TypeAlias = Mapping[str, str]
FIELD: Final = "field-"
DROP: Final = "drop-"
AREA_CHARS_MIN: Final = 80
_TEXTS: Final = frozenset({"text", "choice", "datetime", "date", "uuid", "rank"})
_json = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One field in the form. `was` is the text that stood there at first; `options` are those of a choice; `sent`: the
    rejected change writes it; `dropped`: it shall not; `swaps`: it was written for another value than is there."""

    name: str
    says: str
    was: str
    text: str
    options: Sequence[str]
    long: bool
    sent: bool
    dropped: bool
    swaps: bool


def shape_of(catalog: Catalog, change: Change | None) -> Kind | None:
    """What says which fields it may write, or with which arguments it calls; None if that is declared no more."""
    if change is None:
        return None
    if change.op == "command":
        command = catalog.commands.get(change.kind)
        return command.arguments if command else None
    return catalog.kinds.get(change.kind)


def form_of(change: Change, shape: Kind | None, given: Form) -> Sequence[Input]:
    """Its inputs: what the change writes first, then what else it could."""
    declared = shape.fields if shape and change.op not in {"delete", "move"} else {}
    names = [*change.fields, *(name for name in declared if name not in change.fields)]
    inputs = []
    for name in names:
        field, sent = declared.get(name), name in change.fields
        was = _text(field, change.fields[name]) if sent else ""
        text = given.get(FIELD + name, was)
        inputs.append(
            Input(
                name=name,
                says=_expected(field),
                was=was,
                text=text,
                options=_options(field, change.fields.get(name)),
                long=len(text) >= AREA_CHARS_MIN or "\n" in text,
                sent=sent,
                dropped=bool(given.get(DROP + name)),
                swaps=isinstance(change.fields.get(name), Swap),
            )
        )
    return inputs


def read_edits(change: Change, shape: Kind | None, given: Form) -> tuple[Mapping[str, Written], Sequence[str]]:
    """The fields that were written anew, and those that shall not be sent."""
    put, dropped = dict[str, Written](), list[str]()
    for each in form_of(change, shape, given):
        if each.dropped and each.sent:
            dropped.append(each.name)
        elif each.swaps or each.text.replace("\r\n", "\n") != each.was.replace("\r\n", "\n"):
            put[each.name] = _read(shape.fields.get(each.name) if shape else None, each.text)
    return put, dropped


def _text(field: Field | None, written: Written) -> str:
    if isinstance(written, Swap):
        return _text(field, written.to)
    if isinstance(written, str) and _is_text(field):
        return written
    return "" if written is None else _json.encode(written).decode()


def _read(field: Field | None, text: str) -> Written:
    return None if not text and (field is None or field.type.fits(None)) else read_value(text, field)


def _is_text(field: Field | None) -> bool:
    return field is not None and field.type.shape in _TEXTS


def _expected(field: Field | None) -> str:
    if field is None:
        return "a value as JSON: the app declares no such field any more"
    return field.type.expected


def _options(field: Field | None, written: Written | None) -> Sequence[str]:
    """What can be chosen; nothing where anything could be, or an edit is sent."""
    if field is None or isinstance(written, Increment | Elements):
        return ()
    some: Sequence[Value] = ("true", "false") if field.type.shape == "bool" else field.type.options
    return [*("" for _ in [0] if field.type.fits(None)), *map(str, some)] if some else ()
