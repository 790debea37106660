"""The rules by which fields merge, other than the register's: each a function of what is there and what is written.

| rule       | an update writes | what becomes of two writes that meet                                        |
|------------|------------------|-----------------------------------------------------------------------------|
| `counter`  | an increment     | both count                                                                  |
| `set`      | elements         | each element by itself; of an add and a removal that meet, the add wins     |
| `guarded`  | a swap           | the second is refused: it was made for a value that is not there any more   |
| `first`    | a value          | the first that arrives stays                                                |
| a function | a swap           | what the app's function makes of base, mine and theirs                      |

A new record is given plain values. A cell is a field of one record: its newest stamp, its value, and for a set the
adds by which each element is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias, TypeVar

import msgspec

from homeport_sync.change import EDITS, Adds, Elements, Increment, Swap, Value, Written
from homeport_sync.clock import Stamp
from homeport_sync.rejections import CounterFull, SetFull, Stale

COUNTER_MAX: Final = 2**63 - 1
ELEMENTS_MAX: Final = 1_000
SHOWN_CHARS_MAX: Final = 80
COUNTER, SET, GUARDED, FIRST = "counter", "set", "guarded", "first"
REGISTER, RANK, RESOLVER = "register", "rank", "resolver"

text_of = msgspec.json.Encoder().encode


class Cell(NamedTuple):
    """One field of one record."""

    stamp: Stamp
    value: Value
    adds: Adds | None = None


Edited = TypeVar("Edited", Increment, Swap)
Took: TypeAlias = tuple[Cell, bool]
Rule: TypeAlias = Callable[[Cell | None, Written, Stamp], Took]
Resolver: TypeAlias = Callable[[Value, Value, Value], Value]


def written_value(written: Written) -> Value:
    """The value that is written where no rule looks at what it was."""
    if not isinstance(written, EDITS):
        return written
    if isinstance(written, Swap):
        return written.to
    return written.by if isinstance(written, Increment) else sorted(written.add)


def _computed(edit: type[Edited], default: Value, value_of: Callable[[Value, Edited], Value]) -> Rule:
    """The rule of an edit that makes a value of the one that is there. `default` is what a record has that has no such
    field yet. What is no such edit is a create's; if that comes again, it is in there."""

    def rule(cell: Cell | None, written: Written, stamp: Stamp) -> Took:
        if not isinstance(written, edit):
            return cell or Cell(stamp, written_value(written)), True
        return Cell(_latest(cell, stamp), value_of(cell.value if cell else default, written)), True

    return rule


def counter(default: Value) -> Rule:
    """Adds up."""

    def count(here: Value, written: Increment) -> Value:
        value = _whole(here) + written.by
        if abs(value) > COUNTER_MAX:
            raise CounterFull
        return value

    return _computed(Increment, default, count)


def elements(default: Value) -> Rule:
    """A set, each element by itself: an add stays until a removal that has seen it. A device has seen all its own."""

    def change(cell: Cell | None, written: Written, stamp: Stamp) -> Took:
        if not isinstance(written, Elements):
            return cell or _of_elements(stamp, {each: [stamp] for each in _texts(written_value(written))}), True
        adds = dict(cell.adds or {}) if cell else {each: [stamp] for each in _texts(default)}
        for element, seen in written.remove.items():
            if left := _unseen(adds.get(element, []), seen, stamp):
                adds[element] = left
            else:
                adds.pop(element, None)
        for element, seen in written.add.items():
            adds[element] = sorted({*_unseen(adds.get(element, []), seen, stamp), stamp})
        if len(adds) > ELEMENTS_MAX:
            raise SetFull
        return _of_elements(_latest(cell, stamp), adds), True

    return change


def guarded(default: Value) -> Rule:
    """Compare and set: what was made for another value than is there is refused."""

    def swap(here: Value, written: Swap) -> Value:
        if text_of(here) != text_of(written.was):
            raise Stale(f"It was made for {_shown(written.was)}, and there is {_shown(here)}: decide again.")
        return written.to

    return _computed(Swap, default, swap)


def first(cell: Cell | None, written: Written, stamp: Stamp) -> Took:
    """Written once: the first value that arrives stays. Null is no value."""
    value = written_value(written)
    if cell is None or cell.value is None:
        return Cell(stamp, value), True
    return cell, text_of(cell.value) == text_of(value)


def resolved_by(resolver: Resolver, default: Value) -> Rule:
    """The app's function decides, where the value is not the one that was seen: `resolver(base, mine, theirs)`."""

    def resolve(theirs: Value, written: Swap) -> Value:
        met = text_of(theirs) != text_of(written.was)
        return resolver(written.was, written.to, theirs) if met else written.to

    return _computed(Swap, default, resolve)


def _latest(cell: Cell | None, stamp: Stamp) -> Stamp:
    return max(stamp, cell.stamp) if cell else stamp


def _of_elements(stamp: Stamp, adds: Adds) -> Cell:
    return Cell(stamp, sorted(adds), adds)


def _unseen(adds: list[Stamp], seen: list[Stamp], stamp: Stamp) -> list[Stamp]:
    """The adds that whoever writes had not seen. All of its own it has, even where the server lowered their stamps."""
    return [add for add in adds if add not in seen and add[16:] != stamp[16:]]


def _whole(value: Value) -> int:
    return value if isinstance(value, int) else 0


def _texts(value: Value) -> list[str]:
    return value if isinstance(value, list) else []


def _shown(value: Value) -> str:
    text = text_of(value).decode()
    return text if len(text) <= SHOWN_CHARS_MAX else f"{text[:SHOWN_CHARS_MAX]}…"
