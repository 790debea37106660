"""A replay names the rejected change it makes good: accepted it marks it, rejected it lies beside it."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from homeport_sync.change import Change, decode_change, digest, encode
from homeport_sync.quarantine import QUARANTINE_START, Held, Replayed, change_name
from tests.unit.sync.ledger import Ledger, codes
from tests.unit.sync.tasks import NOW, STRANGER, Phone, ann

NAME = change_name(STRANGER, 7)


def started() -> tuple[Ledger, Phone, Change]:
    """A list with a task in it."""
    ledger, phone = Ledger(), ann()
    root = phone.make_root()
    task = phone.make(root.id)
    ledger.push(phone.push(root, task))
    return ledger, phone, task


def test_an_accepted_replay_marks_the_change_it_names_for_the_one_who_pushed_it() -> None:
    ledger, phone, task = started()
    again = replace(phone.update(task, title="oat"), replays=NAME)
    assert codes(ledger.push(phone.push(again))) == [""]
    by = change_name(phone.device, again.number)
    assert ledger.written.replayed == [Replayed(device=STRANGER, number=7, user="ann", by=by)]
    assert ledger.record(task.id).fields["title"] == "oat"


def test_a_replay_that_lost_on_arrival_has_been_replayed_all_the_same() -> None:
    ledger, phone, task = started()
    ledger.push(phone.push(phone.delete(task)))
    ledger.push(phone.push(replace(phone.update(task, title="oat"), replays=NAME)))
    assert [each.outcome for each in ledger.log] == ["applied", "applied", "applied", "superseded"]
    assert len(ledger.written.replayed) == 1


def test_a_rejected_replay_marks_nothing_and_says_in_quarantine_what_it_was_for() -> None:
    ledger, phone, task = started()
    again = replace(phone.update(task, title=3), replays=NAME)
    assert codes(ledger.push(phone.push(again))) == ["WRONG_TYPE"]
    assert ledger.written.replayed == []
    (kept,) = ledger.quarantine
    assert (kept.replays, decode_change(kept.change)) == (NAME, again)


def test_a_replay_that_is_sent_again_marks_nothing_a_second_time() -> None:
    ledger, phone, task = started()
    push = phone.push(replace(phone.update(task, title="oat"), replays=NAME))
    ledger.push(push)
    ledger.push(push)
    assert ledger.written.replayed == []


def test_a_change_that_replays_nothing_weighs_what_it_weighed_and_one_that_does_is_another() -> None:
    _, phone, task = started()
    change = phone.update(task, title="oat")
    assert "replays" not in encode(change)
    assert digest(change) != digest(replace(change, replays=NAME))
    assert decode_change(encode(replace(change, replays=NAME))).replays == NAME


@pytest.mark.parametrize("name", ["", NAME, change_name(STRANGER, 9_999_999_999_999_999)])
def test_a_name_is_a_device_and_a_number_or_nothing(name: str) -> None:
    _, phone, task = started()
    assert decode_change(encode(replace(phone.update(task), replays=name))).replays == name


@pytest.mark.parametrize("name", ["7", f"{STRANGER}/0", f"{STRANGER}/", f"{STRANGER}/7\n", f"{NAME}{'0' * 16}", "a/7"])
def test_a_name_of_another_shape_cannot_be_read(name: str) -> None:
    _, phone, task = started()
    with pytest.raises(msgspec.ValidationError, match="replays"):
        decode_change(encode(replace(phone.update(task), replays=name)))


def test_what_was_rejected_waits_under_its_name_until_it_was_made_good_and_a_replay_never_does() -> None:
    ledger, phone, task = started()
    ledger.push(phone.push(phone.update(task, title=3), replace(phone.update(task, title=4), replays=NAME)))
    rejected, replay = (Held(change=each, user=phone.user) for each in ledger.quarantine)
    assert [each.name for each in (rejected, replay)] == [change_name(phone.device, number) for number in (3, 4)]
    assert rejected.place < replay.place
    assert QUARANTINE_START < rejected.place == (NOW, phone.device, 3)
    assert [each.open for each in (rejected, replace(rejected, replayed_at_ms=0), replay)] == [True, False, False]
