"""Who may write what in a scope: the built-in roles, and the app's own."""

from __future__ import annotations

import dataclasses

import pytest

from homeport_sync.catalog import member_kind
from homeport_sync.change import Change, Value
from homeport_sync.rejections import RoleForbidden
from homeport_sync.role import BUILT_IN, EDITOR, OWNER, VIEWER, Role, check_role
from homeport_sync.scope import MEMBER, Grant, member_id
from tests.unit.sync.ledger import Ledger, codes
from tests.unit.sync.tasks import CATALOG, MINUTE, Phone, ann, bob

PHONE = ann()
LIST = PHONE.make_root()
TASK = PHONE.make(LIST.id)
NOTE = PHONE.make(LIST.id, "Note")
INVITE = PHONE.invite(LIST.id, "bob")
INVITE_OWNER = PHONE.invite(LIST.id, "bob", "owner")
REMOVE = PHONE.change("update", MEMBER, INVITE.id, LIST.id, fields={"user": "bob", "role": None})
UNINVITE = PHONE.delete(INVITE)
DROP_LIST = PHONE.delete(LIST)
RENAME_LIST = PHONE.update(LIST, title="ours")
MAKER = Grant(user="bob", scope=LIST.id, role="owner", since=1, maker=True)
AN_OWNER = Grant(user="bob", scope=LIST.id, role="owner", since=5)
AN_EDITOR = Grant(user="bob", scope=LIST.id, role="editor", since=5)

AUTHOR = Role(name="author", writes=frozenset({"Note"}))
HOST = Role(name="host", members=True)
CLERK = Role(name="clerk", writes=frozenset({"Note"}), members=True)
ROLES = {**BUILT_IN, **{role.name: role for role in (AUTHOR, HOST, CLERK)}}
LEAVE = PHONE.change("update", MEMBER, member_id(LIST.id, "me"), LIST.id, fields={"user": "me", "role": None})


class RoledLedger(Ledger):
    catalog = dataclasses.replace(CATALOG, roles=ROLES, kinds={**CATALOG.kinds, MEMBER: member_kind(ROLES)})


def granted(user: str, role: str) -> Grant:
    return Grant(user=user, scope=LIST.id, role=role, since=5)


@pytest.mark.parametrize(
    ("role", "change", "subject", "allowed"),
    [
        (VIEWER, TASK, None, False),
        (VIEWER, RENAME_LIST, None, False),
        (VIEWER, INVITE, None, False),
        (VIEWER, LEAVE, None, True),
        (EDITOR, TASK, None, True),
        (EDITOR, PHONE.delete(TASK), None, True),
        (EDITOR, RENAME_LIST, None, True),
        (EDITOR, DROP_LIST, None, False),
        (EDITOR, INVITE, None, False),
        (EDITOR, REMOVE, AN_EDITOR, False),
        (EDITOR, UNINVITE, None, False),
        (OWNER, TASK, None, True),
        (OWNER, DROP_LIST, None, True),
        (OWNER, INVITE, None, True),
        (OWNER, INVITE_OWNER, None, True),
        (OWNER, REMOVE, AN_OWNER, True),
        (OWNER, UNINVITE, None, False),
        (AUTHOR, NOTE, None, True),
        (AUTHOR, PHONE.delete(NOTE), None, True),
        (AUTHOR, TASK, None, False),
        (AUTHOR, RENAME_LIST, None, False),
        (AUTHOR, INVITE, None, False),
        (AUTHOR, LEAVE, None, True),
        (HOST, TASK, None, True),
        (HOST, INVITE, None, True),
        (HOST, REMOVE, AN_EDITOR, True),
        (HOST, INVITE_OWNER, None, False),
        (HOST, REMOVE, AN_OWNER, False),
        (HOST, INVITE, AN_OWNER, False),
        (HOST, DROP_LIST, None, False),
        (CLERK, LEAVE, granted("me", "clerk"), True),
        (CLERK, PHONE.invite(LIST.id, "me", "viewer"), granted("me", "clerk"), False),
        (HOST, PHONE.invite(LIST.id, "me", "host"), granted("me", "host"), False),
        (OWNER, PHONE.invite(LIST.id, "me", "viewer"), granted("me", "owner"), True),
        (CLERK, PHONE.invite(LIST.id, "bob", "viewer"), None, True),
        (CLERK, PHONE.invite(LIST.id, "bob", "author"), None, True),
        (CLERK, PHONE.invite(LIST.id, "bob", "clerk"), None, True),
        (CLERK, PHONE.invite(LIST.id, "bob", "editor"), None, False),
        (CLERK, PHONE.invite(LIST.id, "bob", "host"), None, False),
        (HOST, PHONE.invite(LIST.id, "bob", "host"), None, True),
        (CLERK, REMOVE, granted("bob", "author"), True),
        (CLERK, REMOVE, granted("bob", "clerk"), True),
        (CLERK, REMOVE, AN_EDITOR, False),
        (CLERK, REMOVE, granted("bob", "host"), False),
        (CLERK, PHONE.invite(LIST.id, "bob", "viewer"), AN_EDITOR, False),
        (CLERK, REMOVE, granted("bob", "declared no more"), True),
    ],
)
def test_the_role_decides_what_may_be_written(role: Role, change: Change, subject: Grant | None, allowed: bool) -> None:
    try:
        check_role(role, change, user="me", is_root=change.kind == "TaskList", subject=subject, roles=ROLES)
    except RoleForbidden:
        assert not allowed
    else:
        assert allowed


@pytest.mark.parametrize("role", [OWNER, HOST])
def test_a_member_record_about_the_maker_is_refused_to_everybody(role: Role) -> None:
    with pytest.raises(RoleForbidden, match="maker of a scope stays its owner"):
        check_role(role, INVITE, user="me", is_root=False, subject=MAKER, roles=ROLES)


def test_who_was_an_owner_once_can_be_invited_by_anybody_who_may_invite() -> None:
    ended = Grant(user="bob", scope=LIST.id, role="owner", since=5, until=7)
    check_role(HOST, INVITE, user="me", is_root=False, subject=ended, roles=ROLES)


def test_who_may_not_give_a_role_is_told_which_they_may() -> None:
    with pytest.raises(RoleForbidden, match=r"no more than it \(viewer, author, clerk\), not editor"):
        check_role(CLERK, INVITE, user="me", is_root=False, subject=None, roles=ROLES)


def test_who_invites_cannot_promote_themselves_or_by_way_of_another() -> None:
    ledger, phone, host, guest = RoledLedger(), ann(), bob(), Phone(user="eve", index=3)
    home = phone.make_root()
    assert set(codes(ledger.push(phone.push(home, phone.invite(home.id, "bob", "clerk"))))) == {""}
    promotion: dict[str, Value] = {"user": "bob", "role": "editor"}
    themselves = host.change("update", MEMBER, member_id(home.id, "bob"), home.id, fields=promotion)
    found = ledger.push(host.push(themselves, host.invite(home.id, "eve"), host.make(home.id)))
    assert codes(found) == ["ROLE_FORBIDDEN"] * 3
    assert codes(ledger.push(guest.push(guest.make(home.id)))) == ["SCOPE_FORBIDDEN"]


def test_who_is_in_a_deleted_scope_may_leave_it_and_be_removed_and_nobody_is_let_in() -> None:
    ledger, phone, host = RoledLedger(), ann(), bob()
    home = phone.make_root()
    invited = [phone.invite(home.id, "bob"), phone.invite(home.id, "eve")]
    ledger.push(phone.push(home, *invited, phone.delete(home)))
    host.ms += MINUTE
    found = ledger.push(host.push(host.update(invited[0], user="bob", role=None)))
    found += ledger.push(phone.push(phone.update(invited[1], user="eve", role=None), phone.invite(home.id, "cem")))
    assert codes(found) == ["", "", "SCOPE_GONE"]
    assert [ledger.grants[user, home.id].holds for user in ("ann", "bob", "eve")] == [True, False, False]


def test_there_are_three_roles_in_every_app() -> None:
    assert list(BUILT_IN) == ["owner", "editor", "viewer"]
