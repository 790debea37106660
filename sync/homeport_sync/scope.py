"""Scopes and grants: what is shared together, with whom, in which role. Pure.

A scope is a root record and everything within it; its id is the root's. Whoever makes the root owns the scope,
from the position of that change on and with no server asked: a list made in a tunnel is a list. Others are invited
by a `Member` record. Its id follows from scope and user, so that two owners who invite the same person offline
write one record, which merges.

Reading is decided by the grant alone; what may be written depends on its role (`role.py`). A member is removed by
setting the role to null, so that the same person can be invited again.

What is for all to read is shared with `EVERYBODY`, by a member record like any other, whose role is viewer. It is a
grant of whoever has none of their own in the scope.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Final, cast

import msgspec
from msgspec.structs import replace

from homeport_sync.change import Record

MEMBER = "Member"
EVERYBODY: Final = "*"  # everyone of the tenant; no token is ever issued to, or accepted from, a user of this name

READS: Final = "viewer"


class Grant(msgspec.Struct, frozen=True, kw_only=True):
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


def is_name(name: str) -> bool:
    """Whether somebody can be named so: not blank, with no space around it, and without NUL, which no database takes.
    No token is issued to another."""
    return name != "" and name == name.strip() and "\0" not in name


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


def grant_of(user: str, own: Grant | None, everybodys: Grant | None) -> Grant | None:
    """What `user` has in a scope where they have `own` and everybody has `everybodys`; None if there is neither.

    Their own counts while it holds, everybody's otherwise, which is to read, whatever it says. `since` is where they
    began to hold the scope without a gap, by either: what a device was given by the one it need not be given again for
    the other. `until` is where neither was left.
    """
    everybodys = replace(everybodys, user=user, role=READS) if everybodys else None
    if own is None or everybodys is None:
        return own or everybodys
    counts, other = (own, everybodys) if own.holds or not everybodys.holds else (everybodys, own)
    gap = other.until is not None and other.until < counts.since
    since = counts.since if gap else min(own.since, everybodys.since)
    until = None if counts.holds else max(own.until or 0, everybodys.until or 0)
    return replace(counts, since=since, until=until)


def grants_of(user: str, grants: Iterable[Grant]) -> list[Grant]:
    """What `user` has, one grant a scope in the order of the scopes: of `grants`, which are theirs and everybody's."""
    own, everybodys = dict[str, Grant](), dict[str, Grant]()
    for grant in grants:
        (everybodys if grant.user == EVERYBODY else own)[grant.scope] = grant
    merged = (grant_of(user, own.get(scope), everybodys.get(scope)) for scope in sorted(own.keys() | everybodys.keys()))
    return [grant for grant in merged if grant is not None]
