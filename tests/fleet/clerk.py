"""The clerk: what a server must answer to a push, and what must stand in its log then, as PROTOCOL.md says.

Beside every push that a real server takes, the clerk decides it again on paper (`paper.py`), change by change, and
compares: the outcome and its code, the entries of the log, what every field holds. Only what the protocol leaves to the
server is taken from there: to what a stamp is lowered, and the ids and stamps of what a command has written.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from homeport_client.fleet.check.fields import Write, json_text
from homeport_client.fleet.check.ledger import Due
from homeport_client.fleet.check.witness import Told
from homeport_sync.change import Change, Outcome, decode_change
from homeport_sync.limits import LIMITS
from homeport_sync.ports import LogEntry
from homeport_sync.scope import MEMBER
from homeport_sync.wire import PushAnswer, PushMessage
from tests.fleet.errands import ERRANDS, INVITES, WRITES, Effects, Refused, Row, check_rule
from tests.fleet.paper import Paper, Sheet

APPLIED = Due(outcome="applied", lost=frozenset(), fields={}, before={})


@dataclass(slots=True, kw_only=True)
class Known:
    """A device: whose it is, and each of its changes, as it came and what it was told."""

    user: str
    told: list[tuple[str, Outcome]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who pushes."""

    user: str
    device: str


class Clerk:
    """`paper` is what must be; `accepted` counts how often each change took effect, `rejected` are those that did not,
    both by `name_of`; `words` says which outcomes and codes came up, for who wonders what was reached."""

    def __init__(self) -> None:
        self.paper = Paper()
        self.accepted: Counter[str] = Counter()
        self.rejected: set[str] = set()
        self.words: Counter[str] = Counter()
        self._devices: dict[str, Known] = {}
        self._stamped: dict[str, list[tuple[str, Outcome]]] = {}
        self._refused: set[tuple[str, str]] = set()
        self._entries: deque[LogEntry] = deque()
        self._now_ms = 0
        self._took_effect = True

    def copy(self) -> Clerk:
        """Another one who knows the same."""
        other = Clerk()
        other.paper = self.paper.copy()
        other.accepted, other.rejected = self.accepted.copy(), {*self.rejected}
        other._devices = {id: Known(user=each.user, told=[*each.told]) for id, each in self._devices.items()}
        other._stamped = {stamp: [*those] for stamp, those in self._stamped.items()}
        other._refused = {*self._refused}
        return other

    def took(
        self, user: str, message: PushMessage, answer: PushAnswer, entries: Sequence[LogEntry], now_ms: int
    ) -> None:
        """A server has answered so, with these new entries in its log; `now_ms` was its time. Raises `AssertionError`
        if it must have been otherwise."""
        self._entries, self._now_ms = deque(entries), now_ms
        sent, told = [decode_change(raw) for raw in message.changes], deque(answer.outcomes)
        error = self._decide(Caller(user=user, device=message.device), sent, told)
        codes = [each.code for each in answer.errors if not each.code.startswith("CURSOR_")]  # those are the page's
        assert codes == ([error] if error else []), answer.errors
        assert not told, f"more was decided than could be: {told}"
        assert not self._entries, f"nobody has asked for {self._entries}"

    def _decide(self, caller: Caller, sent: Sequence[Change], told: deque[Outcome]) -> str:
        known = self._devices.setdefault(caller.device, Known(user=caller.user))
        if known.user != caller.user:
            return "DEVICE_FOREIGN"
        at = 0
        while at < len(sent):
            change = sent[at]
            if change.number > len(known.told) + 1:
                return "NUMBER_GAP"
            if change.number <= len(known.told):  # step 1
                body, outcome = known.told[change.number - 1]
                if body != body_of(change):
                    return "DEVICE_FORKED"
                assert told.popleft() == outcome, "an outcome is final"
                at += 1
                continue
            unit = sent[at : at + (change.group.of if change.group else 1)]
            if change.group and len(unit) < change.group.of:
                return "GROUP_CUT"
            self._decide_unit(caller, known, unit, [told.popleft() for _ in unit])
            at += len(unit)
        return ""

    def _decide_unit(self, caller: Caller, known: Known, unit: Sequence[Change], told: Sequence[Outcome]) -> None:
        """A change, or a group, which takes effect whole or not at all."""
        paper, self._took_effect = self.paper.copy(), not code_of(told[0])
        codes = [""] * len(unit)
        for at, (change, outcome) in enumerate(zip(unit, told, strict=True)):
            try:
                due = self._due(paper, caller, change, outcome)
            except Refused as refused:
                codes = ["GROUP_REJECTED"] * len(unit)
                codes[at] = refused.code
                break
            if self._took_effect:
                said = (outcome.outcome, frozenset(outcome.lost))
                assert said == (due.outcome, due.lost), f"{change} was told {said}, expected {due}"
        assert [code_of(each) for each in told] == codes, f"{unit} were told {told}, expected {codes}"
        if not codes[0]:
            self.paper = paper
        for change, outcome, code in zip(unit, told, codes, strict=True):
            self._keep(caller, known, change, outcome, code)

    def _keep(self, caller: Caller, known: Known, change: Change, outcome: Outcome, code: str) -> None:
        known.told.append((body_of(change), outcome))
        self.words[code or f"{change.op} {outcome.outcome}"] += 1
        if code:
            assert (outcome.outcome, bool((outcome.error or {}).get("message"))) == ("rejected", True)
            self.rejected.add(name_of(change))
            if change.op == "create":
                self._refused.add((caller.device, change.id))
        elif not self._former(caller, change):
            self.accepted[name_of(change)] += 1
        self._stamped.setdefault(change.stamp, []).append((body_of(change), outcome))

    def _former(self, caller: Caller, change: Change) -> Outcome | None:
        """What the device was told about it under a former id, by which it is stamped, unless it was refused there."""
        if change.stamp[-8:] == caller.device[-8:]:
            return None
        those = [outcome for body, outcome in self._stamped.get(change.stamp, []) if body == body_of(change)]
        return next((each for each in those if each.outcome != "rejected"), None)

    def _due(self, paper: Paper, caller: Caller, change: Change, told: Outcome) -> Due:
        """What must become of one change, written on the paper. Raises `Refused`."""
        former = self._former(caller, change)
        if former is not None:
            return Due(outcome=former.outcome, lost=frozenset(former.lost), fields={}, before={})
        change = self._located(paper, caller, change)
        role = self._role(paper, caller, change)  # step 2
        if change.op == "command":
            return self._call(paper, caller, change, role, self._stamp(change, told))
        if role is not None:
            self._check_role(paper, caller.user, change, role)  # step 3
            self._check_place(paper, caller, change)
            if change.op == "move":
                self._check_goal(paper, caller, change)
        elif change.id in paper.sheets:
            raise Refused("RECORD_EXISTS")
        sheet = paper.sheets.get(change.id) or Sheet.empty(change.id, change.kind, change.scope)
        before = sheet.row() if sheet.there else None
        stamp = self._stamp(change, told)
        due = self._write(paper, sheet.copy(), caller, change, stamp)
        whole = change.op in ("delete", "move") and due.outcome != "superseded"
        if due.fields or whole or not sheet.standing.places:
            after = paper.sheets[change.id]
            check_rule(change.kind, change.op, caller.user, before, after.row() if after.there else None)
        if self._took_effect:
            self._check_entries(paper, caller, change, stamp, due)
        return due

    def _located(self, paper: Paper, caller: Caller, change: Change) -> Change:
        """Where its record is by now, if that is shared with the caller."""
        sheet = paper.sheets.get(change.id)
        if sheet is None or change.op == "create" or paper.role(caller.user, sheet.scope) is None:
            return change
        return msgspec.structs.replace(change, scope=sheet.scope)

    def _role(self, paper: Paper, caller: Caller, change: Change) -> str | None:
        """The caller's role; None where a root is being made."""
        role = paper.role(caller.user, change.scope)
        if role is None and not (change.op == "create" and change.kind == "Stall"):
            raise Refused(self._missing(paper, caller, change.scope, "SCOPE_FORBIDDEN"))
        return role

    def _missing(self, paper: Paper, caller: Caller, id: str, code: str) -> str:
        """Why something is not there: its own create may have been refused."""
        depends = (caller.device, id) in self._refused and id not in paper.sheets
        return "DEPENDS_ON_REJECTED" if depends else code

    def _check_role(self, paper: Paper, user: str, change: Change, role: str) -> None:
        if change.kind == MEMBER:
            whom = str(change.fields["user"])
            leaves = change.op == "update" and dict(change.fields) == {"user": user, "role": None}
            concerned = {paper.role(whom, change.scope), change.fields.get("role")} - {None}
            below = user != whom and all(each != "owner" and WRITES[str(each)] <= WRITES[role] for each in concerned)
            allowed = leaves or role == "owner" or (role in INVITES and below)
            if not allowed or paper.makers.get(change.scope) == whom:
                raise Refused("ROLE_FORBIDDEN")
        elif change.kind == "Stall" and change.op == "delete":
            if role != "owner":
                raise Refused("ROLE_FORBIDDEN")
        elif change.kind not in WRITES[role]:
            raise Refused("ROLE_FORBIDDEN")

    def _check_place(self, paper: Paper, caller: Caller, change: Change) -> None:
        root = paper.sheets.get(change.scope)
        ends = change.kind == MEMBER and change.fields.get("role", "") is None
        if root is None or (not root.there and change.kind != "Stall" and not ends):
            raise Refused("SCOPE_GONE")
        sheet = paper.sheets.get(change.id)
        if change.op != "create" and (sheet is None or sheet.scope != change.scope):
            raise Refused(self._missing(paper, caller, change.id, "RECORD_GONE"))

    def _check_goal(self, paper: Paper, caller: Caller, change: Change) -> None:
        role = paper.role(caller.user, change.into)
        if role is None:
            raise Refused(self._missing(paper, caller, change.into, "SCOPE_FORBIDDEN"))
        if change.kind not in WRITES[role]:
            raise Refused("ROLE_FORBIDDEN")
        if not paper.sheets[change.into].there:
            raise Refused("SCOPE_GONE")

    def _stamp(self, change: Change, told: Outcome) -> str:
        """Step 4: one that is too far ahead is lowered."""
        ahead = int(change.stamp[:12], 16) > self._now_ms + LIMITS.skew_max_ms
        if told.outcome != "rejected":
            assert bool(told.stamp) == ahead, f"{change} came at {self._now_ms} and was lowered to {told.stamp!r}"
        return told.stamp or change.stamp

    def _write(self, paper: Paper, sheet: Sheet, caller: Caller, change: Change, stamp: str) -> Due:
        """Steps 5 and 6."""
        outcome = Outcome(number=change.number, outcome="applied", stamp=stamp)  # type: ignore[arg-type]
        leaves = _leaves(sheet, change, stamp)
        paper.position += 2 if leaves else 1
        told = Told(user=caller.user, device=caller.device, change=change, outcome=outcome)
        due = sheet.standing.take(told, paper.position)
        if due.outcome == "rejected":
            raise Refused("STALE")
        paper.sheets[change.id] = sheet
        if leaves:
            sheet.scope = change.into
        if change.id == change.scope:
            paper.makers.setdefault(change.id, caller.user)
        return due

    def _check_entries(self, paper: Paper, caller: Caller, change: Change, stamp: str, due: Due) -> None:
        """Step 7: the log's next entry says what was written, and what became of it; of a move the next two."""
        here, position = (change.op, paper.sheets[change.id].scope), paper.position
        told = [("leave", change.scope), here] if here[1] != change.scope else [here]
        for at, (op, scope) in enumerate(told, position - len(told) + 1):
            assert self._entries, f"{change} is not in the log"
            entry = self._entries.popleft()
            said = (entry.position, entry.device, entry.number, entry.user, entry.op, entry.record, entry.scope)
            must = (at, caller.device, change.number, caller.user, op, change.id, scope)
            assert (*said, entry.kind) == (*must, change.kind), f"the log says {entry} of {change}"
            words = (entry.stamp, entry.outcome, json_text(entry.fields), json_text(entry.before))
            assert words == (stamp, due.outcome, json_text(due.fields), json_text(due.before)), f"{entry} and not {due}"

    def _call(self, paper: Paper, caller: Caller, change: Change, role: str | None, stamp: str) -> Due:
        """A command: its effects are those of the errand, on what is there now, and all of them are in the log."""
        if change.kind not in WRITES[str(role)]:
            raise Refused("ROLE_FORBIDDEN")
        if not paper.sheets[change.scope].there:
            raise Refused("SCOPE_GONE")
        room = paper.room(change.scope, caller.user)
        effects = ERRANDS[change.kind](room, **change.fields)
        if not self._took_effect:
            enact(paper, change, effects)
            return APPLIED
        made: list[str] = []
        while self._entries and (self._entries[0].device, self._entries[0].number) == (caller.device, change.number):
            entry = self._entries.popleft()
            written = msgspec.structs.replace(
                change, op=entry.op, kind=entry.kind, id=entry.record, fields=entry.fields, base=paper.position
            )
            sheet = paper.sheets.get(entry.record) or Sheet.empty(entry.record, entry.kind, entry.scope)
            assert entry.stamp >= max(stamp, sheet.newest()), f"{entry} is not stamped after what it met"
            self._write(paper, sheet.copy(), caller, written, entry.stamp)
            assert (entry.position, entry.scope, entry.user) == (paper.position, change.scope, caller.user)
            made += [entry.record] if entry.op == "create" else []
        check_effects(room.rows, effects, paper.room(change.scope, caller.user).rows, made)
        return APPLIED


def _leaves(sheet: Sheet, change: Change, stamp: str) -> bool:
    """Whether the record goes elsewhere: a later move, and a delete, keep it."""
    return change.op == "move" and sheet.there and sheet.scope != change.into and sheet.standing.moved < stamp


def enact(paper: Paper, change: Change, effects: Effects) -> None:
    """What a command comes to, where the log does not say: for those behind it in a group that is refused."""
    for id, row in effects.set.items():
        sheet = paper.sheets[id] = paper.sheets[id].copy()
        for name, value in row.items():
            sheet.standing.writes[name] = [Write(stamp=change.stamp, written=value)]
    for id in effects.gone:
        sheet = paper.sheets[id] = paper.sheets[id].copy()
        sheet.standing.deleted = change.stamp


def check_effects(before: Mapping[str, Row], effects: Effects, after: Mapping[str, Row], made: Sequence[str]) -> None:
    """Whether `after` is what the effects make of `before`, and nothing else; `made` are the ids of what is new."""
    must = {id: json_text({**row, **effects.set.get(id, {})}) for id, row in before.items() if id not in effects.gone}
    assert {id: json_text(row) for id, row in after.items() if id not in made} == must
    assert sorted(json_text(after[id]) for id in made) == sorted(json_text(row) for _, row in effects.made)


def body_of(change: Change) -> str:
    """A change but for its number, which a device that goes on under another id gives anew."""
    return json_text(msgspec.to_builtins(msgspec.structs.replace(change, number=1)))


def name_of(change: Change) -> str:
    """What tells a change from all others, whatever it is numbered."""
    return body_of(change)


def code_of(outcome: Outcome) -> str:
    """The code of a rejection; nothing for what took effect."""
    extensions = (outcome.error or {}).get("extensions")
    return str(extensions["code"]) if isinstance(extensions, dict) else ""
