"""What an accepted change is called, what it writes, and which stamp it gets: steps 4 to 7."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from homeport_sync.change import MET_CHARS_MAX, Met, encode
from homeport_sync.clock import make_stamp, stamp_ms
from homeport_sync.limits import LIMITS
from tests.unit.sync.ledger import Ledger, codes, outcomes, verdicts
from tests.unit.sync.tasks import DAY, MINUTE, NOW, STRANGER, Phone, ann, bob
from tests.unit.sync.test_decision import shared, started


def test_a_write_on_an_unchanged_base_is_applied() -> None:
    ledger, _, other, task = shared()
    base = ledger.record(task.id).position
    (found,) = ledger.push(other.push(other.update(task, base=base, title="oat")))
    assert (found.outcome, found.lost, found.stamp, found.error) == ("applied", (), "", None)


def test_a_devices_own_earlier_changes_do_not_count_as_concurrent() -> None:
    ledger, phone, task = started()
    found = ledger.push(phone.push(phone.update(task, title="a"), phone.update(task, title="b"), phone.delete(task)))
    assert verdicts(found) == ["applied"] * 3


def test_a_write_beside_anothers_is_merged_and_keeps_both() -> None:
    ledger, phone, other, task = shared()
    base = ledger.record(task.id).position
    phone.ms = other.ms = NOW + 1
    ledger.push(phone.push(phone.update(task, base=base, title="oat")))
    (found,) = ledger.push(other.push(other.update(task, base=base, done=True)))
    assert (found.outcome, found.lost) == ("merged", ())
    assert ledger.record(task.id).fields == {"title": "oat", "done": True}


def test_a_write_that_lost_a_field_is_merged_and_names_it() -> None:
    ledger, phone, other, task = shared()
    base = ledger.record(task.id).position
    early = other.update(task, base=base, title="early", done=True)
    phone.ms = NOW + MINUTE
    ledger.push(phone.push(phone.update(task, base=base, title="late")))
    (found,) = ledger.push(other.push(early))
    assert (found.outcome, found.lost) == ("merged", ("title",))
    assert ledger.log[-1].fields == {"done": True}
    assert ledger.record(task.id).fields == {"title": "late", "done": True}


def test_a_write_that_lost_on_arrival_is_superseded_and_changes_nothing() -> None:
    ledger, phone, other, task = shared()
    early = other.update(task, title="early")
    phone.ms = NOW + MINUTE
    ledger.push(phone.push(phone.update(task, title="late")))
    before = ledger.record(task.id)
    (found,) = ledger.push(other.push(early))
    assert (found.outcome, found.lost) == ("superseded", ("title",))
    assert ledger.record(task.id) == before
    assert ledger.log[-1].fields == {}


def test_a_later_write_after_a_lost_race_is_still_merged_for_one_who_has_not_pulled() -> None:
    ledger, phone, other, task = shared()
    base = ledger.record(task.id).position
    phone.ms = NOW + 1
    ledger.push(phone.push(phone.update(task, title="oat")))
    other.ms = NOW + 2
    found = ledger.push(other.push(other.update(task, base=base, done=True), other.update(task, base=base, rank=2)))
    assert verdicts(found) == ["merged", "merged"]
    (pulled,) = ledger.push(other.push(other.update(task, base=ledger.record(task.id).position, rank=3)))
    assert pulled.outcome == "applied"


@pytest.mark.parametrize(("mine", "theirs", "kept"), [("a", "z", "z"), ("z", "a", "z")])
def test_of_two_writes_with_one_stamp_the_larger_value_is_written(mine: str, theirs: str, kept: str) -> None:
    ledger, phone, other, task = shared()
    first = phone.update(task, title=mine)
    second = replace(other.update(task, title=theirs), stamp=first.stamp)
    ledger.push(phone.push(first))
    (found,) = ledger.push(other.push(second))
    assert ledger.record(task.id).fields["title"] == kept
    assert found.outcome == ("merged" if theirs == kept else "superseded")


@pytest.mark.promise("I9")
def test_an_edit_of_a_deleted_record_is_superseded_however_late_its_stamp() -> None:
    ledger, phone, other, task = shared()
    ledger.push(phone.push(phone.delete(task)))
    other.ms = NOW + 2 * MINUTE
    found = ledger.push(other.push(other.update(task, title="alive"), other.delete(task)))
    assert verdicts(found) == ["superseded", "superseded"]
    assert ledger.record(task.id).deleted
    assert ledger.record(task.id).fields == {}


def test_a_deleted_record_cannot_be_made_again_under_its_id() -> None:
    ledger, phone, task = started()
    ledger.push(phone.push(phone.delete(task)))
    phone.ms += DAY
    assert codes(ledger.push(phone.push(phone.make(task.scope, id=task.id)))) == ["RECORD_EXISTS"]
    assert ledger.record(task.id).deleted


def test_a_delete_beside_a_concurrent_edit_is_merged_and_wins() -> None:
    ledger, phone, other, task = shared()
    base = ledger.record(task.id).position
    delete = other.delete(task, base=base)
    phone.ms = NOW + MINUTE
    ledger.push(phone.push(phone.update(task, title="later")))
    assert verdicts(ledger.push(other.push(delete))) == ["merged"]
    assert ledger.record(task.id).deleted == delete.stamp


def test_a_create_sent_again_under_new_numbers_is_one_record_though_its_outcome_is_forgotten() -> None:
    ledger, phone, task = started()
    ledger.outcomes.clear()
    clone = Phone(user=phone.user, index=5)
    again = replace(task, number=1)
    assert verdicts(ledger.push(clone.push(again))) == ["applied"]
    assert len(ledger.records) == 2
    assert ledger.log[-1].fields == {}


def test_an_update_of_nothing_is_applied_beside_anothers_write_too_and_changes_nothing() -> None:
    ledger, phone, other, task = shared()
    phone.ms = NOW + MINUTE
    ledger.push(phone.push(phone.update(task, title="oat")))
    before = ledger.record(task.id)
    alone, beside = ledger.decide(phone.push(phone.update(task)), other.push(other.update(task)))
    for decided in (alone, beside):
        (found,) = outcomes(decided)
        assert (found.outcome, found.lost, found.stamp, found.error) == ("applied", (), "", None)
    assert ledger.record(task.id) == before
    assert [(entry.outcome, entry.fields) for entry in ledger.log[-2:]] == [("applied", {})] * 2


def test_an_update_of_nothing_does_not_bring_a_deleted_record_back() -> None:
    ledger, phone, task = started()
    phone_deletes, update = phone.delete(task), phone.update(task)
    assert verdicts(ledger.push(phone.push(phone_deletes, update))) == ["applied", "superseded"]
    assert ledger.record(task.id).deleted == phone_deletes.stamp


def test_two_owners_who_invite_one_person_offline_write_one_member() -> None:
    ledger, phone, task = started()
    ledger.push(phone.push(phone.invite(task.scope, "bob", "owner")))
    other = bob()
    other.ms = NOW + 1
    phone.ms = NOW + 2
    theirs, mine = other.invite(task.scope, "eve", "owner"), phone.invite(task.scope, "eve", "editor")
    assert verdicts(ledger.push(phone.push(mine))) == ["applied"]
    assert verdicts(ledger.push(other.push(theirs))) == ["superseded"]
    assert ledger.grants["eve", task.scope].role == "editor"


def test_a_root_made_offline_is_its_makers_and_the_next_changes_of_the_push_may_use_it() -> None:
    ledger, phone = Ledger(), ann()
    root = phone.make_root()
    found = ledger.push(phone.push(root, phone.make(root.id), phone.invite(root.id, "bob")))
    assert verdicts(found) == ["applied"] * 3
    mine, bobs = ledger.grants["ann", root.id], ledger.grants["bob", root.id]
    assert (mine.role, mine.since, mine.maker) == ("owner", 1, True)
    assert (bobs.role, bobs.since, bobs.maker) == ("editor", 3, False)


def test_two_pushes_of_one_batch_see_each_other() -> None:
    ledger, phone, other, task = shared()
    early = other.update(task, title="early")
    phone.ms = NOW + MINUTE
    late, note = phone.update(task, title="late"), phone.make(task.scope, "Note")
    other.ms = phone.ms + 1
    of_note = other.update(note, title="seen")
    first, second = ledger.decide(phone.push(late, note), other.push(early, of_note))
    assert verdicts(outcomes(first)) == ["applied", "applied"]
    assert verdicts(outcomes(second)) == ["superseded", "merged"]
    assert ledger.record(note.id).fields == {"title": "seen"}
    assert [entry.position for entry in ledger.log] == list(range(1, len(ledger.log) + 1))


def test_positions_are_given_in_the_order_of_decision_without_gaps_whatever_is_refused() -> None:
    ledger, phone, task = started()
    ledger.push(phone.push(phone.update(task, title="a"), phone.make(STRANGER), phone.update(task, title="b")))
    assert [(entry.position, entry.number) for entry in ledger.log] == [(1, 1), (2, 2), (3, 3), (4, 5)]
    assert ledger.head == 4
    assert ledger.record(task.id).position == 4


def test_the_log_tells_what_took_effect_what_was_there_and_who_wrote() -> None:
    ledger, phone, task = started()
    update = phone.update(task, title="oat", done=True)
    ledger.push(phone.push(update))
    entry = ledger.log[-1]
    assert (entry.fields, entry.before) == ({"title": "oat", "done": True}, {"title": "milk"})
    assert (entry.user, entry.device, entry.number, entry.stamp) == ("ann", phone.device, 3, update.stamp)
    assert (entry.kind, entry.record, entry.scope, entry.request_id) == ("Task", task.id, task.scope, "request")


def test_stamps_a_day_ahead_are_lowered_in_the_devices_own_order_and_the_outcomes_say_so() -> None:
    ledger, phone, task = started()
    phone.ms = NOW + DAY
    changes = [phone.update(task, title=title) for title in ("a", "b", "c")]
    found = ledger.push(phone.push(*changes))
    stamps = [each.stamp for each in found]
    assert verdicts(found) == ["applied"] * 3
    assert stamps == sorted(set(stamps))
    assert {stamp_ms(stamp) for stamp in stamps} == {NOW + LIMITS.skew_max_ms}
    assert ledger.record(task.id).fields["title"] == "c"
    assert [entry.stamp for entry in ledger.log[-3:]] == stamps
    (later,) = ledger.push(phone.push(phone.update(task, title="d")), now_ms=NOW + 1)
    assert later.stamp > stamps[-1]
    assert ledger.record(task.id).fields["title"] == "d"


def test_a_stamp_just_at_the_limit_stays_and_one_beyond_it_is_lowered() -> None:
    ledger, phone, task = started()
    phone.ms = NOW + LIMITS.skew_max_ms
    (at_limit,) = ledger.push(phone.push(phone.update(task, title="a")))
    assert at_limit.stamp == ""
    phone.ms += 1
    (beyond,) = ledger.push(phone.push(phone.update(task, title="b")))
    assert beyond.stamp == make_stamp(NOW + LIMITS.skew_max_ms, 1, phone.device)
    assert ledger.record(task.id).fields["title"] == "b"


def test_a_device_a_day_behind_loses_nothing_of_its_own_work() -> None:
    ledger, phone = Ledger(), ann()
    phone.ms = NOW - DAY
    root = phone.make_root()
    task = phone.make(root.id)
    found = ledger.push(phone.push(root, task, phone.update(task, title="oat"), phone.update(task, done=True)))
    assert verdicts(found) == ["applied"] * 4
    assert [each.stamp for each in found] == [""] * 4
    assert ledger.record(task.id).fields == {"title": "oat", "done": True}


def test_a_push_keeps_what_the_device_has_confirmed_and_never_more_than_was_decided() -> None:
    ledger, phone, task = started()
    for confirmed, kept in ((1, 1), (0, 1), (99, 2)):
        ledger.decide(phone.push(confirmed=confirmed))
        assert ledger.devices[phone.device].confirmed == kept
    assert task.number == ledger.devices[phone.device].last_number == 2


def test_a_merge_explains_what_each_field_met_that_another_had_written() -> None:
    ledger, phone, other, task = shared()
    base = ledger.record(task.id).position
    late = other.update(task, base=base, title="theirs", done=True)
    phone.ms = NOW + MINUTE
    ledger.push(phone.push(phone.update(task, title="mine")))
    (found,) = ledger.push(other.push(late))
    assert (found.outcome, found.lost) == ("merged", ("title",))
    assert found.met == {
        "title": Met(theirs="mine", result="mine"),
        "done": Met(theirs=False, result=True),
    }
    assert (found.base, found.mine) == (base, {"title": "theirs"})


def test_what_a_device_wrote_last_itself_is_not_explained_and_what_met_nobody_neither() -> None:
    ledger, phone, other, task = shared()
    (alone,) = ledger.push(phone.push(phone.update(task, title="oat")))
    assert (alone.met, alone.base) == ({}, None)
    base = ledger.record(task.id).position
    ledger.push(other.push(other.update(task, base=base, done=True)))
    (beside,) = ledger.push(phone.push(phone.update(task, base=base, title="soy", done=False)))
    assert beside.met.keys() == {"done"}


def test_an_explanation_leaves_out_what_is_long_and_ends_after_so_many_fields() -> None:
    ledger, phone, other, task = shared()
    base = ledger.record(task.id).position
    late = other.update(task, base=base, title="y")
    phone.ms = NOW + MINUTE
    ledger.push(phone.push(phone.update(task, title="x" * (MET_CHARS_MAX - 1))))
    (found,) = ledger.push(other.push(late))
    assert found.met == {"title": Met(long=True)}
    assert found.mine == {"title": "y"}
    long = other.update(task, base=base, title="y" * (MET_CHARS_MAX - 1))
    (found,) = ledger.push(other.push(replace(long, stamp=late.stamp)))
    assert (found.outcome, found.mine) == ("superseded", {})


def test_what_met_a_deleted_record_says_so() -> None:
    ledger, phone, other, task = shared()
    late = other.update(task, title="theirs")
    ledger.push(phone.push(phone.delete(task)))
    (found,) = ledger.push(other.push(late))
    assert (found.outcome, found.deleted, found.met) == ("superseded", True, {})
    assert (found.mine, found.base) == ({"title": "theirs"}, None)


class FormerOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """An outcome as devices know it that were made before it told of the base and of what was lost."""

    number: int
    outcome: str
    lost: tuple[str, ...] = ()
    met: dict[str, Met] = {}
    deleted: bool = False
    stamp: str = ""
    error: dict[str, object] | None = None


def test_what_meets_nobody_is_told_in_the_words_that_it_always_was() -> None:
    ledger, phone, task = started()
    ledger.decide(phone.push(phone.update(task, title="oat")))
    kept = ledger.outcomes[phone.device, 3]
    assert kept.text == '{"number":3,"outcome":"applied"}'


def test_an_older_device_reads_what_it_knows_of_an_outcome() -> None:
    ledger, phone, other, task = shared()
    base = ledger.record(task.id).position
    late = other.update(task, base=base, title="theirs")
    phone.ms = NOW + MINUTE
    ledger.push(phone.push(phone.update(task, title="mine")))
    (found,) = ledger.push(other.push(late))
    former = msgspec.json.decode(encode(found), type=FormerOutcome)
    assert (found.mine, found.base) == ({"title": "theirs"}, base)
    assert (former.outcome, former.lost) == ("superseded", ("title",))
    assert former.met == {"title": Met(theirs="mine", result="mine")}


@pytest.mark.promise("I2")
def test_two_changes_to_which_clones_gave_one_stamp_take_effect_both() -> None:
    ledger, phone, task = started()
    mine = phone.update(task, title="mine")
    clone = Phone(user=phone.user, index=5)
    theirs = replace(clone.update(task, done=True), stamp=mine.stamp)
    ledger.push(phone.push(mine))
    assert verdicts(ledger.push(clone.push(theirs))) == ["merged"]
    assert ledger.record(task.id).fields == {"title": "mine", "done": True}


@pytest.mark.promise("I2")
def test_what_was_refused_under_a_former_id_has_done_nothing_and_is_decided_anew() -> None:
    ledger, phone, task = started()
    guest, renamed = bob(), Phone(user="bob", index=6)
    guest.ms = NOW + 1
    refused = guest.update(task, title="oat")
    assert codes(ledger.push(guest.push(refused))) == ["SCOPE_FORBIDDEN"]
    ledger.push(phone.push(phone.invite(task.scope, "bob")))
    assert codes(ledger.push(renamed.push(replace(refused, number=1)))) == [""]
    assert ledger.record(task.id).fields["title"] == "oat"
