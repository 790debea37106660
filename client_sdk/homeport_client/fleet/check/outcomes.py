"""What devices must be told: one final outcome for each change, and for a rejected one a reason that is true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from homeport_client.fleet.check import oracle
from homeport_client.fleet.check.evidence import Evidence
from homeport_client.fleet.check.witness import Told, say
from homeport_sync.catalog import Kind
from homeport_sync.ports import LogEntry
from homeport_sync.scope import EVERYBODY, MEMBER, member_id


def unexplained(evidence: Evidence) -> Iterator[str]:
    """I2 and I7: an outcome is final, fits the log, and a rejection says why."""
    logged = {(entry.device, entry.number): entry for entry in evidence.log}
    first: dict[oracle.Name, Told] = {}
    for told in evidence.told:
        name = (told.device, told.change.number)
        before = first.setdefault(name, told)
        if before.outcome != told.outcome:
            yield f"{say(told)} was told {before.outcome.outcome}, and later {told.outcome.outcome}."
        if before.change != told.change:
            yield f"{say(told)} was acknowledged with two different bodies."
        if told.outcome.outcome == "rejected":
            if name in logged:
                yield f"{say(told)} was rejected and stands in the log."
            if not _has_reason(told):
                yield f"{say(told)} was rejected without a code and a message."
    for name in sorted(logged.keys() - first.keys()):
        yield f"Change {name[1]} of device {name[0]} is in the log and its device was never told."


def untold(evidence: Evidence) -> Iterator[str]:
    """I7 again: what was rejected is kept for the app of a phone that wrote it."""
    kept = frozenset[oracle.Name]().union(*(holding.refused for holding in evidence.holdings))
    rejected = {(told.device, told.change.number): told for told in evidence.told if told.outcome.outcome == "rejected"}
    for name, told in rejected.items():
        if name not in kept:
            yield f"{say(told)} was rejected, and no phone keeps it for its user to see."


def disordered(accepted: Mapping[oracle.Name, Told]) -> Iterator[str]:
    """I5, for whoever merges: what a device wrote later is stamped later."""
    last: dict[str, Told] = {}
    for _, told in sorted(accepted.items()):
        before = last.get(told.device)
        if before and told.stamp <= before.stamp:
            yield f"{say(told)} is stamped {told.stamp}, not after its change {before.change.number} ({before.stamp})."
        last[told.device] = told


def unjust(evidence: Evidence) -> Iterator[str]:
    """I7 again: nothing is rejected for a reason that was never there, whatever the order in which things arrived."""
    once = {(told.device, told.change.number): told for told in evidence.told}
    history = _History(evidence.log, once.values(), evidence.kinds)
    for told in once.values():
        if told.outcome.outcome == "rejected" and not history.allows(told):
            yield f"{say(told)} was rejected as {told.code}, and nothing that ever happened is a reason for it."


class _History:
    """What could be a reason: what was deleted, who was put out, who was no owner, what was rejected. A code that is
    not named here is none: a device writes nothing that is not valid."""

    def __init__(self, log: Iterable[LogEntry], told: Iterable[Told], kinds: Mapping[str, Kind]) -> None:
        self._kinds = kinds
        self._made: set[str] = set()
        self._deleted: set[str] = set()
        self._makers: set[str] = set()
        self._let_in: set[str] = set()
        self._put_out: set[str] = set()
        self._editors: set[str] = set()  # or less
        self._viewers: set[str] = set()
        self._refused: set[str] = set()
        self._writers: dict[str, set[str]] = {}
        for entry in log:
            self._writers.setdefault(entry.record, set()).add(entry.device)
            if entry.op == "create":
                self._made.add(entry.record)
            elif entry.op == "delete":
                self._deleted.add(entry.record)
            if entry.kind == MEMBER and "role" in entry.fields:
                (self._put_out if entry.fields["role"] is None else self._let_in).add(entry.record)
                if entry.fields["role"] == "viewer":
                    self._viewers.add(entry.record)
                if entry.fields["role"] in ("editor", "viewer"):
                    self._editors.add(entry.record)
            elif entry.record == entry.scope and entry.op == "create":
                self._makers.add(member_id(entry.scope, entry.user))
        for each in told:
            if each.change.op == "create" and each.outcome.outcome == "rejected":
                self._refused.add(each.change.id)

    def allows(self, told: Told) -> bool:
        """Whether something that happened is a reason for this rejection."""
        change = told.change
        member = member_id(change.scope, told.user)
        was_editor, is_root = member in self._editors, change.id == change.scope
        was_viewer = bool({member, member_id(change.scope, EVERYBODY)} & self._viewers)
        reasons = {
            "SCOPE_GONE": change.scope in self._deleted or change.scope not in self._made,
            "SCOPE_FORBIDDEN": member in self._put_out or member not in self._let_in | self._makers,
            "RECORD_GONE": not {change.id, change.scope} <= self._made,
            "RECORD_EXISTS": change.op == "create" and change.id in self._made,
            "DEPENDS_ON_REJECTED": bool({change.id, change.scope} & self._refused),
            "ROLE_FORBIDDEN": (change.op == "delete" and is_root and was_editor) or was_viewer,
            "NOT_ALLOWED": change.kind in self._kinds and bool(self._kinds[change.kind].allows),
            "STALE": bool(self._writers.get(change.id, set()) - {told.device}),
        }
        if change.kind == MEMBER:
            reasons["ROLE_FORBIDDEN"] = change.op == "delete" or change.id in self._makers or was_editor or was_viewer
        return reasons.get(told.code, False)


def _has_reason(told: Told) -> bool:
    return bool((told.outcome.error or {}).get("message")) and bool(told.code)
