"""The rules, each against what it promises: whatever meets, in whatever order it arrives."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_sync.change import Adds, Change, Edit, Elements, Increment, Record, Swap, Value, Written
from homeport_sync.clock import Stamp, make_stamp
from homeport_sync.merge import Merged, merge
from homeport_sync.rejections import CounterFull, SetFull, Stale
from homeport_sync.rules import COUNTER_MAX, ELEMENTS_MAX, Rule, counter, elements, first, guarded, resolved_by
from tests.unit.sync.tasks import device_id

ID = device_id(7)
DEVICES = [device_id(index) for index in (1, 2, 3)]
ELEMENTS = ("a", "b", "c")


def stamp(ms: int, device: int = 0) -> Stamp:
    return make_stamp(ms, 0, DEVICES[device])


def made(value: Value, rule: Rule, ms: int = 1) -> Record:
    """A record with the field `it`."""
    return said(None, value, stamp(ms), rule).record


def said(record: Record | None, written: Written, at: Stamp, rule: Rule) -> Merged:
    op = "update" if record else "create"
    change = Change(number=1, op=op, kind="Task", id=ID, scope=ID, stamp=at, fields={"it": written})  # type: ignore[arg-type]
    return merge(record, change, {"it": rule})


def value_after(record: Record, *writes: tuple[Written, Stamp], rule: Rule) -> Value:
    for written, at in writes:
        record = said(record, written, at, rule).record
    return record.fields["it"]


@given(start=st.integers(-9, 9), steps=st.lists(st.integers(-(2**53), 2**53), max_size=6), seed=st.randoms())
def test_increments_add_up_in_any_order(start: int, steps: list[int], seed: object) -> None:
    writes: list[tuple[Written, Stamp]] = [(Increment(by=by), stamp(2 + n, n % 3)) for n, by in enumerate(steps)]
    seed.shuffle(writes)  # type: ignore[attr-defined]
    assert value_after(made(start, counter(0)), *writes, rule=counter(0)) == start + sum(steps)


def test_a_counter_that_a_record_has_not_yet_begins_at_its_default() -> None:
    older = Record(id=ID, kind="Task", scope=ID, stamp=stamp(1))
    assert value_after(older, (Increment(by=2), stamp(2)), rule=counter(40)) == 42


def test_a_counter_is_exact_to_its_end_and_refuses_what_would_pass_it() -> None:
    full = made(COUNTER_MAX - 1, counter(0))
    assert value_after(full, (Increment(by=1), stamp(2)), rule=counter(0)) == COUNTER_MAX
    with pytest.raises(CounterFull):
        value_after(full, (Increment(by=2), stamp(2)), rule=counter(0))


def test_a_create_that_comes_again_counts_once() -> None:
    counted = said(made(3, counter(0)), Increment(by=1), stamp(2), counter(0)).record
    again = said(counted, 3, stamp(1), counter(0))
    assert (again.record.fields["it"], again.lost, again.news) == (4, (), ())


def test_of_an_add_and_a_removal_that_meet_the_add_wins() -> None:
    rule = elements([])
    record = made(["a"], rule)
    removal, add = Elements(remove={"a": record.adds["it"]["a"]}), Elements(add={"a": record.adds["it"]["a"]})
    for order in permutations([(removal, stamp(3, 0)), (add, stamp(2, 1))]):
        assert value_after(record, *order, rule=rule) == ["a"]


def test_what_was_seen_is_removed_for_good_and_may_be_added_again() -> None:
    rule = elements([])
    record = made(["a", "b"], rule)
    gone = said(record, Elements(remove={"a": record.adds["it"]["a"]}), stamp(2, 1), rule).record
    assert (gone.fields["it"], set(gone.adds["it"])) == (["b"], {"b"})
    assert value_after(gone, (Elements(add={"a": []}), stamp(3, 1)), rule=rule) == ["a", "b"]


def test_a_device_takes_out_what_it_put_in_itself_even_where_the_server_lowered_the_stamp() -> None:
    rule = elements([])
    lowered = said(made([], rule), Elements(add={"a": []}), stamp(5, 1), rule).record
    assert value_after(lowered, (Elements(remove={"a": [stamp(9, 1)]}), stamp(10, 1)), rule=rule) == []


@st.composite
def edits(draw: st.DrawFn) -> Elements:
    """What a device may write that has seen only what the record began with."""
    seen: Adds = {each: [stamp(1)] for each in ELEMENTS[:2]}
    chosen = draw(st.dictionaries(st.sampled_from(ELEMENTS), st.booleans(), min_size=1))
    return Elements(
        add={each: seen.get(each, []) for each, adds in chosen.items() if adds},
        remove={each: seen.get(each, []) for each, adds in chosen.items() if not adds},
    )


@given(st.lists(edits(), min_size=2, max_size=3))
def test_what_is_done_to_a_set_at_the_same_time_ends_alike_in_any_order(said_: list[Elements]) -> None:
    rule = elements([])
    record = made(list(ELEMENTS[:2]), rule)
    writes: list[tuple[Written, Stamp]] = [(edit, stamp(2 + n, n)) for n, edit in enumerate(said_)]
    ends = {str(value_after(record, *order, rule=rule)) for order in permutations(writes)}
    added = {each for edit in said_ for each in edit.add}
    removed = {each for edit in said_ for each in edit.remove}
    assert ends == {str(sorted(({*ELEMENTS[:2]} - removed) | added))}


@pytest.mark.parametrize(
    ("edit", "value"),
    [
        (Increment(by=2), 2),
        (Swap(to="x", was="y"), "x"),
        (Elements(add={"b": [], "a": []}, remove={"c": []}), ["a", "b"]),
    ],
)
def test_an_edit_of_a_field_that_has_no_rule_any_more_writes_the_value_it_names(edit: Edit, value: Value) -> None:
    """It may wait in an outbox while the app is updated: there it is shown until the server refuses it."""
    older = Record(id=ID, kind="Task", scope=ID, stamp=stamp(1), fields={"it": "old"})
    change = Change(number=1, op="update", kind="Task", id=ID, scope=ID, stamp=stamp(2), fields={"it": edit})
    assert merge(older, change, {}).record.fields == {"it": value}


def test_a_set_has_no_more_elements_than_it_may() -> None:
    rule = elements([])
    full = made([f"{n:04}" for n in range(ELEMENTS_MAX)], rule)
    with pytest.raises(SetFull):
        said(full, Elements(add={"one more": []}), stamp(2), rule)


def test_what_was_made_for_another_value_is_refused() -> None:
    rule = guarded(0)
    sold = said(made(5, rule), Swap(to=4, was=5), stamp(2), rule).record
    with pytest.raises(Stale, match=r"made for 5, and there is 4"):
        said(sold, Swap(to=3, was=5), stamp(3, 1), rule)
    assert value_after(sold, (Swap(to=3, was=4), stamp(1, 1)), rule=rule) == 3
    assert value_after(made(True, rule), (Swap(to=2, was=True), stamp(2)), rule=rule) == 2
    with pytest.raises(Stale):
        said(made(True, rule), Swap(to=2, was=1), stamp(2), rule)


def test_what_is_written_once_stays_whatever_comes_later() -> None:
    rule = first
    taken = said(made(None, rule), "ann", stamp(5), rule)
    late = said(taken.record, "bob", stamp(2, 1), rule)
    assert (late.record.fields["it"], late.lost) == ("ann", ("it",))
    assert said(taken.record, "ann", stamp(9, 1), rule).lost == ()


def test_the_apps_function_is_asked_where_the_value_is_another_than_was_seen() -> None:
    asked: list[tuple[Value, Value, Value]] = []

    def longest(base: Value, mine: Value, theirs: Value) -> Value:
        asked.append((base, mine, theirs))
        return max(str(mine), str(theirs), key=len)

    rule = resolved_by(longest, "")
    record = made("ab", rule)
    alone = said(record, Swap(to="a", was="ab"), stamp(2), rule).record
    assert (alone.fields["it"], asked) == ("a", [])
    assert value_after(alone, (Swap(to="abc", was="ab"), stamp(1, 1)), rule=rule) == "abc"
    assert asked == [("ab", "abc", "a")]
