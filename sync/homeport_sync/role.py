"""Roles: what those may write with whom a scope is shared. Reading takes a grant, whatever its role. Pure.

| role             | records of the scope | members                   | deleting the root |
|------------------|----------------------|---------------------------|-------------------|
| viewer           | no                   | no                        | no                |
| editor           | yes                  | no                        | no                |
| owner            | yes                  | yes                       | yes               |
| one of the app's | the kinds it names   | if it says so, not owners | no                |

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
    and remove members that are no owners, `owns` that it may do everything."""

    name: str
    writes: frozenset[str] | None = None
    members: bool = False
    owns: bool = False

    def may_write(self, kind: str) -> bool:
        """Whether it may write records of the kind."""
        return self.writes is None or kind in self.writes


OWNER: Final = Role(name="owner", members=True, owns=True)
EDITOR: Final = Role(name="editor")
VIEWER: Final = Role(name="viewer", writes=frozenset())
BUILT_IN: Final[Mapping[str, Role]] = {role.name: role for role in (OWNER, EDITOR, VIEWER)}


def check_role(role: Role, change: Change, *, user: str, is_root: bool, subject: Grant | None) -> None:
    """Raises `RoleForbidden` if `user`, who has the role, may not make the change.

    `subject` is the grant of the user whom a member record is about.
    """
    if change.kind == MEMBER:
        _check_member(role, change, user, subject)
    elif is_root and change.op in ("delete", "restore") and not role.owns:
        raise RoleForbidden("Only an owner can delete or restore what is shared as a whole: ask one of them.")
    elif not role.may_write(change.kind):
        raise RoleForbidden(
            "A viewer reads, and writes nothing: ask an owner to be made an editor."
            if role is VIEWER
            else f"Your role, {role.name}, may not write a {change.kind}: ask an owner for another one."
        )


def _check_member(role: Role, change: Change, user: str, subject: Grant | None) -> None:
    leaves = change.op == "update" and change.fields == {"user": user, "role": None}
    if not role.members and not leaves:
        raise RoleForbidden("Only an owner can invite, change or remove members: ask one of them.")
    if change.op in ("delete", "restore"):
        raise RoleForbidden("A member record is never deleted: set its role to null to remove the member.")
    if subject and subject.maker:
        raise RoleForbidden("The maker of a scope stays its owner and cannot be invited, changed or removed.")
    is_owner = subject is not None and subject.holds and subject.role == OWNER.name
    if not role.owns and not leaves and (is_owner or change.fields.get("role") == OWNER.name):
        raise RoleForbidden("Only an owner can make somebody an owner, change or remove one: ask one of them.")
