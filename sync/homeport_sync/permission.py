"""Whether a change may be made, where it says, by whom it says: steps 2 and 3 of the intake. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from homeport_sync.allow import Write
from homeport_sync.catalog import Catalog, Kind, check_everybody
from homeport_sync.change import Change
from homeport_sync.overlay import Overlay
from homeport_sync.push import Push
from homeport_sync.rejections import (
    DependsOnRejected,
    RecordExists,
    RecordGone,
    Rejection,
    ScopeForbidden,
    ScopeGone,
)
from homeport_sync.role import OWNER, Role, check_role
from homeport_sync.scope import EVERYBODY, MEMBER, Grant
from homeport_sync.seen import Seen
from homeport_sync.verdict import Judged


def located(push: Push, change: Change, there: Overlay) -> Change:
    """The change where its record is: it may have been moved meanwhile, into a scope that the writer has as well."""
    stored = there.record(change.id)
    if stored is None or change.op == "create" or change.scope == stored.record.scope or change.kind == MEMBER:
        return change
    scope = stored.record.scope
    there.want_scope(push.user, scope)
    return change if scope == change.id or there.held(push.user, scope) is None else replace(change, scope=scope)


def permitted(push: Push, change: Change, catalog: Catalog, there: Overlay) -> Kind:
    """The kind of a change that its caller may make. Raises the `Rejection` of the first step that fails."""
    kind = catalog.kinds.get(change.kind)
    grant = _granted(push, change, kind, catalog, there)  # step 2
    kind = catalog.check(change)  # step 3
    if grant is not None:
        _check_place(push, change, catalog, catalog.role(grant.role), there)
        if change.op == "move":
            _check_goal(push, change, kind, catalog, there)
        _check_audience(change, catalog, there)
    elif there.record(change.id) is not None:  # a root is being made, and nothing is there that is the caller's
        raise RecordExists
    return kind


def granted(push: Push, change: Change, there: Overlay) -> Grant:
    """The caller's grant in the scope. Raises the `Rejection` that tells that there is none."""
    grant = there.held(push.user, change.scope)
    if grant is None:
        raise _not_granted(push, change, there)
    return grant


def _granted(push: Push, change: Change, kind: Kind | None, catalog: Catalog, there: Overlay) -> Grant | None:
    """The caller's grant in the scope; None where a root is being made, and a grant with it."""
    grant = there.held(push.user, change.scope)
    if grant is not None:
        return grant
    if kind is None:
        catalog.kind(change.kind)  # raises: a kind that is not there is no question of grants
    elif kind.is_root and change.op == "create":
        return None
    raise _not_granted(push, change, there)


def _not_granted(push: Push, change: Change, there: Overlay) -> Rejection:
    if there.depends(push.device, change.scope):
        return DependsOnRejected()
    return ScopeForbidden(
        f"You have no grant in scope {change.scope}: ask one of its owners for one.", scope=change.scope
    )


def _check_place(push: Push, change: Change, catalog: Catalog, role: Role, there: Overlay) -> None:
    """The rest of step 3: role, scope and record fit the change."""
    kind = catalog.kinds[change.kind]
    subject = there.grant(str(change.fields.get("user")), change.scope) if kind.name == MEMBER else None
    check_role(role, change, user=push.user, is_root=kind.is_root, subject=subject, roles=catalog.roles)
    _check_root(change.scope, kind, there, ends=change.kind == MEMBER and change.fields.get("role", "") is None)
    stored = there.record(change.id)
    if stored is not None and stored.record.scope == change.scope and stored.record.kind == change.kind:
        return
    if change.op != "create":
        if there.depends(push.device, change.id):
            raise DependsOnRejected
        raise RecordGone


def _check_goal(push: Push, change: Change, kind: Kind, catalog: Catalog, there: Overlay) -> None:
    """Whether the record may go where a move takes it: its writer could make it there."""
    into = replace(change, scope=change.into)
    role = catalog.role(granted(push, into, there).role)
    check_role(role, into, user=push.user, is_root=False, subject=None, roles=catalog.roles)
    _check_root(change.into, kind, there)


def _check_root(scope: str, kind: Kind, there: Overlay, *, ends: bool = False) -> None:
    """Whether the root is there, and of a kind that fits; a deleted one does if the change `ends` a membership."""
    root = there.record(scope)
    if root is None or (root.record.deleted and not kind.is_root and not ends):
        raise ScopeGone
    kind.check_within(root.record.kind)


def _check_audience(change: Change, catalog: Catalog, there: Overlay) -> None:
    """The end of that: what is shared with everybody may be."""
    root = there.record(change.scope)
    if change.kind == MEMBER and change.fields.get("user") == EVERYBODY and root is not None:
        check_everybody(change.fields.get("role"), catalog.kinds.get(root.record.kind))


def check_allowed(push: Push, change: Change, judged: Judged, kind: Kind, there: Overlay) -> None:
    """The end of step 3, which can only be asked once the merge is known: whether the app's rules allow the write.

    Raises the `Rejection` of the first that does not. What takes no effect is not asked about.
    """
    if not kind.allows or judged.after is None:
        return
    grant = there.held(push.user, change.scope)
    before = judged.before.record if judged.before and not judged.before.record.deleted else None
    write = Write(
        user=push.user,
        role=grant.role if grant else OWNER.name,
        op=change.op,
        record=change.id,
        scope=change.scope,
        into=change.into,
        changed=frozenset(change.fields),
        before=Seen(kind, before.fields) if before else None,
        after=None if judged.after.deleted else Seen(kind, judged.after.fields),
    )
    for allow in kind.allows:
        allow.check(write)
