"""Edits: what an update may write to a field whose rule asks for more than a value (see `rules.py`)."""

from __future__ import annotations

from itertools import chain
from typing import Final

from homeport_sync.change import EDITS, Adds, Elements, Increment, Swap, Value, Written
from homeport_sync.clock import is_stamp
from homeport_sync.rules import COUNTER, ELEMENTS_MAX, GUARDED, RESOLVER, SET
from homeport_sync.values import PLAIN, ValueType

SWAPPED: Final = frozenset({GUARDED, RESOLVER})
EXPECTED: Final = {
    COUNTER: "takes an increment by {expected}",
    SET: "takes elements to add and to remove, each with the adds that were seen",
    GUARDED: "takes a swap of {expected}, with what it was",
    RESOLVER: "takes a swap of {expected}, with what it was",
}


def fits_edit(rule: str, holds: ValueType, written: Written) -> bool:
    """Whether an update may write this to a field of that rule."""
    if rule == COUNTER:
        return isinstance(written, Increment) and PLAIN[int].fits(written.by)
    if rule == SET:
        return isinstance(written, Elements) and _fit_elements(holds, written)
    if rule in SWAPPED:
        return isinstance(written, Swap) and holds.fits(written.to)
    return not isinstance(written, EDITS) and holds.fits(written)


def edit_to(rule: str, here: Value, adds: Adds, value: Value) -> Written:
    """What an update writes so that a field of that rule comes to hold the value, where it holds what is `here`, a set
    by these `adds`."""
    if rule == COUNTER and isinstance(value, int) and isinstance(here, int):
        return Increment(by=value - here)
    if rule == SET:
        present, wanted = _texts(here), _texts(value)
        return Elements(
            add={each: adds.get(each, []) for each in wanted if each not in present},
            remove={each: adds.get(each, []) for each in present if each not in wanted},
        )
    return Swap(to=value, was=here) if rule in SWAPPED else value


def _texts(value: Value) -> list[str]:
    return value if isinstance(value, list) else []


def _fit_elements(holds: ValueType, written: Elements) -> bool:
    if not written.add and not written.remove:
        return False
    if not written.add.keys().isdisjoint(written.remove) or max(len(written.add), len(written.remove)) > ELEMENTS_MAX:
        return False
    if not all(isinstance(each, str) for each in (*written.add, *written.remove)):
        return False
    return holds.fits(sorted(written.add)) and all(
        map(is_stamp, chain(*written.add.values(), *written.remove.values()))
    )
