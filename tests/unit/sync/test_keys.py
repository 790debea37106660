"""Unique values: who holds one, when it is free again, and what a second one is told."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from homeport_sync.change import Change, Edit, Elements, Increment, Swap, Value
from homeport_sync.keys import Link, key_of, reached
from tests.unit.sync.ledger import codes, outcomes, verdicts
from tests.unit.sync.projects import Projects, team
from tests.unit.sync.tasks import MINUTE, Phone, ann, bob
from tests.unit.sync.test_group import grouped


def begun() -> tuple[Projects, Phone, Phone, str]:
    """A team of ann's in which bob writes, too."""
    ledger, phone, other = Projects(), ann(), bob()
    return ledger, phone, other, team(ledger, phone)


def project(phone: Phone, scope: str, **fields: Value) -> Change:
    return phone.change("create", "Project", phone.new_id(), scope, fields=fields)


@pytest.mark.parametrize("apart", [True, False], ids=["in two batches", "in one batch"])
def test_a_second_record_with_the_value_is_refused_and_told_who_has_it(apart: bool) -> None:
    ledger, phone, other, scope = begun()
    first, second = project(phone, scope, code="x"), project(other, scope, code="x")
    pushes = phone.push(first), other.push(second)
    answers = [*ledger.decide(pushes[0]), *ledger.decide(pushes[1])] if apart else ledger.decide(*pushes)
    (found,) = outcomes(answers[1])
    assert codes([found]) == ["NOT_UNIQUE"]
    assert found.error is not None
    assert f'The Project {first.id} has code "x" already' in str(found.error["message"])
    extensions = {"code": "NOT_UNIQUE", "retryable": False, "field": "code", "record": first.id}
    assert found.error["extensions"] == extensions
    assert set(ledger.keys.values()) == {first.id}
    assert ledger.rounds == 0


def test_null_is_no_value_and_another_scope_another_matter() -> None:
    ledger, phone, _, scope = begun()
    elsewhere = team(ledger, phone)
    made = [project(phone, scope), project(phone, scope, code=None), project(phone, scope, code="x")]
    assert verdicts(ledger.push(phone.push(*made, project(phone, elsewhere, code="x")))) == ["applied"] * 4


def test_an_update_to_a_value_that_is_taken_is_refused_and_the_old_one_stays() -> None:
    ledger, phone, _, scope = begun()
    first, second = project(phone, scope, code="x"), project(phone, scope, code="y")
    found = ledger.push(phone.push(first, second, phone.update(second, code="x"), project(phone, scope, code="y")))
    assert codes(found) == ["", "", "NOT_UNIQUE", "NOT_UNIQUE"]
    assert ledger.record(second.id).fields["code"] == "y"


@pytest.mark.parametrize("freed", ["update", "null", "delete"])
def test_a_value_is_free_when_nobody_has_it_any_more(freed: str) -> None:
    ledger, phone, other, scope = begun()
    first = project(phone, scope, code="x")
    ledger.push(phone.push(first))
    frees = {
        "update": lambda: phone.update(first, code="z"),
        "null": lambda: phone.update(first, code=None),
        "delete": lambda: phone.delete(first),
    }
    ledger.push(phone.push(frees[freed]()))
    assert verdicts(ledger.push(other.push(project(other, scope, code="x")))) == ["applied"]
    assert ledger.rounds == 0


def test_the_value_of_an_update_that_loses_is_not_taken() -> None:
    ledger, phone, other, scope = begun()
    first = project(phone, scope, code="x")
    late = phone.update(first, code="old")
    ledger.push(phone.push(first))
    other.ms += MINUTE
    ledger.push(other.push(other.update(first, code="new")))
    assert verdicts(ledger.push(phone.push(late))) == ["superseded"]
    found = ledger.push(other.push(project(other, scope, code="old"), project(other, scope, code="new")))
    assert codes(found) == ["", "NOT_UNIQUE"]


def test_an_update_that_loses_is_not_refused_for_its_value() -> None:
    ledger, phone, other, scope = begun()
    first = project(phone, scope, code="x")
    late = phone.update(first, code="taken")
    ledger.push(phone.push(first))
    other.ms += MINUTE
    ledger.push(other.push(other.update(first, code="new"), project(other, scope, code="taken")))
    assert verdicts(ledger.push(phone.push(late))) == ["superseded"]


def test_what_is_restored_takes_its_values_again_or_is_refused() -> None:
    ledger, phone, other, scope = begun()
    first = project(phone, scope, code="x")
    ledger.push(phone.push(first, phone.delete(first)))
    second = project(other, scope, code="x")
    ledger.push(other.push(second))
    restore = phone.change("restore", "Project", first.id, scope, fields={"code": "x"})
    assert codes(ledger.push(phone.push(restore))) == ["NOT_UNIQUE"]
    ledger.push(other.push(other.delete(second)))
    again = phone.change("restore", "Project", first.id, scope, fields={"code": "x"})
    found = ledger.push(phone.push(again, project(phone, scope, code="x")))
    assert codes(found) == ["", "NOT_UNIQUE"]


def test_a_refused_group_takes_no_value_and_frees_none() -> None:
    ledger, phone, _, scope = begun()
    first = project(phone, scope, code="x")
    ledger.push(phone.push(first))
    group = grouped(phone.delete(first), project(phone, scope, code="y"), project(phone, scope, code="y"))
    after = [project(phone, scope, code="x"), project(phone, scope, code="y")]
    found = ledger.push(phone.push(*group, *after))
    assert codes(found) == ["GROUP_REJECTED", "GROUP_REJECTED", "NOT_UNIQUE", "NOT_UNIQUE", ""]


def test_a_group_may_free_a_value_and_take_it() -> None:
    ledger, phone, _, scope = begun()
    first = project(phone, scope, code="x")
    ledger.push(phone.push(first))
    found = ledger.push(phone.push(*grouped(phone.delete(first), second := project(phone, scope, code="x"))))
    assert verdicts(found) == ["applied", "applied"]
    assert list(ledger.keys.values()) == [second.id]


def test_a_command_may_give_the_values_of_two_to_each_other() -> None:
    ledger, phone, _, scope = begun()
    first, second = project(phone, scope, code="x"), project(phone, scope, code="y")
    ledger.push(phone.push(first, second))
    assert verdicts(ledger.push(phone.push(phone.call("swap_codes", scope)))) == ["applied"]
    assert [ledger.record(each.id).fields["code"] for each in (first, second)] == ["y", "x"]
    assert codes(ledger.push(phone.push(phone.update(first, code="x")))) == ["NOT_UNIQUE"]


def test_a_command_that_takes_a_value_of_another_is_refused_whole() -> None:
    ledger, phone, _, scope = begun()
    first, second = project(phone, scope, code="x"), project(phone, scope, code="y")
    ledger.push(phone.push(first, second))
    found = ledger.push(phone.push(phone.call("replace_project", scope, old=first.id, code="y")))
    assert codes(found) == ["NOT_UNIQUE"]
    assert not ledger.record(first.id).deleted
    assert ledger.rounds == 1  # only its run shows what it wants
    assert verdicts(ledger.push(phone.push(phone.call("replace_project", scope, old=first.id, code="x")))) == [
        "applied"
    ]


def test_a_number_is_one_value_however_it_is_written() -> None:
    ledger, phone, _, scope = begun()
    made = [project(phone, scope, weight=each) for each in (1, 1.0, 0.0, -0.0, 1.5)]
    assert codes(ledger.push(phone.push(*made))) == ["", "NOT_UNIQUE", "", "NOT_UNIQUE", ""]


def test_the_longest_value_is_shown_short_and_compared_whole() -> None:
    ledger, phone, _, scope = begun()
    long = "x" * 10_000
    made = [project(phone, scope, code=long), project(phone, scope, code=f"{long[:-1]}y")]
    found = ledger.push(phone.push(*made, project(phone, scope, code=long)))
    assert codes(found) == ["", "", "NOT_UNIQUE"]
    assert found[2].error is not None
    assert len(str(found[2].error["message"])) < 300


def test_keys_of_other_scopes_kinds_fields_and_values_are_others() -> None:
    keys = {key_of(*each) for each in (("s", "K", "f", "v"), ("t", "K", "f", "v"), ("s", "L", "f", "v"))}
    keys |= {key_of(*each) for each in (("s", "K", "g", "v"), ("s", "K", "f", "w"), ("s", "K", "f", True))}
    assert len(keys) == 6


@pytest.mark.parametrize("edit", [Increment(by=1), Elements(add={"y": []}), Swap(to="y", was="x")])
def test_an_edit_that_a_unique_field_does_not_take_is_refused_and_takes_no_value(edit: Edit) -> None:
    ledger, phone, _, scope = begun()
    first = project(phone, scope, code="x")
    bad = replace(phone.update(first), fields={"code": edit})
    found = ledger.push(phone.push(first, bad, project(phone, scope, code="y"), project(phone, scope, code="x")))
    assert codes(found) == ["", "WRONG_TYPE", "", "NOT_UNIQUE"]


def test_links_are_told_by_what_they_lead_from_unless_there_are_too_many() -> None:
    below, beside = Link("a", "b", "K", "f", True), Link("b", "c", "K", "g", False)
    assert reached("a", [below, beside], 2) == {"a": [below], "b": [beside]}
    assert reached("a", [], 2) == {"a": []}
    assert reached("a", [below, beside], 1) is None
