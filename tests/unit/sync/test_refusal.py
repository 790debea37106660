"""What cannot stand without a rejected change: what was built on it, and the rest of a group, wherever they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from homeport_sync.change import Change, Group, Swap
from homeport_sync.errors import HomeportError
from homeport_sync.refusal import code_of, message_of, with_dependents
from homeport_sync.rejections import (
    DependsOnRejected,
    GroupRejected,
    NotUnique,
    RecordGone,
    ReferenceGone,
    RoleForbidden,
    ScopeForbidden,
    WrongType,
)
from tests.unit.sync.tasks import ann


@dataclass(frozen=True, kw_only=True)
class Refused:
    change: Change
    error: Mapping[str, object]
    device: str = "d"

    @property
    def number(self) -> int:
        return self.change.number


def refused(change: Change, why: type[HomeportError] = DependsOnRejected) -> Refused:
    return Refused(change=change, error=why().as_error())


def grouped(*changes: Change) -> list[Change]:
    return [replace(each, group=Group(at=at, of=len(changes))) for at, each in enumerate(changes, 1)]


def numbers(units: list[list[Refused]]) -> list[list[int]]:
    return [[each.number for each in unit] for unit in units]


def test_what_is_about_a_record_that_was_not_made_or_within_it_goes_with_its_create() -> None:
    phone = ann()
    root, other = phone.make_root(), phone.make_root()
    task = phone.make(root.id)
    changed, within_other = phone.update(task, title="x"), phone.make(other.id)
    waiting = [refused(root, WrongType), refused(other, WrongType), *map(refused, (task, changed, within_other))]
    assert numbers(with_dependents(waiting, waiting[0])) == [[1], [3], [4]]
    assert numbers(with_dependents(waiting, waiting[1])) == [[2], [5]]
    assert numbers(with_dependents(waiting, waiting[2])) == [[3], [4]]
    assert numbers(with_dependents(waiting, waiting[3])) == [[4]]


def test_what_was_refused_before_the_create_stays() -> None:
    phone = ann()
    task = phone.make(phone.make_root().id)
    early, late = (phone.update(task, title="x") for _ in range(2))
    waiting = [refused(early), refused(task, WrongType), refused(late)]
    assert numbers(with_dependents(waiting, waiting[1])) == [[2], [4]]


@pytest.mark.parametrize("why", [RoleForbidden, ScopeForbidden, WrongType, DependsOnRejected])
def test_what_is_behind_a_create_goes_with_it_whatever_the_server_looked_at_first(why: type[HomeportError]) -> None:
    """Who may not write at all is told so of each change, and not that it depends on another."""
    phone = ann()
    task = phone.make(phone.make_root().id)
    changed, deleted = phone.update(task, title="x"), phone.delete(task)
    waiting = [refused(task, RoleForbidden), refused(changed, why), refused(deleted, why)]
    assert numbers(with_dependents(waiting, waiting[0])) == [[2], [3], [4]]


def test_what_refers_to_what_was_not_made_or_moves_into_it_goes_with_its_create() -> None:
    phone = ann()
    home, away = phone.make_root(), phone.make_root()
    note, other = phone.make(home.id, "Note"), phone.make(home.id)
    refers, called = phone.make(home.id, note=note.id), phone.call("sell", home.id, item=note.id)
    points, moves = phone.update(other, note=note.id), phone.move(other, away.id)
    swaps = replace(phone.update(other), fields={"note": Swap(to=note.id, was=None)})
    others = [refused(each, ReferenceGone) for each in (refers, called, points, moves, swaps)]
    waiting = [refused(away, WrongType), refused(note, NotUnique), *others]
    assert numbers(with_dependents(waiting, waiting[0])) == [[2], [8]]
    assert numbers(with_dependents(waiting, waiting[1])) == [[3], [5], [6], [7], [9]]


def test_a_group_is_one_whichever_of_it_is_asked_for_and_takes_along_what_was_built_on_any_of_it() -> None:
    phone = ann()
    root = phone.make_root()
    first, second, bad = grouped(phone.make(root.id), phone.make(root.id), phone.make(root.id))
    later = phone.update(first, title="x")
    waiting = [refused(first, GroupRejected), refused(second, GroupRejected), refused(bad, WrongType), refused(later)]
    for head in waiting[:3]:
        assert numbers(with_dependents(waiting, head)) == [[2, 3, 4], [5]]


def test_a_group_that_depends_goes_along_whole_and_so_does_what_depends_on_the_rest_of_it() -> None:
    phone = ann()
    root = phone.make_root()
    task = phone.make(root.id)
    changed, made = grouped(phone.update(task, title="x"), phone.make(root.id))
    after = phone.update(made, title="y")
    waiting = [refused(task, WrongType), refused(changed), refused(made, GroupRejected), refused(after)]
    assert numbers(with_dependents(waiting, waiting[0])) == [[2], [3, 4], [5]]


def test_two_groups_side_by_side_are_two_and_what_is_left_of_one_is_one_still() -> None:
    phone = ann()
    root = phone.make_root()
    one = grouped(*(phone.make(root.id) for _ in range(3)))
    other = grouped(*(phone.make(root.id) for _ in range(2)))
    waiting = [refused(each, GroupRejected) for each in (one[0], one[2], *other)]
    assert numbers(with_dependents(waiting, waiting[1])) == [[2, 4]]
    assert numbers(with_dependents(waiting, waiting[2])) == [[5, 6]]


def test_an_error_has_a_code_and_says_why_and_no_error_has_neither() -> None:
    error = RecordGone("It is gone.").as_error()
    assert (code_of(error), message_of(error)) == ("RECORD_GONE", "It is gone.")
    assert (code_of(None), message_of(None)) == ("", "")
