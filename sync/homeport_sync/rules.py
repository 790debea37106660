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
from typing import Final, NamedTuple, TypeAlias

import msgspec

from homeport_sync.change import EDITS, Adds, Elements, Increment, Swap, Value, Written
from homeport_sync.clock import Stamp
from homeport_sync.errors import CounterFull, SetFull, Stale

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


def counter(default: Value) -> Rule:
    """Adds up. `default` is what a record has that has no such field yet."""

    def count(cell: Cell | None, written: Written, stamp: Stamp) -> Took:
        if not isinstance(written, Increment):  # a create; if it comes again, it is in there
            return cell or Cell(stamp, written_value(written)), True
        value = _whole(cell.value if cell else default) + written.by
        if abs(value) > COUNTER_MAX:
            raise CounterFull
        return Cell(max(stamp, cell.stamp) if cell else stamp, value), True

    return count


def members(default: Value) -> Rule:
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
        return _of_elements(max(stamp, cell.stamp) if cell else stamp, adds), True

    return change


def guarded(default: Value) -> Rule:
    """Compare and set: what was made for another value than is there is refused."""

    def swap(cell: Cell | None, written: Written, stamp: Stamp) -> Took:
        if not isinstance(written, Swap):
            return cell or Cell(stamp, written_value(written)), True
        here = cell.value if cell else default
        if text_of(here) != text_of(written.was):
            raise Stale(f"It was made for {_shown(written.was)}, and there is {_shown(here)}: decide again.")
        return Cell(max(stamp, cell.stamp) if cell else stamp, written.to), True

    return swap


def first(default: Value) -> Rule:
    """Written once: the first value that arrives stays. Null is no value."""

    def keep(cell: Cell | None, written: Written, stamp: Stamp) -> Took:
        value = written_value(written)
        here = cell.value if cell else default
        if here is None or cell is None:
            return Cell(stamp, value), True
        return cell, text_of(here) == text_of(value)

    return keep


def resolved_by(resolver: Resolver, default: Value) -> Rule:
    """The app's function decides, where the value is not the one that was seen: `resolver(base, mine, theirs)`."""

    def resolve(cell: Cell | None, written: Written, stamp: Stamp) -> Took:
        if not isinstance(written, Swap):
            return cell or Cell(stamp, written_value(written)), True
        theirs = cell.value if cell else default
        met = text_of(theirs) != text_of(written.was)
        value = resolver(written.was, written.to, theirs) if met else written.to
        return Cell(max(stamp, cell.stamp) if cell else stamp, value), True

    return resolve


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
