"""The oracle: what every record and every grant must be, worked out the slow and simple way.

Devices and server share one merge, so they could agree on a wrong answer. The oracle shares no code with them: it
takes everything that was accepted, in the order of the log, and says

- a record that anybody deleted is gone, whatever else was written to it, until a restore that is stamped later says it
  anew: then nothing from before counts any more, however late it comes;
- a record is where it was made, or where the latest move has taken it;
- every other field holds the value of the write with the greatest stamp, a tie going to the greater JSON text, or
  what its rule makes of all that was written to it (`fields.py`);
- whoever made a list owns it; the newest role in the log, merged by the same rule, says who else may see it;
- what a command has written is taken from the log: what it comes to is the app's own business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from homeport_client.fleet.check.effects import Name, called, effect, in_order, is_call
from homeport_client.fleet.check.fields import Write, stands
from homeport_client.fleet.check.witness import Told
from homeport_sync.catalog import Kind
from homeport_sync.change import Fields
from homeport_sync.ports import LogEntry
from homeport_sync.role import BUILT_IN, OWNER, VIEWER, Role
from homeport_sync.scope import EVERYBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One record as it must be, in the scope in which it is. A deleted one has no fields."""

    id: str
    kind: str
    scope: str
    fields: Fields
    deleted: bool


def accepted(told: Sequence[Told], log: Sequence[LogEntry] = ()) -> dict[Name, Told]:
    """The changes that were acknowledged and not rejected, by device and number.

    One that a forked phone sent again under its new id is known by its stamp, and stands under the name that the `log`
    has.
    """
    names = {(entry.record, entry.stamp): (entry.device, entry.number) for entry in log}
    logged, found = set(names.values()), dict[Name, Told]()
    calls = called((each for each in told if each.outcome.outcome != "rejected"), log)
    for each in told:
        if each.outcome.outcome != "rejected":
            name = calls.get(each.change.id, (each.device, each.change.number))
            if name not in logged and each.change.stamp[-8:] != each.device[-8:]:
                name = names.get((each.change.id, each.stamp), name)
            found[name] = replace(each, device=name[0])
    return found


def records(
    changes: Mapping[Name, Told], log: Sequence[LogEntry] = (), kinds: Mapping[str, Kind] = {}
) -> dict[str, Truth]:
    """Every record that the accepted changes speak of, by id. They count in the order of the log; what is missing
    there, though it was accepted, comes last."""
    places = {(entry.device, entry.number): entry.position for entry in log}
    written = [(places.get(name, inf), told) for name, told in changes.items() if not is_call(told)]
    for entry in log:
        told = changes.get((entry.device, entry.number))
        if told is not None and is_call(told):
            written.append((entry.position, effect(told, entry)))
    by_record: dict[str, list[Told]] = {}
    for _, each in sorted(written, key=lambda placed: placed[0]):
        by_record.setdefault(each.change.id, []).append(each)
    return {id: _truth(id, writes, kinds) for id, writes in by_record.items()}


class Grants:
    """Who may see which scope, as the log tells it, one change after the other, where there are these roles."""

    def __init__(self, roles: Mapping[str, Role] = BUILT_IN) -> None:
        self.deleted: set[str] = set()
        self._roles = roles
        self._makers: dict[str, str] = {}
        self._members: dict[str, dict[str, list[Told]]] = {}
        self._places: dict[str, str] = {}

    def scopes(self) -> set[str]:
        """The scopes that anybody has made."""
        return set(self._makers)

    def users(self, scope: str) -> frozenset[str]:
        """The users with a grant in the scope now."""
        made_by = {self._makers[scope]} if scope in self._makers else set()
        members = (_newest(writes) for writes in self._members.get(scope, {}).values())
        return frozenset(made_by | {str(each["user"]) for each in members if each.get("role") is not None})

    def role(self, user: str, scope: str) -> Role | None:
        """The user's role in the scope now; None without a grant. One that is not declared may write nothing."""
        if self._makers.get(scope) == user:
            return OWNER
        members = [_newest(writes) for writes in self._members.get(scope, {}).values()]
        roles = {str(each["user"]): each["role"] for each in members if each.get("role") is not None}
        named = roles.get(user, roles.get(EVERYBODY))
        return None if named is None else self._roles.get(str(named), VIEWER)

    def allow(self, told: Told) -> bool:
        """Whether this user may write this change where its record is, a move also where it goes, or call this command,
        now."""
        change = told.change
        if change.id == change.scope and change.op == "create":
            return True
        goes = [change.into] if change.op == "move" else []
        return all(self._allow_in(scope, told) for scope in [self._places.get(change.id, change.scope), *goes])

    def _allow_in(self, scope: str, told: Told) -> bool:
        change, role = told.change, self.role(told.user, scope)
        ends = change.kind == "Member" and change.fields.get("role", "") is None
        if role is None or (scope in self.deleted and change.id != scope and not ends):
            return False
        if change.kind == "Member":
            return self._allow_member(told, role)
        if change.id == scope and change.op in ("delete", "restore"):
            return role.owns
        return role.owns or role.writes is None or change.kind in role.writes

    def _allow_member(self, told: Told, role: Role) -> bool:
        """Whether whoever has this role may make, change or end a membership."""
        change = told.change
        user, given = str(change.fields["user"]), change.fields.get("role")
        if self._makers.get(change.scope) == user:
            return False
        if role.owns or change.fields == {"user": told.user, "role": None}:
            return True
        concerned = [self.role(user, change.scope), None if given is None else self._roles.get(str(given), VIEWER)]
        return role.members and user != told.user and all(_is_below(each, role) for each in concerned if each)

    def take(self, told: Told) -> None:
        """The next accepted change."""
        change, counts = told.change, told.outcome.outcome != "superseded"
        if change.kind == "Member":
            self._members.setdefault(change.scope, {}).setdefault(change.id, []).append(told)
        elif change.op == "create":
            self._places.setdefault(change.id, change.scope)
            if change.id == change.scope:
                self._makers[change.id] = told.user
        elif change.op == "move" and counts:
            self._places[change.id] = change.into
        elif change.op == "delete" and counts:
            self.deleted.add(change.id)
        elif change.op == "restore" and counts:
            self.deleted.discard(change.id)


def grants(log: Sequence[LogEntry], changes: Mapping[Name, Told]) -> Grants:
    """The grants at the end of the log."""
    known = Grants()
    for _, told in in_order(log, changes):
        known.take(told)
    return known


def intruders(
    log: Sequence[LogEntry], changes: Mapping[Name, Told], roles: Mapping[str, Role] = BUILT_IN
) -> list[Told]:
    """The accepted changes whose user had no right to them at their position, or whose scope was deleted by then. Of a
    command the right to call it is asked for, and not that to what it writes."""
    known, found = Grants(roles), []
    for entry, told in in_order(log, changes):
        asked = changes[entry.device, entry.number]
        if not known.allow(asked):
            found.append(asked)
        known.take(told)
    return found


def _is_below(one: Role, other: Role) -> bool:
    """Whether it may write nothing that the other, which is no owner, may not."""
    return not one.owns and (other.writes is None or (one.writes is not None and not one.writes - other.writes))


def _truth(id: str, writes: Sequence[Told], kinds: Mapping[str, Kind]) -> Truth:
    first = writes[0].change
    scope, moved, deleted, restored = first.scope, "", "", ""
    counting: list[Told] = []
    for each in writes:
        op, stamp = each.change.op, each.stamp
        if op == "restore":
            if deleted and stamp > deleted:
                deleted, restored, counting = "", stamp, [each]
        elif deleted or stamp <= restored:
            continue
        elif op == "delete":
            deleted = stamp
        elif op != "move":
            counting.append(each)
        elif stamp > moved:
            scope, moved = each.change.into, stamp
    fields = {} if deleted else _newest(counting, kinds.get(first.kind))
    return Truth(id=id, kind=first.kind, scope=scope, fields=fields, deleted=bool(deleted))


def _newest(writes: Sequence[Told], kind: Kind | None = None) -> Fields:
    """Every field that was written, as it must be after these writes, in the order of the log."""
    by_field: dict[str, list[Write]] = {}
    for each in writes:
        for name, written in each.change.fields.items():
            by_field.setdefault(name, []).append(Write(stamp=each.stamp, written=written))
    return {name: stands(kind.fields.get(name) if kind else None, those) for name, those in by_field.items()}
