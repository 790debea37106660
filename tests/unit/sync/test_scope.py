"""How grants follow from member records, by position alone."""

from __future__ import annotations

import uuid

from homeport_sync.change import Record
from homeport_sync.clock import make_stamp
from homeport_sync.scope import MEMBER, Grant, grant_after, member_id
from tests.unit.sync.tasks import ann

PHONE = ann()
LIST = PHONE.make_root()
TASK = PHONE.make(LIST.id)
INVITE = PHONE.invite(LIST.id, "bob")


def grant(role: str, *, since: int = 5, until: int | None = None) -> Grant:
    return Grant(user="bob", scope=LIST.id, role=role, since=since, until=until)


def member(role: str | None) -> Record:
    stamp = make_stamp(1, 0, LIST.id)
    return Record(id=INVITE.id, kind=MEMBER, scope=LIST.id, stamp=stamp, fields={"user": "bob", "role": role})


def test_an_invitation_grants_from_its_position_on() -> None:
    assert grant_after(member("editor"), None, 9) == grant("editor", since=9)


def test_a_change_of_role_keeps_the_grant_in_force_since_it_began() -> None:
    assert grant_after(member("owner"), grant("editor"), 9) == grant("owner", since=5)


def test_a_role_of_null_ends_the_grant_at_its_position() -> None:
    ended = grant_after(member(None), grant("editor"), 9)
    assert ended == grant("editor", since=5, until=9)
    assert not ended.holds


def test_ending_an_ended_grant_again_leaves_its_end_where_it_was() -> None:
    assert grant_after(member(None), grant("editor", until=7), 9) == grant("editor", until=7)


def test_a_grant_given_again_begins_anew() -> None:
    assert grant_after(member("editor"), grant("editor", until=7), 9) == grant("editor", since=9)


def test_a_null_role_for_someone_never_invited_grants_nothing() -> None:
    assert not grant_after(member(None), None, 9).holds


def test_two_owners_who_invite_the_same_person_write_one_record() -> None:
    assert member_id(LIST.id, "bob") == member_id(LIST.id, "bob")
    assert member_id(LIST.id, "bob") != member_id(LIST.id, "eve")
    assert member_id(LIST.id, "bob") != member_id(TASK.id, "bob")
    assert uuid.UUID(member_id(LIST.id, "bob")).version == 5
