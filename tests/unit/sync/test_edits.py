"""Edits: what an update may write to a field, as its rule says, and what brings a field to a value."""

from __future__ import annotations

import pytest

from homeport_sync.change import Adds, Elements, Increment, Swap, Value, Written
from homeport_sync.clock import Stamp, make_stamp
from homeport_sync.edits import edit_to, fits_edit
from homeport_sync.rules import COUNTER, ELEMENTS_MAX, FIRST, GUARDED, REGISTER, RESOLVER, SET
from homeport_sync.values import INT_MAX, PLAIN, ValueType, texts
from tests.unit.sync.tasks import NOW, device_id

SEEN = make_stamp(NOW, 0, device_id(1))
WHOLE, SHORT = PLAIN[int], texts(3)
TOO_MANY: Adds = {f"{n}": [] for n in range(ELEMENTS_MAX + 1)}
FITS: dict[str, tuple[str, ValueType, Written, bool]] = {
    "an increment": (COUNTER, WHOLE, Increment(by=-INT_MAX), True),
    "an increment that is too large": (COUNTER, WHOLE, Increment(by=INT_MAX + 1), False),
    "an increment by half": (COUNTER, WHOLE, Increment(by=0.5), False),  # type: ignore[arg-type]
    "an increment by a text": (COUNTER, WHOLE, Increment(by="x"), False),  # type: ignore[arg-type]
    "an increment by true": (COUNTER, WHOLE, Increment(by=True), False),
    "a plain value for a counter": (COUNTER, WHOLE, 3, False),
    "elements": (SET, SHORT, Elements(add={"b": [], "a": [SEEN]}, remove={"c": [SEEN]}), True),
    "what only takes out": (SET, SHORT, Elements(remove={"c": []}), True),
    "elements that are no texts": (SET, SHORT, Elements(add={"a": [], 5: []}), False),  # type: ignore[dict-item]
    "a removal of what is no text": (SET, SHORT, Elements(remove={5: []}), False),  # type: ignore[dict-item]
    "elements of nothing": (SET, SHORT, Elements(), False),
    "what is put in and taken out": (SET, SHORT, Elements(add={"a": []}, remove={"a": []}), False),
    "too many elements in": (SET, texts(9), Elements(add=TOO_MANY), False),
    "too many elements out": (SET, texts(9), Elements(remove=TOO_MANY), False),
    "an element that is too long": (SET, SHORT, Elements(add={"long": []}), False),
    "a long one taken out, as an older app may have let it in": (SET, SHORT, Elements(remove={"long": []}), True),
    "an add that was seen and is no stamp": (SET, SHORT, Elements(add={"a": [Stamp("yesterday")]}), False),
    "a removal that names what is no stamp": (SET, SHORT, Elements(remove={"a": [SEEN, Stamp("x")]}), False),
    "a plain value for a set": (SET, SHORT, ["a"], False),
    "a swap": (GUARDED, WHOLE, Swap(to=3, was="whatever it was"), True),
    "a swap to what does not fit": (GUARDED, WHOLE, Swap(to="3", was=3), False),
    "a plain value for a guarded field": (GUARDED, WHOLE, 3, False),
    "a swap for a function": (RESOLVER, WHOLE, Swap(to=3, was=2), True),
    "an increment for a function": (RESOLVER, WHOLE, Increment(by=1), False),
    "a plain value for a field that is written once": (FIRST, WHOLE, 3, True),
    "one that does not fit": (FIRST, WHOLE, "3", False),
    "an edit of a field that takes none": (FIRST, WHOLE, Swap(to=3, was=None), False),
}


@pytest.mark.parametrize("name", FITS)
def test_what_an_update_may_write_says_the_rule(name: str) -> None:
    rule, holds, written, right = FITS[name]
    assert fits_edit(rule, holds, written) == right


@pytest.mark.parametrize(
    ("rule", "here", "value", "written"),
    [
        (COUNTER, 5, 3, Increment(by=-2)),
        (COUNTER, None, 3, 3),  # which is refused: a counter has no such value
        (GUARDED, 5, 3, Swap(to=3, was=5)),
        (RESOLVER, None, "x", Swap(to="x", was=None)),
        (REGISTER, 5, 3, 3),
        (FIRST, 5, 3, 3),
    ],
)
def test_a_field_is_brought_to_a_value_by_the_edit_of_its_rule(
    rule: str, here: Value, value: Value, written: Written
) -> None:
    assert edit_to(rule, here, {}, value) == written


def test_a_set_is_brought_to_others_by_what_is_missing_and_what_is_too_much_each_as_it_was_seen() -> None:
    adds: Adds = {"a": [SEEN], "b": [SEEN]}
    assert edit_to(SET, ["a", "b"], adds, ["b", "c"]) == Elements(add={"c": []}, remove={"a": [SEEN]})
    assert edit_to(SET, None, {}, ["a"]) == Elements(add={"a": []})
    assert edit_to(SET, ["a"], adds, ["a"]) == Elements()
