"""Who may do what, as the checkers know it from the log alone, whatever the server said."""

from __future__ import annotations

import pytest

from homeport_client.fleet.check.oracle import Grants
from homeport_client.fleet.check.witness import Told
from homeport_sync.change import Change, Outcome
from homeport_sync.role import BUILT_IN, Role
from homeport_sync.scope import MEMBER, member_id
from tests.unit.sync.tasks import ann

ROLES = {**BUILT_IN, "clerk": Role(name="clerk", writes=frozenset({"Note"}), members=True)}


def told(user: str, change: Change) -> Told:
    return Told(user=user, device="d", change=change, outcome=Outcome(number=change.number, outcome="applied"))


@pytest.mark.parametrize(
    ("user", "was", "becomes", "right"),
    [
        ("eve", None, "viewer", True),
        ("eve", None, "clerk", True),
        ("eve", None, "editor", False),
        ("eve", None, "owner", False),
        ("eve", "clerk", None, True),
        ("eve", "editor", None, False),
        ("eve", "editor", "viewer", False),
        ("eve", "owner", None, False),
        ("bob", "clerk", "editor", False),
        ("bob", "clerk", "viewer", False),
        ("bob", "clerk", None, True),
        ("ann", "owner", None, False),
    ],
)
def test_who_invites_gives_and_takes_no_more_than_they_have(
    user: str, was: str | None, becomes: str | None, right: bool
) -> None:
    known, phone = Grants(ROLES), ann()
    home = phone.make_root()
    known.take(told("ann", home))
    known.take(told("ann", phone.invite(home.id, "bob", "clerk")))
    if user == "eve":
        known.take(told("ann", phone.invite(home.id, "eve", was)))
    fields = {"user": user, "role": becomes}
    change = phone.change("update", MEMBER, member_id(home.id, user), home.id, fields={**fields})
    assert known.allow(told("bob", change)) == right
