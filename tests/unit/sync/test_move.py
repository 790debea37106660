"""Moving a record into another scope: who may, what is told where it was, and what meets it on the way."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec.structs import replace

from homeport_sync.allow import Allow, Write
from homeport_sync.catalog import Catalog, member_kind
from homeport_sync.change import Change, Value
from homeport_sync.keys import Link
from homeport_sync.ports import LogEntry
from homeport_sync.role import BUILT_IN, Role
from homeport_sync.scope import MEMBER, member_id
from tests.unit.sync.ledger import Ledger, codes, verdicts
from tests.unit.sync.projects import Projects, team
from tests.unit.sync.tasks import STRANGER, Phone, ann, bob
from tests.unit.sync.test_keys import project

PLANNER: dict[str, Value] = {"user": "bob", "role": "planner"}


def two_lists(ledger: Ledger, phone: Phone, *, with_bob: str = "editor") -> tuple[Change, Change, Change]:
    """Two lists of the phone's, and a task in the first. Bob shares the first, and the second `with_bob` ("": not)."""
    home, work = phone.make_root(), phone.make_root(title="work")
    task = phone.make(home.id)
    shared = [phone.invite(home.id, "bob"), *([phone.invite(work.id, "bob", with_bob)] if with_bob else [])]
    assert set(verdicts(ledger.push(phone.push(home, work, task, *shared)))) == {"applied"}
    return home, work, task


def told(entries: list[LogEntry]) -> list[tuple[str, str, str]]:
    return [(entry.op, entry.record, entry.scope) for entry in entries]


def test_a_move_is_gone_there_and_present_here() -> None:
    ledger, phone = Ledger(), ann()
    home, work, task = two_lists(ledger, phone)
    before = ledger.head
    assert verdicts(ledger.push(phone.push(phone.move(task, work.id)))) == ["applied"]
    left, here = ledger.record(f"{task.id}/{home.id}"), ledger.record(task.id)
    assert (left.id, left.scope, left.position, left.fields) == (task.id, home.id, before + 1, {})
    assert left.deleted
    assert (here.scope, here.position, here.fields, here.deleted) == (work.id, before + 2, {"title": "milk"}, "")
    assert told(ledger.log[-2:]) == [("leave", task.id, home.id), ("move", task.id, work.id)]


def test_back_and_forth_it_is_where_it_went_last() -> None:
    ledger, phone = Ledger(), ann()
    home, work, task = two_lists(ledger, phone)
    there, back = phone.move(task, work.id), phone.move(task, home.id)
    assert verdicts(ledger.push(phone.push(there, back))) == ["applied", "applied"]
    assert ledger.record(task.id).scope == home.id
    assert ledger.record(task.id).position > ledger.record(f"{task.id}/{home.id}").position


def test_an_edit_that_was_made_where_it_was_finds_it_where_it_is() -> None:
    ledger, phone, other = Ledger(), ann(), bob()
    _, work, task = two_lists(ledger, phone)
    ledger.push(phone.push(phone.move(task, work.id)))
    other.ms += 1_000
    assert verdicts(ledger.push(other.push(other.update(task, title="oat milk")))) == ["merged"]
    assert (ledger.record(task.id).scope, ledger.record(task.id).fields["title"]) == (work.id, "oat milk")
    assert ledger.log[-1].scope == work.id
    assert verdicts(ledger.push(other.push(other.delete(task)))) == ["merged"]
    assert ledger.record(task.id).deleted


@pytest.mark.promise("I8")
def test_whoever_does_not_share_where_it_went_is_told_what_they_would_be_of_any_record() -> None:
    ledger, phone, other = Ledger(), ann(), bob()
    home, work, task = two_lists(ledger, phone, with_bob="")
    ledger.push(phone.push(phone.move(task, work.id)))
    mine = other.update(task, title="mine")
    stray = other.change("update", "Task", other.new_id(), home.id, fields={"title": "?"})
    gone, unknown = ledger.push(other.push(mine, stray))
    assert codes([gone, unknown]) == ["RECORD_GONE", "RECORD_GONE"]
    assert gone.error
    assert unknown.error
    assert gone.error["message"] == unknown.error["message"]
    assert ledger.record(task.id).fields == {"title": "milk"}


@pytest.mark.parametrize(("role", "code"), [("", "SCOPE_FORBIDDEN"), ("viewer", "ROLE_FORBIDDEN"), ("editor", "")])
def test_whoever_may_write_in_both_may_move(role: str, code: str) -> None:
    ledger, other = Ledger(), bob()
    _, work, task = two_lists(ledger, ann(), with_bob=role)
    assert codes(ledger.push(other.push(other.move(task, work.id)))) == [code]


def test_a_viewer_of_where_it_is_does_not_move_it() -> None:
    ledger, phone, other = Ledger(), ann(), bob()
    home, _, task = two_lists(ledger, phone)
    own = other.make_root()
    ledger.push(phone.push(phone.invite(home.id, "bob", "viewer")))
    assert codes(ledger.push(other.push(own, other.move(task, own.id)))) == ["", "ROLE_FORBIDDEN"]


def test_the_later_of_two_moves_counts_whichever_arrives_first() -> None:
    ledger, phone, other = Ledger(), ann(), bob()
    _, work, task = two_lists(ledger, phone)
    own = other.make_root()
    ledger.push(other.push(own))
    early = other.move(task, own.id)
    phone.ms += 1_000
    assert verdicts(ledger.push(phone.push(phone.move(task, work.id)))) == ["applied"]
    assert verdicts(ledger.push(other.push(early))) == ["superseded"]
    other.ms += 2_000
    assert verdicts(ledger.push(other.push(other.move(task, own.id)))) == ["merged"]
    assert ledger.record(task.id).scope == own.id


def test_the_later_of_two_moves_counts_also_where_it_was_deleted_and_restored_between_them() -> None:
    ledger, phone, other = Ledger(), ann(), bob()
    _, work, task = two_lists(ledger, phone)
    own = other.make_root()
    gone = other.delete(task)
    back = other.change("restore", "Task", task.id, task.scope, fields={"title": "milk"})
    early = [gone, back, other.move(task, own.id)]
    phone.ms += 1_000
    assert verdicts(ledger.push(phone.push(phone.move(task, work.id)))) == ["applied"]
    assert verdicts(ledger.push(other.push(own, *early))) == ["applied", "merged", "merged", "superseded"]
    assert ledger.record(task.id).scope == work.id


def test_two_who_move_it_to_the_same_place_move_it_once() -> None:
    ledger, phone, other = Ledger(), ann(), bob()
    _, work, task = two_lists(ledger, phone)
    ledger.push(phone.push(phone.move(task, work.id)))
    other.ms += 1_000
    assert verdicts(ledger.push(other.push(other.move(task, work.id)))) == ["merged"]
    assert told(ledger.log[-1:]) == [("move", task.id, work.id)]
    assert [entry.op for entry in ledger.log].count("leave") == 1


def test_a_deleted_record_stays_where_it_was_deleted() -> None:
    ledger, phone, other = Ledger(), ann(), bob()
    home, work, task = two_lists(ledger, phone)
    ledger.push(phone.push(phone.delete(task)))
    other.ms += 1_000
    moved = ledger.push(other.push(other.move(task, work.id)))
    assert (verdicts(moved), moved[0].deleted) == (["superseded"], True)
    assert ledger.record(task.id).scope == home.id


def test_what_cannot_move_is_told_why() -> None:
    ledger, phone = Ledger(), ann()
    home, work, task = two_lists(ledger, phone)
    board = phone.make_root("Board")
    member = phone.invite(home.id, "bob")
    assert verdicts(ledger.push(phone.push(board, member))) == ["applied", "applied"]
    refused = ledger.push(
        phone.push(
            phone.move(home, work.id),
            phone.move(member, work.id),
            phone.move(task, ""),
            replace(phone.move(task, work.id), fields={"title": "x"}),
            phone.move(task, board.id),
            phone.move(task, STRANGER),
            replace(phone.update(task, title="x"), into=work.id),
        )
    )
    says = [str((each.error or {})["message"]) for each in refused]
    assert list(zip(codes(refused), says, strict=True)) == [
        ("WRONG_ID", "A TaskList belongs to its scope and cannot leave it: move what is within it."),
        ("WRONG_ID", "A Member belongs to its scope and cannot leave it: move what is within it."),
        ("WRONG_ID", "A move names the scope into which the record goes: send it as `into`."),
        ("UNKNOWN_FIELD", "A move writes no fields: send it without any."),
        ("WRONG_ID", "A Task lives within a TaskList, and this scope is a Board."),
        ("SCOPE_FORBIDDEN", f"You have no grant in scope {STRANGER}: ask one of its owners for one."),
        ("WRONG_ID", "Only a move goes into another scope: send this update without `into`."),
    ]
    assert ledger.record(task.id).scope == home.id


def test_nothing_is_moved_into_what_is_deleted() -> None:
    ledger, phone = Ledger(), ann()
    _, work, task = two_lists(ledger, phone)
    found = ledger.push(phone.push(phone.delete(work), phone.move(task, work.id)))
    assert codes(found) == ["", "SCOPE_GONE"]


def teams(ledger: Ledger, phone: Phone) -> tuple[str, str]:
    return team(ledger, phone), team(ledger, phone)


def test_what_hangs_on_it_goes_with_it_and_keeps_hanging_on_it() -> None:
    ledger, phone = Projects(), ann()
    here, there = teams(ledger, phone)
    top = project(phone, here, code="A")
    part = project(phone, here, code="B", parent=top.id)
    issue = phone.change("create", "Issue", phone.new_id(), here, fields={"title": "x", "project": part.id})
    beside = project(phone, here, code="C")
    seen = phone.change("create", "Issue", phone.new_id(), here, fields={"title": "y", "seen_in": top.id})
    assert set(verdicts(ledger.push(phone.push(top, part, issue, beside, seen)))) == {"applied"}
    assert verdicts(ledger.push(phone.push(phone.move(top, there)))) == ["applied"]
    assert {ledger.record(each.id).scope for each in (top, part, issue)} == {there}
    assert {ledger.record(each.id).scope for each in (beside, seen)} == {here}
    assert verdicts(ledger.push(phone.push(phone.delete(replace(top, scope=there))))) == ["applied"]
    assert all(ledger.record(each.id).deleted for each in (top, part, issue))
    again = project(phone, here, code="A")
    assert verdicts(ledger.push(phone.push(again))) == ["applied"]


@pytest.mark.parametrize("back", [False, True], ids=["to a third scope", "to where that is"])
def test_what_refers_to_it_from_another_scope_stays_where_it_is(back: bool) -> None:
    """As it may since a field that kept what it names was declared to go with it, and the keys were filled anew."""
    ledger, phone = Projects(), ann()
    here, there = teams(ledger, phone)
    top = project(phone, here)
    seen = phone.change("create", "Issue", phone.new_id(), here, fields={"title": "y", "seen_in": top.id})
    ledger.push(phone.push(top, seen, phone.move(top, there)))
    ledger.links.add(Link(top.id, seen.id, "Issue", "seen_in", True))
    to = here if back else team(ledger, phone)
    head = ledger.head
    assert verdicts(ledger.push(phone.push(phone.move(replace(top, scope=there), to)))) == ["applied"]
    assert told(ledger.log[head:]) == [("leave", top.id, there), ("move", top.id, to)]
    assert ledger.record(seen.id).scope == here


def test_a_value_that_is_taken_where_it_goes_keeps_it_where_it_is() -> None:
    ledger, phone = Projects(), ann()
    here, there = teams(ledger, phone)
    mine, other = project(phone, here, code="A"), project(phone, there, code="A")
    part = project(phone, here, code="B", parent=mine.id)
    ledger.push(phone.push(mine, other, part))
    before = dict(ledger.records), ledger.head, dict(ledger.keys)
    assert codes(ledger.push(phone.push(phone.move(mine, there)))) == ["NOT_UNIQUE"]
    assert (ledger.records, ledger.head, ledger.keys) == before
    freed = phone.update(other, code="Z")
    assert codes(ledger.push(phone.push(freed, phone.move(mine, there)))) == ["", ""]


def test_what_it_needs_must_be_where_it_goes() -> None:
    ledger, phone = Projects(), ann()
    here, there = teams(ledger, phone)
    top = project(phone, here)
    part = project(phone, here, parent=top.id)
    ledger.push(phone.push(top, part))
    assert codes(ledger.push(phone.push(phone.move(part, there)))) == ["REFERENCE_GONE"]
    alone = phone.update(part, parent=None)
    assert codes(ledger.push(phone.push(alone, phone.move(part, there)))) == ["", ""]


def test_what_others_need_stays_with_them() -> None:
    ledger, phone = Projects(), ann()
    here, there = teams(ledger, phone)
    first = phone.change("create", "Issue", phone.new_id(), here, fields={"title": "x"})
    second = phone.change("create", "Issue", phone.new_id(), here, fields={"title": "y", "blocks": first.id})
    ledger.push(phone.push(first, second))
    assert codes(ledger.push(phone.push(phone.move(first, there)))) == ["STILL_REFERENCED"]


def test_a_rule_of_the_app_is_asked_and_told_where_it_goes() -> None:
    asked: list[Write] = []

    class Ruled(Ledger):
        catalog = replace_kind(Ledger.catalog, asked)

    ledger, phone = Ruled(), ann()
    home, work, task = two_lists(ledger, phone)
    asked.clear()
    assert codes(ledger.push(phone.push(phone.move(task, work.id)))) == ["NOT_ALLOWED"]
    (write,) = asked
    assert (write.op, write.scope, write.into, write.changed) == ("move", home.id, work.id, frozenset())
    assert write.before == write.after


def test_whoever_may_not_move_what_hangs_on_it_moves_nothing() -> None:
    asked: list[Write] = []

    class Ruled(Projects):
        catalog = replace_kind(Projects.catalog, asked, "Issue")

    ledger, phone = Ruled(), ann()
    here, there = teams(ledger, phone)
    top = project(phone, here, code="A")
    part = phone.change("create", "Issue", phone.new_id(), here, fields={"title": "x", "project": top.id})
    ledger.push(phone.push(top, part))
    assert codes(ledger.push(phone.push(phone.move(top, there)))) == ["NOT_ALLOWED"]
    assert (asked[-1].record, asked[-1].op, asked[-1].into) == (part.id, "move", there)
    assert {ledger.record(each.id).scope for each in (top, part)} == {here}


def test_a_role_that_may_not_write_what_hangs_on_it_moves_nothing() -> None:
    class Planned(Projects):
        catalog = dataclasses.replace(
            Projects.catalog,
            kinds={**Projects.catalog.kinds, MEMBER: member_kind((*BUILT_IN, "planner"))},
            roles={**BUILT_IN, "planner": Role(name="planner", writes=frozenset({"Project"}))},
        )

    ledger, phone, other = Planned(), ann(), bob()
    here, own = team(ledger, phone), other.new_id()
    top = project(phone, here, code="A")
    part = phone.change("create", "Issue", phone.new_id(), here, fields={"title": "x", "project": top.id})
    ledger.push(phone.push(top, part, phone.change("create", MEMBER, member_id(here, "bob"), here, fields=PLANNER)))
    ledger.push(other.push(other.change("create", "Team", own, own)))
    assert codes(ledger.push(other.push(other.move(top, own)))) == ["ROLE_FORBIDDEN"]
    lone = project(phone, here, code="B")
    ledger.push(phone.push(lone))
    assert codes(ledger.push(other.push(other.move(lone, own)))) == [""]


def replace_kind(catalog: Catalog, asked: list[Write], name: str = "Task") -> Catalog:
    def stays(write: Write) -> bool:
        asked.append(write)
        return write.op != "move"

    rule = Allow(name="stays", says="It stays.", function=stays)
    kind = dataclasses.replace(catalog.kinds[name], allows=(rule,))
    return dataclasses.replace(catalog, kinds={**catalog.kinds, name: kind})
