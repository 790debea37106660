"""Roles: what those may write with whom a scope is shared. Reading takes a grant, whatever its role. Pure.

| role             | records of the scope | members                   | deleting the root |
|------------------|----------------------|---------------------------|-------------------|
| viewer           | no                   | no                        | no                |
| editor           | yes                  | no                        | no                |
| owner            | yes                  | yes                       | yes               |
| one of the app's | the kinds it names   | if it says so, see below  | no                |

Who invites and is no owner gives a role that writes no more than their own, and leaves alone whoever has one that
writes more, and themselves: else each would be a step up to the next. Their own they could also keep against an owner
who takes it, by a later stamp.

Everybody may leave, which ends their own membership. The maker of a scope stays its owner: a member record about them
is refused. A member is removed by setting the role to null and not by a delete, so that the same person can be invited
again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from homeport_sync.change import Change
from homeport_sync.rejections import RoleForbidden
from homeport_sync.scope import MEMBER, Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """`writes` are the kinds whose records it may write (None: every one), `members` tells that it may invite, change
    and remove members whose roles it `covers`, `owns` that it may do everything."""

    name: str
    writes: frozenset[str] | None = None
    members: bool = False
    owns: bool = False

    def may_write(self, kind: str) -> bool:
        """Whether it may write records of the kind."""
        return self.writes is None or kind in self.writes

    def covers(self, other: Role) -> bool:
        """Whether the other role may write nothing that this one may not."""
        if self.owns or other.owns:
            return self.owns
        return self.writes is None or (other.writes is not None and other.writes <= self.writes)


OWNER: Final = Role(name="owner", members=True, owns=True)
EDITOR: Final = Role(name="editor")
VIEWER: Final = Role(name="viewer", writes=frozenset())
BUILT_IN: Final[Mapping[str, Role]] = {role.name: role for role in (OWNER, EDITOR, VIEWER)}


def role_of(name: object, roles: Mapping[str, Role]) -> Role:
    """The role of that name; a viewer's, if none is declared under it."""
    return roles.get(str(name), VIEWER)


def check_role(
    role: Role, change: Change, *, user: str, is_root: bool, subject: Grant | None, roles: Mapping[str, Role]
) -> None:
    """Raises `RoleForbidden` if `user`, who has the role, may not make the change.

    `subject` is the grant of the user whom a member record is about; `roles` are those of the app.
    """
    if change.kind == MEMBER:
        _check_member(role, change, user, subject, roles)
    elif is_root and change.op in ("delete", "restore") and not role.owns:
        raise RoleForbidden("Only an owner can delete or restore what is shared as a whole: ask one of them.")
    elif not role.may_write(change.kind):
        raise RoleForbidden(
            "A viewer reads, and writes nothing: ask an owner to be made an editor."
            if role is VIEWER
            else f"Your role, {role.name}, may not write a {change.kind}: ask an owner for another one."
        )


def _check_member(role: Role, change: Change, user: str, subject: Grant | None, roles: Mapping[str, Role]) -> None:
    leaves = change.op == "update" and change.fields == {"user": user, "role": None}
    if not role.members and not leaves:
        raise RoleForbidden("Only an owner can invite, change or remove members: ask one of them.")
    if change.op in ("delete", "restore"):
        raise RoleForbidden("A member record is never deleted: set its role to null to remove the member.")
    if subject and subject.maker:
        raise RoleForbidden("The maker of a scope stays its owner and cannot be invited, changed or removed.")
    if not role.owns and not leaves:
        _check_covered(role, change, user, subject, roles)


def _check_covered(role: Role, change: Change, user: str, subject: Grant | None, roles: Mapping[str, Role]) -> None:
    """What is asked of somebody who invites, and is no owner."""
    if change.fields.get("user") == user:
        raise RoleForbidden("Only an owner can change your own role; you can leave. Ask one of them.")
    given = change.fields.get("role")
    if given is not None and not role.covers(role_of(given, roles)):
        may = ", ".join(each.name for each in roles.values() if role.covers(each))
        raise RoleForbidden(
            f"Your role, {role.name}, may give those that write no more than it ({may}), not {given}: ask an owner."
        )
    if subject and subject.holds and not role.covers(role_of(subject.role, roles)):
        raise RoleForbidden(
            f"Your role, {role.name}, may not change or remove one who is {subject.role}, which writes more than it: "
            "ask an owner."
        )
