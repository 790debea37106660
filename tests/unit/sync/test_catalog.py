"""The catalog answers whether a change fits what the app declared, and says what to write instead."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from homeport_sync.catalog import member_kind
from homeport_sync.change import Change, Value
from homeport_sync.errors import HomeportError
from homeport_sync.rejections import UnknownField, UnknownKind, WrongId, WrongType
from homeport_sync.scope import member_id
from tests.unit.sync.tasks import CATALOG, STRANGER, ann

PHONE = ann()
LIST = PHONE.make_root()
TASK = PHONE.make(LIST.id)
MEMBER = PHONE.invite(LIST.id, "bob")

BAD: list[tuple[Change, type[HomeportError], str]] = [
    (replace(TASK, kind="Chore"), UnknownKind, "it has TaskList, Task, Note, Board, Card, Member"),
    (replace(TASK, fields={"title": "milk", "size": 3}), UnknownField, "Task declares no field 'size'; it has title"),
    (replace(TASK, fields={"title": 3}), WrongType, "Task.title holds text of at most 200 characters, not 3"),
    (replace(TASK, fields={"title": "x" * 201}), WrongType, "…: write a value that fits"),
    (replace(TASK, fields={"done": True}), WrongType, "Task.title has no default"),
    (replace(TASK, op="delete"), UnknownField, "A delete writes no fields"),
    (replace(TASK, scope=TASK.id), WrongId, "cannot be its own scope"),
    (replace(MEMBER, fields={"user": MEMBER.fields["user"]}), WrongType, "Member.role has no default"),
    (replace(TASK, id=MEMBER.id), WrongId, "Ids of version 5 are those of member records"),
    (replace(TASK, op="update", id=MEMBER.id), WrongId, "make this record under a UUIDv7"),
    (replace(LIST, id=MEMBER.id, scope=MEMBER.id), WrongId, "Ids of version 5"),
    (replace(LIST, scope=STRANGER), WrongId, f"A TaskList is its own scope: send scope {LIST.id}"),
    (replace(MEMBER, id=STRANGER), WrongId, member_id(LIST.id, "bob")),
    (replace(MEMBER, op="update", fields={"role": "owner"}), WrongType, "names its user"),
    (PHONE.invite(LIST.id, ""), WrongType, "Nobody can be named ''"),
    (PHONE.invite(LIST.id, " x "), WrongType, "Nobody can be named ' x '"),
    (replace(MEMBER, fields={"user": "bob", "role": "king"}), WrongType, "one of 'owner', 'editor', 'viewer', or null"),
    (replace(MEMBER, fields={"role": "editor"}), WrongType, "Member.user has no default"),
]


@pytest.mark.parametrize(("change", "kind_of_error", "says"), BAD)
def test_a_change_that_does_not_fit_is_told_what_would(
    change: Change, kind_of_error: type[HomeportError], says: str
) -> None:
    with pytest.raises(kind_of_error) as refused:
        CATALOG.check(change)
    assert says in refused.value.message


@pytest.mark.parametrize("change", [LIST, TASK, MEMBER, PHONE.update(TASK, done=True), PHONE.delete(TASK)])
def test_a_change_that_fits_gives_its_kind(change: Change) -> None:
    assert CATALOG.check(change) is CATALOG.kind(change.kind)


def test_who_can_have_no_token_and_was_let_in_can_be_put_out() -> None:
    assert CATALOG.check(replace(PHONE.invite(LIST.id, " x "), fields={"user": " x ", "role": None})).name == "Member"


def test_an_update_need_not_repeat_what_is_required() -> None:
    assert CATALOG.check(PHONE.update(TASK, rank=1.5)).name == "Task"


def test_a_new_record_gets_the_defaults_of_what_was_not_given() -> None:
    assert CATALOG.kind("Task").complete({"title": "milk"}) == {"title": "milk", "done": False, "rank": 0}


def test_a_record_older_than_a_field_shows_its_default() -> None:
    assert CATALOG.kind("Task").from_wire({"title": "milk"}) == {"title": "milk", "done": False, "rank": 0.0}


def test_python_values_are_checked_on_their_way_to_the_wire() -> None:
    task = CATALOG.kind("Task")
    assert task.to_wire({"title": "milk", "done": True}) == {"title": "milk", "done": True}
    with pytest.raises(WrongType):
        task.to_wire({"title": 3})
    with pytest.raises(UnknownField):
        task.to_wire({"size": "large"})


def test_a_kind_that_lives_within_none_is_a_root() -> None:
    assert CATALOG.kind("TaskList").is_root
    assert not CATALOG.kind("Task").is_root
    assert not member_kind().is_root


@pytest.mark.parametrize("value", ["x" * 100_000, 10**300])
def test_a_huge_wrong_value_is_not_repeated_whole_in_the_refusal(value: Value) -> None:
    with pytest.raises(WrongType) as refused:
        CATALOG.kind("Task").check({"done": value}, new=False)
    assert len(refused.value.message) < 200


def test_a_refusal_names_the_field_for_the_program_too() -> None:
    with pytest.raises(WrongType) as refused:
        CATALOG.kind("Task").check({"done": "yes"}, new=True)
    assert refused.value.as_error()["extensions"] == {"code": "WRONG_TYPE", "retryable": False, "field": "done"}
