"""References: what they may name, and what becomes of those who refer to what is deleted."""

from __future__ import annotations

from dataclasses import replace as with_more
from uuid import UUID

import pytest

from homeport_sync import App, field
from homeport_sync.change import Change, Value
from homeport_sync.integrity import cascade
from homeport_sync.keys import CASCADE_MAX, Link
from homeport_sync.overlay import LoadedGround
from homeport_sync.ports import Head, Loaded, Wanted
from tests.unit.sync.ledger import codes, verdicts
from tests.unit.sync.projects import Projects, team
from tests.unit.sync.tasks import MINUTE, STRANGER, Phone, ann
from tests.unit.sync.test_group import grouped
from tests.unit.sync.test_keys import begun, project

FIELDS = ("project", "blocks", "seen_in")


def issue(phone: Phone, scope: str, **fields: Value) -> Change:
    return phone.change("create", "Issue", phone.new_id(), scope, fields=fields)


def live(ledger: Projects, *made: Change) -> list[bool]:
    return [not ledger.record(each.id).deleted for each in made]


@pytest.mark.parametrize("field", FIELDS)
def test_what_is_not_there_cannot_be_referred_to(field: str) -> None:
    ledger, phone, _, scope = begun()
    elsewhere = team(ledger, phone)
    target = issue(phone, scope) if field == "blocks" else project(phone, scope)
    foreign = phone.change("create", target.kind, phone.new_id(), elsewhere)
    other_kind = project(phone, scope) if field == "blocks" else issue(phone, scope)
    ledger.push(phone.push(target, foreign, other_kind))
    named = (STRANGER, foreign.id, other_kind.id, scope, target.id, None)
    made = [issue(phone, scope, **{field: each}) for each in named]
    found = ledger.push(phone.push(*made))
    assert codes(found) == ["REFERENCE_GONE"] * 4 + ["", ""]
    moved = [phone.change("update", "Issue", made[4].id, scope, fields={field: each}) for each in named]
    assert codes(ledger.push(phone.push(*moved))) == ["REFERENCE_GONE"] * 4 + ["", ""]
    told = [
        str(each.error["message"]).replace(str(named[place]), "…") for place, each in enumerate(found[:4]) if each.error
    ]
    assert len(set(told)) == 1, "it tells whether a record is there that is none of the caller's business"


def test_a_devices_own_create_is_there_and_a_refused_one_is_depended_on() -> None:
    ledger, phone, _, scope = begun()
    made, refused = project(phone, scope, code="x"), project(phone, scope, code="x")
    ledger.push(phone.push(made, refused))
    found = ledger.push(phone.push(issue(phone, scope, project=made.id), issue(phone, scope, project=refused.id)))
    assert codes(found) == ["", "DEPENDS_ON_REJECTED"]
    again = project(phone, scope, code="x")
    found = ledger.push(phone.push(again, issue(phone, scope, project=again.id)))
    assert codes(found) == ["NOT_UNIQUE", "DEPENDS_ON_REJECTED"]


def test_what_nobody_knew_to_be_asked_for_is_loaded_before_it_is_said_that_no_create_was_refused() -> None:
    asked = Wanted(devices=frozenset(), outcomes=frozenset(), grants=frozenset(), records=frozenset())
    ground = LoadedGround(Loaded(head=Head(position=0, epoch="first"), wanted=asked))
    assert not ground.refused("phone", "record")
    assert ground.missed == with_more(asked, creates=frozenset({("phone", "record")}))


@pytest.mark.parametrize(("field", "code"), [("project", "REFERENCE_GONE"), ("seen_in", "")])
def test_what_another_has_deleted_meanwhile_may_be_named_where_it_is_kept(field: str, code: str) -> None:
    ledger, phone, other, scope = begun()
    made = project(phone, scope)
    written = issue(other, scope)
    ledger.push(phone.push(made, phone.delete(made)))
    refers = other.change("update", "Issue", written.id, scope, fields={field: made.id})
    found = ledger.push(other.push(written, refers))
    assert codes(found) == ["", code]


def test_a_deleted_record_takes_with_it_all_that_refers_to_it_all_the_way_down() -> None:
    ledger, phone, other, scope = begun()
    top = project(phone, scope)
    below = project(phone, scope, parent=top.id)
    issues = [issue(phone, scope, project=each.id) for each in (top, below)]
    kept, free = issue(phone, scope, seen_in=top.id), issue(phone, scope)
    ledger.push(phone.push(top, below, *issues, kept, free))
    other.ms += MINUTE
    head = ledger.head
    gone = other.delete(top)
    assert verdicts(ledger.push(other.push(gone))) == ["merged"]
    assert live(ledger, top, below, *issues, kept, free) == [False] * 4 + [True, True]
    entries = ledger.log[head:]
    assert entries[0].record == top.id
    assert {entry.record for entry in entries} == {each.id for each in (top, below, *issues)}
    assert {(entry.op, entry.device, entry.number, entry.stamp) for entry in entries} == {
        ("delete", other.device, gone.number, gone.stamp)
    }
    assert [entry.position for entry in entries] == list(range(head + 1, head + 5))
    assert ledger.rounds == 0
    assert ledger.links == set()


def test_what_goes_with_another_frees_its_values() -> None:
    ledger, phone, _, scope = begun()
    top = project(phone, scope)
    below = project(phone, scope, parent=top.id, code="x")
    found = ledger.push(phone.push(top, below, phone.delete(top), project(phone, scope, code="x")))
    assert verdicts(found) == ["applied"] * 4


def test_what_was_moved_away_does_not_go_with_it() -> None:
    ledger, phone, _, scope = begun()
    one, two = project(phone, scope), project(phone, scope)
    moved, stays = issue(phone, scope, project=one.id), issue(phone, scope, project=one.id)
    ledger.push(phone.push(one, two, moved, stays))
    ledger.push(phone.push(phone.update(moved, project=two.id), phone.update(stays, title="x"), phone.delete(one)))
    assert live(ledger, moved, stays, two) == [True, False, True]


def test_what_was_moved_there_in_the_same_batch_goes_with_all_that_refers_to_it() -> None:
    ledger, phone, _, scope = begun()
    one, two = project(phone, scope), project(phone, scope)
    below = project(phone, scope, parent=two.id)
    ledger.push(phone.push(one, two, below, task := issue(phone, scope, project=below.id)))
    ledger.push(phone.push(phone.update(two, parent=one.id), phone.delete(one)))
    assert live(ledger, one, two, below, task) == [False] * 4
    assert ledger.rounds == 0


def test_a_record_that_another_refers_to_and_does_not_let_go_stays() -> None:
    ledger, phone, _, scope = begun()
    made = issue(phone, scope)
    blocking = issue(phone, scope, blocks=made.id)
    found = ledger.push(phone.push(made, blocking, phone.delete(made)))
    assert codes(found) == ["", "", "STILL_REFERENCED"]
    assert found[2].error is not None
    assert found[2].error["extensions"] == {
        "code": "STILL_REFERENCED",
        "retryable": False,
        "field": "blocks",
        "record": blocking.id,
    }
    assert verdicts(ledger.push(phone.push(phone.delete(blocking), phone.delete(made)))) == ["applied", "applied"]


def test_one_that_does_not_let_go_holds_all_that_would_go_with_it() -> None:
    ledger, phone, _, scope = begun()
    top = project(phone, scope)
    inside = issue(phone, scope, project=top.id)
    outside = issue(phone, scope, blocks=inside.id)
    found = ledger.push(phone.push(top, inside, outside, phone.delete(top)))
    assert codes(found) == ["", "", "", "STILL_REFERENCED"]
    assert live(ledger, top, inside) == [True, True]
    found = ledger.push(phone.push(phone.update(outside, project=top.id), phone.delete(top)))
    assert verdicts(found) == ["applied", "applied"]  # now it goes itself
    assert live(ledger, top, inside, outside) == [False] * 3


def test_a_refused_group_has_deleted_nothing_with_what_it_deleted() -> None:
    ledger, phone, _, scope = begun()
    top = project(phone, scope)
    inside = issue(phone, scope, project=top.id)
    ledger.push(phone.push(top, inside))
    group = grouped(phone.delete(top), issue(phone, scope, project=top.id))
    assert codes(ledger.push(phone.push(*group))) == ["GROUP_REJECTED", "REFERENCE_GONE"]
    assert live(ledger, top, inside) == [True, True]
    assert verdicts(ledger.push(phone.push(phone.delete(top)))) == ["applied"]
    assert live(ledger, top, inside) == [False, False]


def test_a_command_obeys_and_what_it_deletes_takes_others_with_it() -> None:
    ledger, phone, _, scope = begun()
    top = project(phone, scope)
    inside = issue(phone, scope, project=top.id)
    held = issue(phone, scope)
    ledger.push(phone.push(top, inside, held))
    found = ledger.push(
        phone.push(
            phone.call("open_issue", scope, project=STRANGER),
            phone.call("open_issue", scope, project=held.id),
            call := phone.call("open_issue", scope, project=top.id, blocks=held.id),
            phone.delete(held),
        )
    )
    assert codes(found) == ["REFERENCE_GONE", "REFERENCE_GONE", "", "STILL_REFERENCED"]
    opened = next(entry.record for entry in ledger.log if entry.number == call.number and entry.device == phone.device)
    assert verdicts(ledger.push(phone.push(phone.call("drop_all", scope)))) == ["applied"]
    assert [ledger.record(each).deleted != "" for each in (top.id, inside.id, opened)] == [True] * 3
    assert verdicts(ledger.push(phone.push(phone.delete(held)))) == ["applied"]


def test_what_a_command_refers_to_without_having_been_told_of_it_is_looked_up() -> None:
    ledger, phone, _, scope = begun()
    top = project(phone, scope)
    inside = issue(phone, scope, project=top.id)
    ledger.push(phone.push(top, inside))
    assert codes(ledger.push(phone.push(phone.call("open_another", scope, like=inside.id)))) == [""]
    assert ledger.rounds == 1
    opened = ledger.log[-1].record
    ledger.push(phone.push(phone.delete(top)))
    assert [bool(ledger.record(each).deleted) for each in (inside.id, opened)] == [True, True]


def test_a_link_that_outlived_its_record_deletes_nothing_a_second_time() -> None:
    """As one would that an older app had written, and nobody rebuilt."""
    ledger, phone, _, scope = begun()
    top = project(phone, scope)
    inside = issue(phone, scope, project=top.id)
    ledger.push(phone.push(top, inside, phone.delete(inside)))
    ledger.links.add(Link(top.id, inside.id, "Issue", "project", True))
    assert verdicts(ledger.push(phone.push(phone.delete(top)))) == ["applied"]
    assert [entry.record for entry in ledger.log[-2:]] == [inside.id, top.id]


def test_a_record_goes_with_another_even_where_its_restore_is_later_than_the_delete() -> None:
    ledger, phone, other, scope = begun()
    top = project(phone, scope)
    inside = issue(phone, scope, project=top.id)
    gone = other.delete(top)
    ledger.push(phone.push(top, inside, phone.delete(inside)))
    phone.ms += MINUTE
    restore = phone.change("restore", "Issue", inside.id, scope, fields={"project": top.id})
    ledger.push(phone.push(restore))
    ledger.push(other.push(gone))
    assert live(ledger, top, inside) == [False, False]


@pytest.mark.parametrize("more", [1, 2], ids=["what was loaded is too much", "not even all is loaded"])
def test_at_most_a_thousand_go_with_a_record(more: int) -> None:
    ledger, phone, _, scope = begun()
    top = project(phone, scope)
    inside = [issue(phone, scope, project=top.id) for _ in range(CASCADE_MAX + more)]
    for start in range(0, len(inside), 500):
        ledger.push(phone.push(*inside[start : start + 500]) if start else phone.push(top, *inside[:500]))
    assert codes(ledger.push(phone.push(phone.delete(top)))) == ["CASCADE_TOO_LARGE"]
    found = ledger.push(phone.push(*map(phone.delete, inside[:more]), phone.delete(top)))
    assert verdicts(found) == ["applied"] * (more + 1)
    assert live(ledger, *inside[more:]) == [False] * CASCADE_MAX


def test_a_kind_that_declares_nothing_itself_takes_with_it_what_refers_to_it() -> None:
    ledger, phone = Projects(), ann()
    declared = App("plain")

    @declared.kind(root=True)
    class Team:
        name: str = ""

    @declared.kind(within=Team)
    class Plain:
        name: str = ""

    @declared.kind(within=Team)
    class Part:
        of: UUID = field(refers_to=Plain, on_delete="cascade")

    ledger.catalog = declared.catalog
    scope = team(ledger, phone)
    whole = phone.change("create", "Plain", phone.new_id(), scope)
    part = phone.change("create", "Part", phone.new_id(), scope, fields={"of": whole.id})
    assert verdicts(ledger.push(phone.push(whole, part, phone.delete(whole)))) == ["applied"] * 3
    assert live(ledger, whole, part) == [False, False]


def test_a_ring_goes_whole() -> None:
    links = {"a": [Link("a", "b", "K", "f", True)], "b": [Link("b", "a", "K", "f", True)]}
    assert cascade(["a"], lambda target: links[target]) == ["b"]


def test_a_record_may_refer_to_itself() -> None:
    ledger, phone = Projects(), ann()
    scope = team(ledger, phone)
    made = project(phone, scope)
    found = ledger.push(phone.push(made, phone.update(made, parent=made.id), phone.delete(made)))
    assert verdicts(found) == ["applied"] * 3
    assert ledger.links == set()
