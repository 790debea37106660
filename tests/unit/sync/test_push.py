"""What must be loaded to decide a push."""

from __future__ import annotations

from homeport_sync.push import wanted
from homeport_sync.scope import EVERYBODY
from tests.unit.sync.tasks import ann


def test_an_invitation_needs_to_know_what_the_guest_has_already() -> None:
    phone = ann()
    root = phone.make_root()
    asked = wanted([phone.push(phone.invite(root.id, "eve"))])
    assert asked.grants == {(user, root.id) for user in ("ann", "eve", EVERYBODY)}


def test_nobody_is_looked_up_whose_name_no_database_takes() -> None:
    phone = ann()
    root = phone.make_root()
    asked = wanted([phone.push(phone.invite(root.id, "eve\0"))])
    assert asked.grants == {(user, root.id) for user in ("ann", EVERYBODY)}
