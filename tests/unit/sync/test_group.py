"""Groups: changes that are accepted or rejected as one, whatever is wrong with one of them."""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from homeport_sync.change import Change, Group, encode
from homeport_sync.group import uncut
from homeport_sync.limits import Limits
from homeport_sync.push import Decided, parts
from homeport_sync.queues import Queues, Waiting
from tests.unit.sync.ledger import Ledger, codes, error_codes, verdicts
from tests.unit.sync.tasks import STRANGER, Phone, ann
from tests.unit.sync.test_decision import started


def grouped(*changes: Change) -> list[Change]:
    """The same changes as one group."""
    return [replace(each, group=Group(at=at, of=len(changes))) for at, each in enumerate(changes, 1)]


def test_a_group_is_accepted_as_one_and_each_of_its_changes_sees_those_before_it() -> None:
    ledger, phone = Ledger(), ann()
    made = phone.make_root()
    task = phone.make(made.id)
    found = ledger.push(phone.push(*grouped(made, task, phone.update(task, done=True))))
    assert verdicts(found) == ["applied"] * 3
    assert ledger.record(task.id).fields["done"] is True
    assert [entry.position for entry in ledger.log] == [1, 2, 3]


@pytest.mark.promise("I6")
@pytest.mark.parametrize("bad_at", [0, 1, 2])
def test_a_group_of_which_one_change_is_refused_leaves_nothing_and_holds_up_nobody(bad_at: int) -> None:
    ledger, phone, task = started()
    head = ledger.head
    group = [phone.update(task, title=f"{place}") for place in range(3)]
    group[bad_at] = replace(group[bad_at], id=STRANGER)
    found = ledger.push(phone.push(*grouped(*group), phone.update(task, done=True)))
    expected = ["RECORD_GONE" if place == bad_at else "GROUP_REJECTED" for place in range(3)]
    assert codes(found) == [*expected, ""]
    assert ledger.record(task.id).fields == {"title": "milk", "done": True}
    assert [entry.fields for entry in ledger.log[head:]] == [{"done": True}]
    assert len(ledger.quarantine) == 3
    assert ledger.devices[phone.device].last_number == phone.number


def test_what_depends_on_a_create_of_a_refused_group_is_told_so() -> None:
    ledger, phone, task = started()
    made = phone.make(task.scope)
    group = grouped(made, replace(phone.update(task), id=STRANGER))
    found = ledger.push(phone.push(*group, phone.update(made, title="oat")))
    assert codes(found) == ["GROUP_REJECTED", "RECORD_GONE", "DEPENDS_ON_REJECTED"]


def test_a_grant_of_a_refused_group_is_none() -> None:
    ledger, phone = Ledger(), ann()
    made = phone.make_root()
    ledger.push(phone.push(*grouped(made, phone.make(made.id, "Card"))))
    assert ledger.grants == {}
    assert codes(ledger.push(phone.push(phone.make(made.id)))) == ["DEPENDS_ON_REJECTED"]


def test_a_group_of_which_one_change_cannot_be_read_is_refused() -> None:
    ledger, phone, task = started()
    group = grouped(*(phone.update(task, title=f"{place}") for place in range(3)))
    texts = [encode(each).encode() for each in group]
    texts[1] = texts[1].replace(b'"update"', b'"upsert"')
    found = ledger.push(phone.push(*texts))
    assert codes(found) == ["GROUP_REJECTED", "MALFORMED", "GROUP_REJECTED"]
    texts = [text.replace(f'"number":{n}'.encode(), f'"number":{n + 3}'.encode()) for n, text in enumerate(texts, 3)]
    found = ledger.push(phone.push(texts[1].replace(b'"number":7', b'"number":6'), *texts[1:]))
    assert codes(found) == ["MALFORMED", "MALFORMED", "GROUP_BROKEN"], "nobody knows that a group began there"


def test_a_push_that_ends_within_a_group_decides_nothing_of_it() -> None:
    ledger, phone, task = started()
    before = phone.update(task, title="before")
    group = grouped(phone.update(task, title="a"), phone.update(task, title="b"))
    (decided,) = ledger.decide(phone.push(before, group[0]))
    assert error_codes(decided.errors) == ["GROUP_CUT"]
    assert decided.errors[0].values["index"] == 1
    assert len(decided.outcomes) == 1
    assert verdicts(ledger.push(phone.push(*group))) == ["applied", "applied"]


@pytest.mark.promise("I2")
def test_a_group_that_comes_again_keeps_its_outcomes() -> None:
    ledger, phone, task = started()
    group = grouped(phone.update(task, title="a"), replace(phone.update(task), id=STRANGER))
    first = ledger.push(phone.push(*group))
    assert ledger.push(phone.push(*group)) == first
    assert ledger.push(phone.push(group[1])) == first[1:], "what is known is known alone"


@pytest.mark.promise("I2")
def test_a_group_that_a_forked_phone_sends_under_its_new_id_keeps_its_outcomes() -> None:
    ledger, phone, task = started()
    group = grouped(phone.update(task, title="a"), phone.update(task, done=True))
    ledger.push(phone.push(*group))
    other = Phone(user="ann", index=9)
    again = [replace(each, number=number) for number, each in enumerate(group, 1)]
    assert verdicts(ledger.push(other.push(*again))) == ["applied", "applied"]
    assert len(ledger.log) == 4


@pytest.mark.promise("I2")
@pytest.mark.parametrize(
    ("number", "code", "expected"), [(None, "MALFORMED", None), (1, "NUMBER_GAP", 5), (4, "NUMBER_GAP", 5)]
)
def test_of_a_group_whose_numbers_do_not_follow_each_other_nothing_is_decided(
    number: int | None, code: str, expected: int | None
) -> None:
    ledger, phone, task = started()
    before = phone.update(task, title="before")
    ledger.push(phone.push(before))
    first, second = grouped(phone.update(task, title="a"), phone.update(task, title="b"))
    wrong = b'{"number":"x"}' if number is None else replace(second, number=number)
    (decided,) = ledger.decide(phone.push(first, wrong))
    assert (decided.outcomes, error_codes(decided.errors)) == ([], [code])
    assert (decided.errors[0].values["index"], decided.errors[0].values.get("expected")) == (1, expected)
    assert ledger.devices[phone.device].last_number == before.number
    head = ledger.head
    assert verdicts(ledger.push(phone.push(before))) == ["applied"]
    assert ledger.head == head, "what was decided before is known, and not done again"


BROKEN = ["GROUP_BROKEN", "GROUP_REJECTED"]


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ([Group(at=1, of=2), Group(at=1, of=2)], BROKEN),
        ([Group(at=1, of=2), Group(at=2, of=3)], BROKEN),
        ([Group(at=1, of=2), None], BROKEN),
        ([Group(at=2, of=2), None], ["GROUP_BROKEN", ""]),
    ],
)
def test_changes_that_disagree_about_their_group_are_refused(wrong: list[Group | None], expected: list[str]) -> None:
    ledger, phone, task = started()
    changes = [replace(phone.update(task, title="a"), group=group) for group in wrong]
    assert codes(ledger.push(phone.push(*changes, phone.update(task, done=True)))) == [*expected, ""]


def sizes(groups: Sequence[int], phone: Phone) -> list[Change]:
    """New lists, in groups of these sizes."""
    return [each for size in groups for each in _group(size, phone)]


def _group(size: int, phone: Phone) -> list[Change]:
    made = [phone.make_root() for _ in range(size)]
    return made if size == 1 else grouped(*made)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=12), st.integers(1, 7))
def test_a_push_in_parts_is_the_same_push_and_no_group_is_cut(groups: list[int], most: int) -> None:
    phone = ann()
    push = phone.push(*sizes(groups, phone))
    found = list(parts(push, most))
    assert [sent for part in found for sent in part.sent] == list(push.sent)
    assert [part.first for part in found] == [sum(len(each.sent) for each in found[:at]) for at in range(len(found))]
    bounds = {sum(groups[:at]) for at in range(len(groups) + 1)}
    assert {part.first for part in found} <= bounds
    assert all(uncut(part.sent, most) == len(part.sent) for part in found if len(part.sent) > most)
    assert Ledger().push(push) == [outcome for ledger in [Ledger()] for part in found for outcome in ledger.push(part)]


@pytest.mark.parametrize("most", [2, 3, 4])
def test_a_part_that_would_end_within_a_group_ends_with_it(most: int) -> None:
    phone = ann()
    push = phone.push(*sizes([1, 3, 1], phone))
    assert [len(part.sent) for part in parts(push, most)] == [4, 1]


async def test_a_turn_that_ends_within_the_last_group_of_a_push_takes_all_of_the_push() -> None:
    queues, loop = Queues(Limits(turn_changes_max=2)), get_running_loop()
    for tenant, groups in (("a", [3]), ("b", [1])):
        phone = ann()
        queues.join(tenant, Waiting(phone.push(*sizes(groups, phone)), loop.create_future()), 0.0)
    turn = queues.turn(0.0)
    assert turn is not None
    assert (turn.queue.tenant, turn.changes, queues.changes) == ("a", 3, 1)
    queues.over(turn.queue)
    assert queues.of("a") is None


def test_a_change_that_cannot_be_read_does_not_hide_the_group_it_is_in() -> None:
    phone = ann()
    group = grouped(*(phone.make_root() for _ in range(3)))
    texts = [encode(each).encode() for each in (*group, phone.make_root())]
    texts[1] = texts[1].replace(b'"create"', b'"grow"')
    assert [len(part.sent) for part in parts(phone.push(*texts), 2)] == [3, 1]


def test_a_push_of_which_nothing_can_be_read_is_cut_anywhere() -> None:
    assert [len(part.sent) for part in parts(ann().push(*[b"{}"] * 5), 2)] == [2, 2, 1]


@given(st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=6), min_size=1, max_size=4), st.integers(1, 7))
async def test_turns_cut_no_group_and_lose_no_change(pushes: list[list[int]], most: int) -> None:
    queues = Queues(Limits(turn_changes_max=most))
    queues.join("other", Waiting(ann().push(), get_running_loop().create_future()), 0.0)
    for index, groups in enumerate(pushes):
        phone = Phone(user="ann", index=index)
        push = phone.push(*sizes(groups, phone))
        queues.join("a", Waiting(push, get_running_loop().create_future()), 0.0)
    told: dict[str, list[int]] = {}
    while turn := queues.turn(0.0):
        for waiting in turn.pushes:
            part = waiting.part
            told.setdefault(waiting.push.device, []).extend(sent.number for sent in part.sent)
            waiting.settle(Decided())
        queues.over(turn.queue)
    assert queues.changes == 0
    for index, groups in enumerate(pushes):
        assert told[Phone(user="ann", index=index).device] == list(range(1, sum(groups) + 1))
