"""The laws of merging, for every state there can be; the oracle is a naive model that shares no code with it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_sync.change import Change, Op, Record, Value
from homeport_sync.clock import Stamp, make_stamp
from homeport_sync.merge import merge, wins
from homeport_sync.rules import Rule, text_of
from tests.unit.sync.tasks import device_id

ID = device_id(7)
RULES: dict[str, Rule] = {}

# Few stamps, so that equal ones are common.
STAMPS = st.builds(make_stamp, st.integers(1, 3), st.integers(0, 1), st.sampled_from([device_id(1), device_id(2)]))
VALUES: st.SearchStrategy[Value] = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a", "b", "é"])
NAMES = st.sampled_from(["a", "b", "c"])
FIELDS = st.dictionaries(NAMES, VALUES, max_size=3)


@st.composite
def states(draw: st.DrawFn) -> Record:
    """Any state a record can be in: in normal form, as `join` leaves it."""
    stamp, position = draw(STAMPS), draw(st.integers(0, 3))
    if draw(st.integers(0, 3)) == 0:
        return Record(id=ID, kind="Task", scope=ID, stamp=stamp, position=position, deleted=draw(STAMPS))
    fields = draw(FIELDS)
    stamps = {name: at for name in fields if (at := draw(STAMPS)) != stamp}
    return Record(id=ID, kind="Task", scope=ID, stamp=stamp, position=position, fields=fields, stamps=stamps)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """Any change to the record."""
    op: Op = draw(st.sampled_from(["create", "update", "update", "update", "delete"]))
    fields = {} if op == "delete" else draw(FIELDS)
    return Change(number=1, op=op, kind="Task", id=ID, scope=ID, stamp=draw(STAMPS), fields=fields)


def folded(said: Sequence[Change]) -> Record:
    record: Record | None = None
    for change in said:
        record = merge(record, change, RULES).record
    assert record is not None
    return record


def model(said: Sequence[Change]) -> tuple[str, dict[str, tuple[str, str]]]:
    """The newest delete, and each field's winning (stamp, JSON text): a fold over sets, with no order in it."""
    deleted = max((change.stamp for change in said if change.op == "delete"), default="")
    cells: dict[str, tuple[str, str]] = {}
    for change in said:
        for name, value in change.fields.items():
            text = json.dumps(value, ensure_ascii=False)
            cells[name] = max(cells.get(name, ("", "")), (change.stamp, text))
    return deleted, {} if deleted else cells


@pytest.mark.promise("I3")
@given(data=st.data(), said=st.lists(changes(), min_size=1, max_size=6))
def test_changes_in_any_order_and_repetition_give_one_record(data: st.DataObject, said: list[Change]) -> None:
    repeated = [*said, *data.draw(st.lists(st.sampled_from(said), max_size=4))]
    assert folded(data.draw(st.permutations(repeated))) == folded(said)


@given(said=st.lists(changes(), min_size=1, max_size=8))
def test_the_record_is_what_the_naive_model_says(said: list[Change]) -> None:
    record = folded(said)
    deleted, cells = model(said)
    assert record.deleted == deleted
    assert record.stamp == min(change.stamp for change in said)
    found = {
        name: (record.stamp_of(name), json.dumps(value, ensure_ascii=False)) for name, value in record.fields.items()
    }
    assert found == cells


@pytest.mark.promise("I9")
@given(state=states(), change=changes(), gone=STAMPS)
def test_a_delete_beats_every_edit_earlier_or_later(state: Record, change: Change, gone: Stamp) -> None:
    deletion = Change(number=2, op="delete", kind="Task", id=ID, scope=ID, stamp=gone)
    for record in (
        merge(merge(state, deletion, RULES).record, change, RULES).record,
        merge(merge(state, change, RULES).record, deletion, RULES).record,
    ):
        assert record.deleted
        assert not record.fields
        assert not record.stamps


def test_of_two_deletes_the_later_stamp_stays() -> None:
    early, late = (
        Change(number=1, op="delete", kind="Task", id=ID, scope=ID, stamp=make_stamp(ms, 0, ID)) for ms in (1, 2)
    )
    assert folded([early, late]).deleted == folded([late, early]).deleted == late.stamp


def test_the_later_stamp_wins_however_late_it_arrives() -> None:
    early, late = (make_stamp(1, 0, ID), "old"), (make_stamp(2, 0, ID), "new")
    assert wins(late, early)
    assert not wins(early, late)


def test_equal_stamps_are_decided_by_the_larger_value_on_both_sides() -> None:
    stamp = make_stamp(1, 0, ID)
    assert wins((stamp, "b"), (stamp, "a"))
    assert not wins((stamp, "a"), (stamp, "b"))


@given(state=states(), change=changes())
def test_the_position_of_a_record_is_what_it_was(state: Record, change: Change) -> None:
    assert merge(state, change, RULES).record.position == state.position


@given(state=states(), change=changes())
def test_the_lost_fields_are_those_another_write_or_a_delete_holds(state: Record, change: Change) -> None:
    merged = merge(state, change, RULES)
    after, lost = merged.record, merged.lost
    for name, value in change.fields.items():
        # As JSON text: in Python False is 0.
        took_effect = after.stamp_of(name) == change.stamp and text_of(after.fields.get(name)) == text_of(value)
        assert (name in lost) == (not took_effect)
        if state.stamp_of(name) > change.stamp or state.deleted:
            assert name in lost
        if not state.deleted and state.stamp_of(name) < change.stamp:
            assert name not in lost


@given(state=states(), change=changes())
def test_the_news_are_those_that_differ_from_what_was_there(state: Record, change: Change) -> None:
    merged = merge(state, change, RULES)
    before, after = state, merged.record
    differ = {
        name
        for name in change.fields
        if (before.stamp_of(name), before.fields.get(name)) != (after.stamp_of(name), after.fields.get(name))
    }
    assert set(merged.news) == (set() if after.deleted else differ)
