"""Scopes and grants: what is shared together, with whom, in which role. Pure.

A scope is a root record and everything within it; its id is the root's. Whoever makes the root owns the scope,
from the position of that change on and with no server asked: a list made in a tunnel is a list. Others are invited
by a `Member` record. Its id follows from scope and user, so that two owners who invite the same person offline
write one record, which merges.

Reading is decided by the grant alone; what may be written depends on its role (`role.py`). A member is removed by
setting the role to null, so that the same person can be invited again.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import cast

from homeport_sync.change import Record

MEMBER = "Member"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A user's role in a scope, in force after position `since`; `until` is where it ended (None: it has not).

    `maker` marks the user who made the scope. Grants are decided by position, never by stamp.
    """

    user: str
    scope: str
    role: str
    since: int
    until: int | None = None
    maker: bool = False

    @property
    def holds(self) -> bool:
        """Whether the grant is in force at the head."""
        return self.until is None


def member_id(scope: str, user: str) -> str:
    """The id of the member record of `user` in `scope`: a name-based UUID (RFC 9562, version 5)."""
    return str(uuid.uuid5(uuid.UUID(scope), user))


def grant_after(member: Record, before: Grant | None, position: int) -> Grant:
    """The grant of a member record's user once the record has changed at `position`."""
    user, role = str(member.fields["user"]), cast(str | None, member.fields.get("role"))
    held = before is not None and before.holds
    since = before.since if before and held else position
    if role is None:
        last = before.role if before else "editor"
        until = position if held or before is None else before.until
        return Grant(user=user, scope=member.scope, role=last, since=before.since if before else position, until=until)
    return Grant(user=user, scope=member.scope, role=role, since=since)
