"""Restoring: what was deleted lives again when somebody says so, and only then."""

from __future__ import annotations

from itertools import permutations

import pytest

from homeport_sync.change import Change
from homeport_sync.merge import merge
from homeport_sync.scope import member_id
from tests.unit.sync.ledger import codes, verdicts
from tests.unit.sync.tasks import MINUTE, NOW, Phone, ann
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


def test_a_member_is_invited_again_and_not_restored() -> None:
    ledger, phone, _, task = shared()
    id = member_id(task.scope, "bob")
    again = phone.change("restore", "Member", id, task.scope, fields={"user": "bob", "role": "owner"})
    assert codes(ledger.push(phone.push(again))) == ["ROLE_FORBIDDEN"]
