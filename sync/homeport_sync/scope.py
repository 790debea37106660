"""Scopes and grants: what is shared together, with whom, in which role. Pure.

A scope is a root record and everything within it; its id is the root's. Whoever makes the root owns the scope,
from the position of that change on and with no server asked: a list made in a tunnel is a list. Others are invited
by a `Member` record. Its id follows from scope and user, so that two owners who invite the same person offline
write one record, which merges.

Reading is decided by the grant alone; what may be written depends on the role:

| role   | records of the scope | members | deleting the root |
|--------|----------------------|---------|-------------------|
| viewer | no                   | no      | no                |
| editor | yes                  | no      | no                |
| owner  | yes                  | yes     | yes               |

Everybody may leave, which ends their own membership. The maker of a scope stays its owner: a member record about them
is refused. A member is removed by setting the role to null and not by a delete, so that the same person can be invited
again.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast, get_args

from homeport_sync.change import Change, Record
from homeport_sync.errors import RoleForbidden

Role: TypeAlias = Literal["owner", "editor", "viewer"]
ROLES: tuple[Role, ...] = get_args(Role)
MEMBER = "Member"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A user's role in a scope, in force after position `since`; `until` is where it ended (None: it has not).

    `maker` marks the user who made the scope. Grants are decided by position, never by stamp.
    """

    user: str
    scope: str
    role: Role
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


def check_role(grant: Grant, change: Change, *, is_root: bool, subject: Grant | None) -> None:
    """Raises `RoleForbidden` if the grant does not allow the change.

    `subject` is the grant of the user whom a member record is about.
    """
    if change.kind == MEMBER:
        if grant.role != "owner" and not _leaves(grant.user, change):
            raise RoleForbidden("Only an owner can invite, change or remove members: ask one of them.")
        if change.op == "delete":
            raise RoleForbidden("A member record is never deleted: set its role to null to remove the member.")
        if subject and subject.maker:
            raise RoleForbidden("The maker of a scope stays its owner and cannot be invited, changed or removed.")
    elif grant.role == "viewer":
        raise RoleForbidden("A viewer reads, and writes nothing: ask an owner to be made an editor.")
    elif is_root and change.op == "delete" and grant.role != "owner":
        raise RoleForbidden("Only an owner can delete what is shared as a whole: ask one of them.")


def _leaves(user: str, change: Change) -> bool:
    """Whether somebody ends their own membership, and nothing else."""
    return change.op == "update" and change.fields == {"user": user, "role": None}


def grant_after(member: Record, before: Grant | None, position: int) -> Grant:
    """The grant of a member record's user once the record has changed at `position`."""
    user, role = str(member.fields["user"]), cast(Role | None, member.fields.get("role"))
    held = before is not None and before.holds
    since = before.since if before and held else position
    if role is None:
        last = before.role if before else "editor"
        until = position if held or before is None else before.until
        return Grant(user=user, scope=member.scope, role=last, since=before.since if before else position, until=until)
    return Grant(user=user, scope=member.scope, role=role, since=since)
