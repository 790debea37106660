"""What a field must hold after some writes, by its rule: the slow and simple way, which shares no code with merge.

Writes come in the order of the log. A set is a bag of (element, stamp of its add); a removal takes out those that it
has seen and those of its own device; the last eight digits of a stamp are its device's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from homeport_sync.catalog import Field
from homeport_sync.change import Elements, Fields, Increment, Swap, Value, Written

REGISTERS = frozenset({"register", "rank"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """What one accepted change wrote to the field."""

    stamp: str
    written: Written


def stands(field: Field | None, writes: Sequence[Write]) -> Value:
    """The value after these writes, of which there is one at least. A field that is not declared is a register."""
    rule, default = (field.rule, field.default) if field else ("register", None)
    if rule == "counter":
        return _counted(default, writes)
    if rule == "set":
        return sorted({element for element, _ in _bag(default, writes)})
    if rule == "first":
        return next((value for value in map(_plain, writes) if value is not None), None)
    if rule == "guarded":
        return _plain(writes[-1])
    if field and field.merges and rule == "resolver":  # the app's own function: there is no other to ask
        cell = None
        for each in writes:
            cell, _ = field.merges(cell, each.written, each.stamp)  # type: ignore[arg-type]
        return cell.value if cell else None
    return _plain(max(writes, key=claim))


def claim(write: Write) -> tuple[str, str]:
    """What a register goes by: the later stamp, then the greater JSON text."""
    return write.stamp, json_text(_plain(write))


def json_text(value: Written | Fields | Mapping[str, Written]) -> str:
    """The one JSON text of a value, or of what is in fields: `true`, `1` and `1.0` are three."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=msgspec.to_builtins)


def said(written: Written) -> Value:
    """What a phone says that it wrote, whatever the device made of it."""
    if isinstance(written, Increment):
        return written.by
    if isinstance(written, Elements):
        return [*added(written.add), *removed(written.remove)]
    return written.to if isinstance(written, Swap) else written


def added(elements: Iterable[str]) -> list[str]:
    """How a phone says that it put these into a set."""
    return sorted(f"+{each}" for each in elements)


def removed(elements: Iterable[str]) -> list[str]:
    """How a phone says that it took these out of a set."""
    return sorted(f"-{each}" for each in elements)


def _plain(write: Write) -> Value:
    written = write.written
    if isinstance(written, Swap):
        return written.to
    return None if isinstance(written, Increment | Elements) else written


def _counted(default: Value, writes: Sequence[Write]) -> int:
    made = [each.written for each in writes if isinstance(each.written, int)]
    start = made[0] if made else default
    added = sum(each.written.by for each in writes if isinstance(each.written, Increment))
    return (start if isinstance(start, int) else 0) + added


def _bag(default: Value, writes: Sequence[Write]) -> set[tuple[str, str]]:
    made = next((each for each in writes if isinstance(each.written, list)), None)
    first = made.written if made else default
    bag = {(element, made.stamp if made else "") for element in (first if isinstance(first, list) else [])}
    for each in writes:
        if isinstance(each.written, Elements):
            touched = {**each.written.add, **each.written.remove}
            bag = {
                (element, stamp)
                for element, stamp in bag
                if not (element in touched and (stamp in touched[element] or stamp[-8:] == each.stamp[-8:]))
            }
            bag |= {(element, each.stamp) for element in each.written.add}
    return bag
