"""Restoring: what was deleted lives again when somebody says so, and only then."""

from __future__ import annotations

from dataclasses import replace as replaced
from functools import reduce
from itertools import permutations

import pytest
from msgspec.structs import replace

from homeport_sync.catalog import Kind
from homeport_sync.change import Change, Elements, Increment, Met
from homeport_sync.merge import merge
from homeport_sync.ports import StoredRecord
from homeport_sync.rules import counter, elements
from homeport_sync.scope import member_id
from homeport_sync.verdict import judge
from tests.unit.sync.ledger import codes, verdicts
from tests.unit.sync.tasks import CATALOG, MINUTE, NOW, Phone, ann
from tests.unit.sync.test_decision import shared, started


def restore(phone: Phone, of: Change, *, base: int = 0, title: str = "again") -> Change:
    return phone.change("restore", of.kind, of.id, of.scope, base=base, fields={"title": title, "done": True})


def test_a_restore_brings_a_deleted_record_back_as_it_says() -> None:
    ledger, phone, task = started()
    found = ledger.push(phone.push(phone.delete(task), restore(phone, task), phone.update(task, done=False)))
    assert verdicts(found) == ["applied"] * 3
    assert ledger.record(task.id).fields == {"title": "again", "done": False}
    assert [entry.op for entry in ledger.log[-3:]] == ["delete", "restore", "update"]


@pytest.mark.promise("I9")
def test_a_restored_record_stays_for_deletes_and_edits_from_before_it() -> None:
    ledger, phone, other, task = shared()
    late = [other.update(task, title="late"), other.delete(task)]
    phone.ms = NOW + MINUTE
    ledger.push(phone.push(phone.delete(task), restore(phone, task)))
    assert verdicts(ledger.push(other.push(*late))) == ["superseded", "superseded"]
    assert ledger.record(task.id).fields["title"] == "again"
    assert ledger.record(task.id).restored


@pytest.mark.promise("I9")
def test_a_delete_that_was_made_later_than_the_restore_stays() -> None:
    ledger, phone, other, task = shared()
    early = restore(other, task)
    phone.ms = NOW + MINUTE
    ledger.push(phone.push(phone.delete(task)))
    (found,) = ledger.push(other.push(early))
    assert (found.outcome, found.deleted) == ("superseded", True)
    assert ledger.record(task.id).deleted


def test_of_two_who_restore_the_first_does() -> None:
    ledger, phone, other, task = shared()
    ledger.push(phone.push(phone.delete(task)))
    other.ms = phone.ms = NOW + MINUTE
    one, two = restore(phone, task), restore(other, task, title="two")
    assert verdicts(ledger.push(phone.push(one)) + ledger.push(other.push(two))) == ["applied", "superseded"]
    assert ledger.record(task.id).fields["title"] == "again"


def test_a_restore_of_what_lives_does_nothing_and_of_what_never_was_is_refused() -> None:
    ledger, phone, task = started()
    assert verdicts(ledger.push(phone.push(restore(phone, task)))) == ["superseded"]
    never = phone.make(task.scope)
    phone.number -= 1
    assert codes(ledger.push(phone.push(restore(phone, never)))) == ["RECORD_GONE"]


def test_a_restore_names_every_field_that_has_no_default() -> None:
    ledger, phone, task = started()
    gone = phone.delete(task)
    bad = phone.change("restore", "Task", task.id, task.scope, fields={"done": True})
    assert codes(ledger.push(phone.push(gone, bad))) == ["", "WRONG_TYPE"]


def test_only_an_owner_restores_a_scope_and_then_all_that_is_in_it_lives_again() -> None:
    ledger, phone, other, task = shared()
    root = Change(number=1, op="update", kind="TaskList", id=task.scope, scope=task.scope, stamp=task.stamp, fields={})
    ledger.push(phone.push(phone.delete(root)))
    other.ms = phone.ms = NOW + MINUTE
    again = other.change("restore", "TaskList", root.id, root.id, fields={"title": "home"})
    assert codes(ledger.push(other.push(again, other.update(task, title="x")))) == ["ROLE_FORBIDDEN", "SCOPE_GONE"]
    mine = phone.change("restore", "TaskList", root.id, root.id, fields={"title": "home"})
    assert verdicts(ledger.push(phone.push(mine))) == ["applied"]
    assert verdicts(ledger.push(other.push(other.update(task, title="x")))) != ["rejected"]


def test_a_delete_and_an_edit_end_alike_in_whatever_order_they_come_after_a_restore() -> None:
    phone = ann()
    made = phone.make_root()
    gone, old = phone.delete(made), phone.update(made, title="old")
    back = phone.change("restore", "TaskList", made.id, made.id, fields={"title": "back"})
    new = phone.update(made, title="new")
    ends = set()
    for order in permutations([old, new]):
        record = merge(None, made, {}).record
        for change in (gone, back, *order, gone):
            record = merge(record, change, {}).record
        ends.add((record.fields["title"], record.deleted, record.restored))
    assert ends == {("new", "", back.stamp)}


@pytest.mark.promise("I3")
def test_an_edit_from_before_a_restore_counts_for_nothing_whether_it_comes_before_or_after_it() -> None:
    """What was restored is what somebody said it is, and whoever edited before that had not seen it."""
    rules = {"likes": counter(0), "tags": elements([])}
    phone, other = ann(), Phone(user="ann", index=2, ms=NOW - MINUTE)
    made = phone.make_root()
    edits = {"likes": Increment(by=1), "tags": Elements(add={"x": []}), "note": "early"}
    early = replace(other.update(made), fields=edits)
    gone = phone.delete(made)
    back = phone.change("restore", "TaskList", made.id, made.id, fields={"title": "back", "likes": 5, "tags": []})
    ends = [
        reduce(lambda record, change: merge(record, change, rules).record, each, merge(None, made, rules).record)
        for each in ([early, gone, back], [gone, early, back], [gone, back, early])
    ]
    assert ends[0] == ends[1] == ends[2]
    assert ends[0].fields == {"title": "back", "likes": 5, "tags": []}
    assert merge(ends[0], early, rules).lost == ("likes", "tags", "note")


def test_an_edit_from_before_a_restore_is_told_that_all_of_it_was_lost_to_what() -> None:
    ledger, phone, other, task = shared()
    early = other.update(task, title="early", done=True)
    phone.ms = NOW + MINUTE
    ledger.push(phone.push(phone.delete(task), restore(phone, task)))
    (found,) = ledger.push(other.push(early))
    assert (found.outcome, found.lost, found.deleted) == ("superseded", ("title", "done"), False)
    assert found.met["title"] == Met(theirs="again", result="again")
    assert ledger.written.records == []


def test_a_restore_of_what_lives_is_superseded_also_if_it_names_no_field() -> None:
    phone = ann()
    kind, made = Kind(name="TaskList", fields={}), phone.make_root()
    stored = StoredRecord(record=merge(None, made, {}).record, author=phone.device, foreign_position=0)
    back = phone.change("restore", "TaskList", made.id, made.id)
    assert judge(stored, back, kind, phone.device).verdict == "superseded"


def test_in_a_guarded_kind_what_was_made_before_a_restore_is_superseded_like_what_meets_a_deleted_record() -> None:
    phone, other = ann(), Phone(user="ann", index=2, ms=NOW - MINUTE)
    kind, made = replaced(CATALOG.kinds["TaskList"], guarded=True), phone.make_root()
    early = [other.update(made, title="early"), other.delete(made)]
    record = merge(merge(None, made, {}).record, phone.delete(made), {}).record
    back = phone.change("restore", "TaskList", made.id, made.id, fields={"title": "back"})
    record = merge(record, back, {}).record
    stored = StoredRecord(record=replace(record, position=3), author=phone.device, foreign_position=0)
    assert [judge(stored, each, kind, other.device).verdict for each in early] == ["superseded"] * 2


def test_a_member_is_invited_again_and_not_restored() -> None:
    ledger, phone, _, task = shared()
    id = member_id(task.scope, "bob")
    again = phone.change("restore", "Member", id, task.scope, fields={"user": "bob", "role": "owner"})
    assert codes(ledger.push(phone.push(again))) == ["ROLE_FORBIDDEN"]
