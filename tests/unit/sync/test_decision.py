"""What is refused at which step, alone, while the good changes of the same push go through."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from homeport_sync.change import Change, decode_change, encode
from homeport_sync.scope import MEMBER, member_id
from tests.unit.sync.ledger import Ledger, codes, error_codes, verdicts
from tests.unit.sync.tasks import DAY, NOW, STRANGER, Phone, ann, bob

Bad = Callable[[Phone, Change], Change | bytes]


def text_of(phone: Phone, task: Change, old: str, new: str) -> bytes:
    """The phone's next change as text, with something in it replaced."""
    return encode(phone.update(task, title="oat")).replace(old, new).encode()


# Each bad change to a task that is there, and the code it is refused with.
BAD: dict[str, tuple[Bad, str]] = {
    "an unknown kind": (lambda phone, task: replace(phone.update(task), kind="Chore"), "UNKNOWN_KIND"),
    "an unknown field": (lambda phone, task: phone.update(task, size=3), "UNKNOWN_FIELD"),
    "a value of the wrong type": (lambda phone, task: phone.update(task, title=3), "WRONG_TYPE"),
    "a number no float can hold": (lambda phone, task: phone.update(task, rank=10**400), "WRONG_TYPE"),
    "a required field left out": (lambda phone, task: replace(phone.make(task.scope), fields={}), "WRONG_TYPE"),
    "a delete with fields": (lambda phone, task: replace(phone.delete(task), fields={"title": "x"}), "UNKNOWN_FIELD"),
    "too large a change": (lambda phone, task: phone.update(task, title="x" * 70_000), "DOCUMENT_TOO_LARGE"),
    "a shape of its own": (lambda phone, task: text_of(phone, task, '"update"', '"upsert"'), "MALFORMED"),
    "a list for a value": (lambda phone, task: text_of(phone, task, '"oat"', "[]"), "WRONG_TYPE"),
    "a list of numbers for a value": (lambda phone, task: text_of(phone, task, '"oat"', "[1]"), "MALFORMED"),
    "an object for a value": (lambda phone, task: text_of(phone, task, '"oat"', "{}"), "MALFORMED"),
    "an increment of a text": (
        lambda phone, task: text_of(phone, task, '"oat"', '{"edit":"increment","by":1}'),
        "WRONG_TYPE",
    ),
    "a scope not granted": (lambda phone, _: phone.make(STRANGER), "SCOPE_FORBIDDEN"),
    "a record that never was": (lambda phone, task: replace(phone.update(task), id=STRANGER), "RECORD_GONE"),
    "a delete of what never was": (lambda phone, task: replace(phone.delete(task), id=STRANGER), "RECORD_GONE"),
    "the kind of another record": (lambda phone, task: replace(phone.update(task), kind="Note"), "RECORD_GONE"),
    "an id that is taken": (lambda phone, task: phone.make(task.scope, id=task.id), "RECORD_EXISTS"),
    "an id taken by another kind, at the same stamp": (
        lambda phone, task: replace(phone.make(task.scope, "Note", id=task.id), stamp=task.stamp),
        "RECORD_EXISTS",
    ),
    "a kind of another root": (lambda phone, task: phone.make(task.scope, "Card"), "WRONG_ID"),
    "a record that is its own scope": (lambda phone, task: phone.make(task.scope, id=task.scope), "WRONG_ID"),
    "a record under the id of a member": (
        lambda phone, task: phone.make(task.scope, id=member_id(task.scope, "eve")),
        "WRONG_ID",
    ),
    "a root under the id of a member": (
        lambda phone, task: phone.make_root(id=member_id(task.scope, "eve")),
        "WRONG_ID",
    ),
    "a root within another": (lambda phone, task: replace(phone.make_root(), scope=task.scope), "WRONG_ID"),
    "a member under a wrong id": (
        lambda phone, task: replace(phone.invite(task.scope, "eve"), id=STRANGER),
        "WRONG_ID",
    ),
    "a member without a name": (
        lambda phone, task: phone.change("create", MEMBER, STRANGER, task.scope, fields={"role": "editor"}),
        "WRONG_TYPE",
    ),
    "a member deleted": (lambda phone, task: phone.delete(phone.invite(task.scope, "ann")), "ROLE_FORBIDDEN"),
    "the maker as a member": (lambda phone, task: phone.invite(task.scope, "ann"), "ROLE_FORBIDDEN"),
}


def started() -> tuple[Ledger, Phone, Change]:
    """A log with ann's list and one task in it."""
    ledger, phone = Ledger(), ann()
    made = phone.make_root()
    task = phone.make(made.id)
    ledger.push(phone.push(made, task))
    return ledger, phone, task


def shared() -> tuple[Ledger, Phone, Phone, Change]:
    """The same, and bob is its editor."""
    ledger, phone, task = started()
    ledger.push(phone.push(phone.invite(task.scope, "bob")))
    other = bob()
    other.last = phone.last  # he has pulled it
    return ledger, phone, other, task


@pytest.mark.promise("I7")
@pytest.mark.parametrize("name", BAD)
def test_a_bad_change_is_refused_alone_and_the_good_ones_around_it_go_through(name: str) -> None:
    bad, code = BAD[name]
    ledger, phone, task = started()
    before = phone.update(task, title="before")
    made = bad(phone, task)
    phone.number = len(ledger.outcomes) + 2  # whatever it took to make the bad one
    numbered = made if isinstance(made, bytes) else replace(made, number=phone.number)
    after = phone.update(task, done=True)
    found = ledger.push(phone.push(before, numbered, after))
    assert codes(found) == ["", code, ""]
    assert verdicts(found) == ["applied", "rejected", "applied"]
    assert [each.number for each in found] == [3, 4, 5]
    assert ledger.record(task.id).fields == {"title": "before", "done": True}
    assert ledger.head == len(ledger.log) == 4


def test_a_refused_change_waits_in_quarantine_with_its_reason() -> None:
    ledger, phone, task = started()
    bad = phone.make(task.scope, "Card")
    ledger.push(phone.push(bad))
    (kept,) = ledger.quarantine
    assert (kept.device, kept.number, kept.created, kept.record) == (phone.device, 3, True, bad.id)
    assert decode_change(kept.change) == bad
    assert "A Card lives within a Board" in kept.text
    assert kept.text == ledger.outcomes[phone.device, 3].text


def test_a_refused_update_waits_in_quarantine_without_being_a_create() -> None:
    ledger, phone, task = started()
    bad = phone.update(task, title=3)
    ledger.push(phone.push(bad))
    (kept,) = ledger.quarantine
    assert (kept.created, kept.record, decode_change(kept.change)) == (False, task.id, bad)


def test_a_refused_change_that_cannot_be_read_waits_in_quarantine_with_its_reason_alone() -> None:
    ledger, phone, _ = started()
    ledger.push(phone.push(b'{"number":3}'))
    (kept,) = ledger.quarantine
    assert (kept.created, kept.record, kept.change, kept.rejected_at_ms) == (False, "", "", NOW)
    assert "does not have its shape" in kept.text
    assert ledger.outcomes[phone.device, 3].stamp == ""


def test_only_what_is_refused_is_in_quarantine() -> None:
    ledger, phone, task = started()
    ledger.push(phone.push(phone.update(task, title="oat"), phone.update(task, title=3), phone.delete(task)))
    assert [kept.number for kept in ledger.quarantine] == [4]


def test_the_outcome_of_a_lowered_change_lies_under_the_stamp_it_was_sent_with() -> None:
    ledger, phone, task = started()
    phone.ms = NOW + DAY
    ahead = phone.update(task, title="oat")
    (first,) = ledger.decide(phone.push(ahead))
    assert ledger.outcomes[phone.device, 3].stamp == ahead.stamp != ledger.log[-1].stamp
    (again,) = ledger.decide(phone.push(ahead))
    assert (again.outcomes, again.verdicts, again.errors) == (first.outcomes, [], [])


def test_the_same_push_again_gets_the_same_outcomes_and_writes_nothing() -> None:
    ledger, phone = Ledger(), ann()
    made = phone.make_root()
    task = phone.make(made.id)
    push = phone.push(made, task, phone.update(task, title=3), phone.delete(task))
    (first,) = ledger.decide(push)
    (again,) = ledger.decide(push, now_ms=NOW + DAY)
    assert again.outcomes == first.outcomes
    assert again.verdicts == []
    assert (ledger.written.log, ledger.written.records) == ([], [])
    assert (ledger.written.outcomes, ledger.written.quarantined, ledger.written.grants) == ([], [], [])
    assert ledger.head == 3


def test_the_same_push_twice_in_one_batch_takes_effect_once() -> None:
    ledger, phone = Ledger(), ann()
    made = phone.make_root()
    push = phone.push(made, phone.make(made.id), phone.make(made.id, "Card"))
    first, again = ledger.decide(push, push)
    assert first.outcomes == again.outcomes
    assert again.verdicts == []
    assert (len(ledger.log), len(ledger.written.outcomes), len(ledger.written.quarantined)) == (2, 3, 1)


def test_a_push_that_overlaps_what_is_known_goes_on_where_that_ends() -> None:
    ledger, phone, task = started()
    known = phone.update(task, title="oat")
    ledger.push(phone.push(known))
    found = ledger.push(phone.push(known, phone.update(task, done=True)))
    assert verdicts(found) == ["applied", "applied"]
    assert len(ledger.log) == 4


def test_a_gap_in_the_numbers_ends_the_push_and_names_the_number_expected() -> None:
    ledger, phone, task = started()
    good, skipped, late = phone.update(task, title="a"), phone.update(task, title="b"), phone.update(task, title="c")
    (decided,) = ledger.decide(phone.push(good, late))
    assert len(decided.outcomes) == 1
    (error,) = decided.errors
    assert error.code == "NUMBER_GAP"
    assert error.values == {"expected": skipped.number, "number": late.number, "index": 1}


def test_a_number_used_again_with_another_body_is_a_forked_device() -> None:
    ledger, phone, task = started()
    good = phone.update(task, title="mine")
    forked = replace(good, number=2)
    (decided,) = ledger.decide(phone.push(forked, good))
    assert error_codes(decided.errors) == ["DEVICE_FORKED"]
    assert decided.errors[0].values == {"number": 2, "index": 0}
    assert decided.outcomes == []
    assert ledger.record(task.id).fields["title"] == "milk"


def test_a_known_number_whose_outcome_was_forgotten_is_never_decided_again() -> None:
    ledger, phone, task = started()
    update = phone.update(task, title="mine")
    ledger.push(phone.push(update))
    del ledger.outcomes[phone.device, update.number]
    (decided,) = ledger.decide(phone.push(update))
    assert error_codes(decided.errors) == ["DEVICE_FORKED"]


def test_a_change_without_a_number_ends_the_push_after_what_was_decided() -> None:
    ledger, phone, task = started()
    good = phone.update(task, title="mine")
    (decided,) = ledger.decide(phone.push(good, b"{}", phone.update(task, done=True)))
    assert len(decided.outcomes) == 1
    assert error_codes(decided.errors) == ["MALFORMED"]
    assert decided.errors[0].values["index"] == 1
    assert ledger.record(task.id).fields["title"] == "mine"


def test_a_device_of_another_user_is_refused_and_nothing_of_it_is_written() -> None:
    ledger, phone, task = started()
    thief = Phone(user="eve", index=phone.index, number=phone.number)
    (decided,) = ledger.decide(thief.push(thief.update(task, title="stolen")))
    assert error_codes(decided.errors) == ["DEVICE_FOREIGN"]
    assert (decided.outcomes, ledger.written.devices, ledger.written.log) == ([], [], [])
    assert (ledger.written.outcomes, ledger.written.quarantined) == ([], [])


def test_what_follows_a_refused_create_is_refused_as_depending_on_it_then_and_later() -> None:
    ledger, phone = Ledger(), ann()
    root = replace(phone.make_root(), fields={"title": 3})
    task = phone.make(root.id)
    assert codes(ledger.push(phone.push(root, task, phone.update(task, done=True)))) == [
        "WRONG_TYPE",
        "DEPENDS_ON_REJECTED",
        "DEPENDS_ON_REJECTED",
    ]
    assert codes(ledger.push(phone.push(phone.make(root.id)))) == ["DEPENDS_ON_REJECTED"]


def test_a_refused_create_made_again_is_no_longer_in_the_way() -> None:
    ledger, phone, task = started()
    bad = phone.make(task.scope, id=STRANGER, done=3)
    good = phone.make(task.scope, id=STRANGER)
    found = ledger.push(phone.push(bad, good, phone.update(good, done=True)))
    assert codes(found) == ["WRONG_TYPE", "", ""]
    assert codes(ledger.push(phone.push(phone.update(good, rank=2)))) == [""]


def test_a_refused_create_of_another_device_is_nobody_elses_dependence() -> None:
    ledger, phone, other, task = shared()
    ledger.push(phone.push(phone.make(task.scope, id=STRANGER, done=3)))
    assert codes(ledger.push(other.push(replace(other.update(task), id=STRANGER)))) == ["RECORD_GONE"]


def test_a_grant_that_ended_refuses_also_what_was_written_before_its_end() -> None:
    ledger, phone, other, task = shared()
    written_before = other.update(task, title="late")
    phone.ms += DAY
    ledger.push(phone.push(phone.invite(task.scope, "bob", None)))
    assert codes(ledger.push(other.push(written_before))) == ["SCOPE_FORBIDDEN"]
    assert ledger.record(task.id).fields["title"] == "milk"


def test_a_root_that_is_there_cannot_be_made_by_someone_without_a_grant() -> None:
    ledger, _, task = started()
    eve = Phone(user="eve", index=9)
    root = ledger.record(task.scope)
    plain = eve.make_root(id=root.id)
    same_stamp = replace(eve.make_root(id=root.id, title="zzz"), stamp=root.stamp)
    over_a_task = eve.make_root(id=task.id)
    assert codes(ledger.push(eve.push(plain, same_stamp, over_a_task))) == ["RECORD_EXISTS"] * 3
    assert ledger.record(task.scope) == root
    assert ("eve", task.scope) not in ledger.grants


def test_the_record_of_another_scope_cannot_be_reached_through_ones_own() -> None:
    ledger, _, task = started()
    eve = Phone(user="eve", index=9)
    own = eve.make_root()
    update, delete = replace(eve.update(task), scope=own.id), replace(eve.delete(task), scope=own.id)
    create = replace(eve.make(own.id, id=task.id), stamp=task.stamp)
    assert codes(ledger.push(eve.push(own, update, delete, create))) == ["", *["RECORD_GONE"] * 2, "RECORD_EXISTS"]
    assert ledger.record(task.id).fields == {"title": "milk"}


def test_an_editor_neither_invites_nor_deletes_the_whole() -> None:
    ledger, phone, other, task = shared()
    root = replace(task, kind="TaskList", id=task.scope)
    found = ledger.push(other.push(other.invite(task.scope, "eve"), other.delete(root), other.update(root, title="x")))
    assert codes(found) == ["ROLE_FORBIDDEN", "ROLE_FORBIDDEN", ""]
    assert codes(ledger.push(phone.push(phone.delete(root)))) == [""]


def test_a_viewer_reads_and_writes_nothing() -> None:
    ledger, phone, _, task = shared()
    eve = Phone(user="eve", index=5)
    ledger.push(phone.push(phone.invite(task.scope, "eve", "viewer")))
    root = replace(task, kind="TaskList", id=task.scope)
    writes = (
        eve.update(task, title="mine"),
        eve.make(task.scope),
        eve.delete(task),
        eve.update(root, title="ours"),
        eve.delete(root),
        eve.invite(task.scope, "dan"),
    )
    assert codes(ledger.push(eve.push(*writes))) == ["ROLE_FORBIDDEN"] * len(writes)


@pytest.mark.parametrize("role", ["viewer", "editor", "owner"])
def test_everybody_may_leave_and_then_nothing_else(role: str) -> None:
    ledger, phone, _, task = shared()
    eve = Phone(user="eve", index=5)
    ledger.push(phone.push(phone.invite(task.scope, "eve", role)))
    eve.last = phone.last  # she has pulled it
    member = member_id(task.scope, "eve")
    leaving = eve.change("update", MEMBER, member, task.scope, fields={"user": "eve", "role": None})
    again = eve.change("update", MEMBER, member, task.scope, fields={"user": "eve", "role": "owner"})
    assert codes(ledger.push(eve.push(leaving, again))) == ["", "SCOPE_FORBIDDEN"]
    assert not ledger.grants["eve", task.scope].holds


def test_whoever_leaves_takes_nobody_along_and_the_maker_stays() -> None:
    ledger, phone, guest, task = shared()
    of_ann = member_id(task.scope, phone.user)
    others = guest.change("update", MEMBER, of_ann, task.scope, fields={"user": phone.user, "role": None})
    herself = phone.change("update", MEMBER, of_ann, task.scope, fields={"user": phone.user, "role": None})
    assert codes(ledger.push(guest.push(others))) == ["ROLE_FORBIDDEN"]
    assert codes(ledger.push(phone.push(herself))) == ["ROLE_FORBIDDEN"]


def test_nothing_is_written_into_a_scope_whose_root_is_deleted() -> None:
    ledger, phone, task = started()
    root = replace(task, kind="TaskList", id=task.scope)
    found = ledger.push(phone.push(phone.delete(root), phone.update(task, done=True), phone.invite(task.scope, "bob")))
    assert codes(found) == ["", "SCOPE_GONE", "SCOPE_GONE"]


def test_a_kind_that_is_not_there_is_told_before_any_question_of_grants() -> None:
    ledger, phone = Ledger(), ann()
    (found,) = ledger.push(phone.push(replace(phone.make_root(), kind="Nothing")))
    assert found.error is not None
    assert found.error["extensions"] == {"code": "UNKNOWN_KIND", "retryable": False, "kind": "Nothing"}


def test_an_editor_cannot_take_the_id_of_a_member_and_the_invitation_then_works() -> None:
    ledger, phone, other, task = shared()
    eves = member_id(task.scope, "eve")
    squats = [other.make(task.scope, id=eves), other.make(task.scope, "Note", id=eves), other.make_root(id=eves)]
    assert codes(ledger.push(other.push(*squats))) == ["WRONG_ID"] * 3
    assert eves not in ledger.records
    phone.ms += DAY
    assert codes(ledger.push(phone.push(phone.invite(task.scope, "eve")))) == [""]
    assert ledger.record(eves).kind == MEMBER
    assert ledger.grants["eve", task.scope].holds
