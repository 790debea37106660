"""The ledger: what each entry of the log must say, worked out again from what was told, one position after the other.

Followers and webhooks read nothing but the log. So who, what, where and when must be what the device sent; `fields`
what of it took effect, and `before` what was there. The outcome that the device was told must be the same, and `lost`
what something newer kept out:

- on a deleted record nothing takes effect, and every change is superseded, and so is what was made before a restore;
- a register takes effect if its stamp is later than the one it meets, a tie going to the greater JSON text; what is
  written once if nothing was there; all other edits do, and one that a guard minds is no change at all;
- a change is logged where its record is; a move that takes it elsewhere twice: that it left, and next that it is there;
- beside a write of another device that the writer had not pulled, or with something lost, a change is merged;
- of a command each entry is one record that it has written, on what is there, in its scope, not before it was called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from homeport_client.fleet.check.effects import Name, in_order, is_call
from homeport_client.fleet.check.evidence import Evidence
from homeport_client.fleet.check.fields import REGISTERS, Write, claim, json_text, stands
from homeport_client.fleet.check.witness import Told, say
from homeport_sync.catalog import Field, Kind
from homeport_sync.change import EDITS, Edits, Fields, Outcome, Swap, Value
from homeport_sync.ports import LogEntry
from homeport_sync.scope import MEMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What must become of one change."""

    outcome: str
    lost: frozenset[str]
    fields: Edits
    before: Fields


@dataclass(slots=True, kw_only=True)
class Standing:
    """One record of a `kind` as the log leaves it: what took effect on each field, where each device last had an effect
    on it, the stamps of its delete, its last restore and its last move ("": there was none), and the scope it is in."""

    kind: Kind | None
    writes: dict[str, list[Write]] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    deleted: str = ""
    restored: str = ""
    moved: str = ""
    scope: str = ""

    def take(self, told: Told, position: int) -> Due:
        """The next change to it."""
        change, again = told.change, bool(self.places)
        self.scope = self.scope or change.scope
        alone = all(place <= change.base for device, place in self.places.items() if device != told.device)
        alone = alone or (again and change.op == "create" and change.kind != MEMBER)  # its own create, once more
        if self._comes_too_late(told):
            return Due(outcome="superseded", lost=frozenset(change.fields), fields={}, before={})
        writes = {name: Write(stamp=told.stamp, written=written) for name, written in change.fields.items()}
        if any(self._is_stale(name, write) for name, write in writes.items()) or self._is_guarded(alone=alone):
            return Due(outcome="rejected", lost=frozenset(), fields={}, before={})
        if change.op in ("delete", "restore", "move"):
            self._take_whole(told, writes)
            self.places[told.device] = position
            return Due(
                outcome="applied" if alone else "merged", lost=frozenset(), fields=dict(change.fields), before={}
            )
        lost = {name for name, write in writes.items() if self._keeps(name, write)}
        effect = {name: write for name, write in writes.items() if name not in lost and self._changes(name, write)}
        before = {name: self.here(name) for name in effect if name in self.writes}
        for name, write in effect.items():
            self.writes.setdefault(name, []).append(write)
        if effect or not again:
            self.places[told.device] = position
        if lost and len(lost) == len(change.fields):
            outcome = "superseded"
        else:
            outcome = "applied" if not change.fields or (alone and not lost) else "merged"
        fields = {name: write.written for name, write in effect.items()}
        return Due(outcome=outcome, lost=frozenset(lost), fields=fields, before=before)

    def _comes_too_late(self, told: Told) -> bool:
        """Whether it does nothing, because of what became of the record as a whole."""
        match told.change.op:
            case "restore":
                return not self.deleted or told.stamp <= self.deleted
            case "move":
                return bool(self.deleted) or told.stamp <= max(self.moved, self.restored)
            case _:
                return bool(self.deleted) or told.stamp <= self.restored

    def _take_whole(self, told: Told, writes: Mapping[str, Write]) -> None:
        """What a delete, a restore or a move makes of the record."""
        match told.change.op:
            case "restore":
                self.writes = {name: [write] for name, write in writes.items()}
                self.deleted, self.restored = "", told.stamp
            case "move":
                self.moved, self.scope = told.stamp, told.change.into
            case _:
                self.deleted = told.stamp

    def _is_stale(self, name: str, write: Write) -> bool:
        """Whether it was made for another value than is there, in a field that minds."""
        known = self._field(name)
        if known is None or known.rule != "guarded" or not isinstance(write.written, Swap):
            return False
        here = self.here(name) if name in self.writes else known.default
        return json_text(here) != json_text(write.written.was)

    def _is_guarded(self, *, alone: bool) -> bool:
        """Whether the whole record minds that somebody else has changed it meanwhile."""
        return self.kind is not None and self.kind.guarded and not alone

    def _keeps(self, name: str, write: Write) -> bool:
        """Whether what is there wins against this write."""
        if name not in self.writes:
            return False
        if self._rule(name) in REGISTERS:
            return max(map(claim, self.writes[name])) > claim(write)
        here = self.here(name)
        return self._rule(name) == "first" and here is not None and json_text(here) != json_text(write.written)

    def _changes(self, name: str, write: Write) -> bool:
        """Whether this write changes anything, and is not the same once more."""
        if name not in self.writes or isinstance(write.written, EDITS):
            return True
        if self._rule(name) in REGISTERS:
            return max(map(claim, self.writes[name])) < claim(write)
        return self._rule(name) == "first" and self.here(name) is None

    def here(self, name: str) -> Value:
        """What the field holds now, which was written at least once."""
        return stands(self._field(name), self.writes[name])

    def _rule(self, name: str) -> str:
        known = self._field(name)
        return known.rule if known else "register"

    def _field(self, name: str) -> Field | None:
        return self.kind.fields.get(name) if self.kind else None


def mistold(evidence: Evidence, accepted: Mapping[Name, Told]) -> Iterator[str]:
    """I1 for whoever reads the log, and I7: each entry says what was written and what it did, and so does the outcome
    that its device was told."""
    records: dict[str, Standing] = {}
    seen: set[tuple[Name, str]] = set()
    left = {entry.position: entry for entry in evidence.log if entry.op == "leave"}
    for entry, told in in_order(evidence.log, accepted):
        name = (entry.device, entry.number)
        if (name, told.change.id) in seen:  # another checker speaks of these
            continue
        seen.add((name, told.change.id))
        standing = records.setdefault(told.change.id, Standing(kind=evidence.kinds.get(told.change.kind)))
        was = standing.scope
        due = standing.take(told, entry.position)
        if is_call(accepted[name]):
            yield from _of_call(accepted[name], entry, due)
            continue
        must = _must_say(told, due, standing.scope)
        yield from _compared(say(told), "in the log", _entry_says(entry), must)
        yield from _compared(say(told), "to its device", _outcome_says(told.outcome), _must_tell(due))
        if was not in ("", standing.scope):
            yield from _of_leaving(told, left.pop(entry.position - 1, None), {**must, "op": "leave", "scope": was})
    for entry in left.values():
        yield f"{entry.kind} {entry.record} left {entry.scope} at position {entry.position}, and no move of it is next."


def _of_leaving(told: Told, left: LogEntry | None, must: Mapping[str, str]) -> Iterator[str]:
    """What the log says before a move, for those who share the scope from which it takes the record."""
    if left is None:
        yield f"{say(told)} is in the log, and right before it nothing says that it left {must['scope']}."
    else:
        yield from _compared(say(told), "in the log, where it left", _entry_says(left), must)


def _of_call(told: Told, entry: LogEntry, due: Due) -> Iterator[str]:
    """What a command has written to one record: `due` is what the edits in the log come to there."""
    said = {
        "scope": entry.scope,
        "user": entry.user,
        "fields": json_text(entry.fields),
        "before": json_text(entry.before),
        **_outcome_says(told.outcome),
    }
    must = {
        "scope": told.change.scope,
        "user": told.user,
        "fields": json_text(due.fields),
        "before": json_text(due.before),
        "outcome": "applied",
        "lost": _list(()),
    }
    yield from _compared(say(told), f"for {entry.op} {entry.kind} {entry.record} in the log", said, must)
    if entry.stamp < told.stamp:
        yield f"{say(told)} was called at {told.stamp}, and {entry.record} was written before that, at {entry.stamp}."


def _compared(what: str, where: str, said: Mapping[str, str], must: Mapping[str, str]) -> Iterator[str]:
    for name, right in must.items():
        if said[name] != right:
            yield f"{what} has {name} {said[name]} {where}, expected {right}."


def _entry_says(entry: LogEntry) -> dict[str, str]:
    return {
        "op": entry.op,
        "kind": entry.kind,
        "record": entry.record,
        "scope": entry.scope,
        "user": entry.user,
        "stamp": entry.stamp,
        "outcome": entry.outcome,
        "fields": json_text(entry.fields),
        "before": json_text(entry.before),
    }


def _must_say(told: Told, due: Due, scope: str) -> dict[str, str]:
    change = told.change
    return {
        "op": change.op,
        "kind": change.kind,
        "record": change.id,
        "scope": scope,
        "user": told.user,
        "stamp": told.stamp,
        "outcome": due.outcome,
        "fields": json_text(due.fields),
        "before": json_text(due.before),
    }


def _outcome_says(outcome: Outcome) -> dict[str, str]:
    return {"outcome": outcome.outcome, "lost": _list(outcome.lost)}


def _must_tell(due: Due) -> dict[str, str]:
    return {"outcome": due.outcome, "lost": _list(due.lost)}


def _list(names: frozenset[str] | tuple[str, ...]) -> str:
    return ", ".join(sorted(names)) or "nothing"
