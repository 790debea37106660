"""What could be a reason for a rejection: all that ever happened, in whatever order it arrived."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from homeport_client.fleet.check.evidence import Evidence
from homeport_client.fleet.check.witness import Told
from homeport_sync.change import Edits, Logged
from homeport_sync.ports import LogEntry
from homeport_sync.role import VIEWER
from homeport_sync.scope import EVERYBODY, MEMBER, member_id

COMMAND_CODES = ("COMMAND_REFUSED", "COMMAND_FAILED", "COMMAND_TIMED_OUT", "COMMAND_TOO_LARGE")


@dataclass(slots=True, kw_only=True)
class _Happened:
    """By record and what happened to it (it was made, deleted, written; of members: it is the maker's, they were let
    in, put out), who or in which role. It stands on what happened `before`."""

    facts: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    before: _Happened | None = None

    def of(self, what: str, id: str) -> set[str]:
        """All that is known of it; nothing, if it did not happen."""
        return self.facts.get((what, id), set()) | (self.before.of(what, id) if self.before else set())

    def take(self, op: Logged, kind: str, record: str, scope: str, fields: Edits, *, user: str, device: str) -> None:
        """One more."""
        self.facts["written", record].add(device)
        if op in ("create", "delete"):
            self.facts[op, record].add(device)
        if kind == MEMBER and "role" in fields:
            role = fields["role"]
            self.facts["put out" if role is None else "let in", record].add(str(role))
        elif record == scope and op == "create":
            self.facts["maker", member_id(scope, user)].add(user)


class History:
    """Everything that was `told`, each once, and the log. A code that is not named here has no reason: a device writes
    nothing that is not valid."""

    def __init__(self, told: Sequence[Told], evidence: Evidence) -> None:
        self._kinds, self._roles = evidence.kinds, evidence.roles
        self._happened = _Happened()
        self._since = _firsts(evidence.log)
        for entry in evidence.log:
            self._happened.take(
                entry.op, entry.kind, entry.record, entry.scope, entry.fields, user=entry.user, device=entry.device
            )
        self._groups: dict[tuple[str, int], list[Told]] = defaultdict(list)
        self._undone, self._refused = set[str](), set[str]()
        self._scopes: dict[str, set[str]] = defaultdict(set)  # in which a record was made, and into which it was moved
        self._called: set[tuple[str, str]] = set()
        for each in told:
            if each.change.group is not None:
                self._groups[_unit(each)].append(each)
            if each.change.op == "command":
                self._called.add((each.user, each.change.scope))
            if each.change.op in ("create", "move"):
                self._scopes[each.change.id].add(each.change.into or each.change.scope)
            if each.outcome.outcome == "rejected":
                if each.code != "STALE":
                    self._undone.add(each.change.id)
                if each.change.op == "create":
                    self._refused.add(each.change.id)

    def allows(self, told: Told) -> bool:
        """Whether something that happened is a reason for this rejection."""
        change, group = told.change, self._groups.get(_unit(told), [])
        if told.code == "GROUP_REJECTED":
            return any(each.code not in ("", "GROUP_REJECTED") for each in group)
        there = self._happened
        if change.group is not None:  # what came before it in its group had happened for it, though it was undone
            there = _Happened(before=there)
            for each in sorted(group, key=lambda each: each.change.number):
                if each.change.number < change.number:
                    was = each.change
                    there.take(was.op, was.kind, was.id, was.scope, was.fields, user=each.user, device=each.device)
        return self._reasons(told, there).get(told.code, False)

    def _reasons(self, told: Told, there: _Happened) -> dict[str, bool]:
        """By code, whether there is one."""
        change = told.change
        named = {change.scope, change.into or change.scope}
        scopes = named | self._scopes.get(change.id, set())
        rules = change.kind in self._kinds and bool(self._kinds[change.kind].allows)
        return {
            "SCOPE_GONE": any(there.of("delete", scope) or not there.of("create", scope) for scope in scopes),
            "SCOPE_FORBIDDEN": any(_was_put_out(told.user, scope, there) for scope in named),
            "RECORD_GONE": not (there.of("create", change.id) and there.of("create", change.scope))
            or (len(scopes) > 1 and any(self._was_away(told, scope, there) for scope in scopes)),
            "RECORD_EXISTS": change.op == "create" and bool(there.of("create", change.id)),
            "DEPENDS_ON_REJECTED": bool({change.id, *named} & self._refused),
            "ROLE_FORBIDDEN": any(self._may_not(told, there, scope) for scope in scopes),
            "NOT_ALLOWED": rules,
            "RULE_FAILED": rules,
            "STALE": self._is_stale(told, there),
            **dict.fromkeys(COMMAND_CODES, change.op == "command"),
        }

    def _was_away(self, told: Told, scope: str, there: _Happened) -> bool:
        """Whether the record may have been in the scope while the user had no grant there."""
        member = member_id(scope, told.user)
        if there.of("maker", member):
            return False
        arrived, let_in = self._since.get(f"{told.change.id} in {scope}", inf), self._since.get(member, inf)
        return bool(there.of("put out", member)) or arrived < let_in

    def _may_not(self, told: Told, there: _Happened, scope: str) -> bool:
        """Whether the user ever had a role in the scope that does not do."""
        change = told.change
        users = (told.user, EVERYBODY)
        named = {role for user in users for role in there.of("let in", member_id(scope, user))}
        roles = [self._roles.get(name, VIEWER) for name in named]
        below_owner = any(not role.owns for role in roles)
        if change.kind == MEMBER:
            return change.op == "delete" or bool(there.of("maker", change.id)) or below_owner
        if change.op == "delete" and change.id == change.scope and below_owner:
            return True
        return any(not role.may_write(change.kind) for role in roles)

    def _is_stale(self, told: Told, there: _Happened) -> bool:
        """Whether anything could be otherwise than its device had seen it: another has written there, or what the
        device itself had expected was refused, or came otherwise since a command did it."""
        change = told.change
        foreign = there.of("written", change.id) - {told.device}
        return bool(foreign) or change.id in self._undone or (told.user, change.scope) in self._called


def _firsts(log: Sequence[LogEntry]) -> dict[str, int]:
    """The position at which a member was first let in, and a record first moved into a scope."""
    since: dict[str, int] = {}
    for entry in log:
        if entry.op == "move":
            since.setdefault(f"{entry.record} in {entry.scope}", entry.position)
        elif entry.fields.get("role") is not None:
            since.setdefault(entry.record, entry.position)
    return since


def _was_put_out(user: str, scope: str, there: _Happened) -> bool:
    """Whether the user had no grant in a scope any more, or never."""
    member = member_id(scope, user)
    return bool(there.of("put out", member)) or not (there.of("let in", member) or there.of("maker", member))


def _unit(told: Told) -> tuple[str, int]:
    """The change, or the first of its group."""
    group = told.change.group
    return told.device, told.change.number - (group.at - 1 if group else 0)
