"""The ledger: what each entry of the log must say, worked out again from what was told, one position after the other.

Followers and webhooks read nothing but the log. So who, what, where and when must be what the device sent; `fields`
what of it took effect, and `before` what was there. The outcome that the device was told must be the same, and `lost`
what something newer kept out:

- on a deleted record nothing takes effect, and every change is superseded;
- a field takes effect if its stamp is later than the one it meets, a tie going to the greater JSON text;
- beside a write of another device that the writer had not pulled, or with something lost, a change is merged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from homeport_client.fleet.check import oracle
from homeport_client.fleet.check.evidence import Evidence
from homeport_client.fleet.check.witness import Told, say
from homeport_sync.change import Fields, Outcome, Value
from homeport_sync.clock import Stamp
from homeport_sync.ports import LogEntry
from homeport_sync.scope import MEMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What must become of one change."""

    outcome: str
    lost: frozenset[str]
    fields: Fields
    before: Fields


@dataclass(slots=True, kw_only=True)
class Standing:
    """One record as the log leaves it: each field with the stamp of its write, and where each device last had an
    effect on it."""

    cells: dict[str, tuple[Stamp, Value]] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    deleted: bool = False

    def take(self, told: Told, position: int) -> Due:
        """The next change to it."""
        change, again = told.change, bool(self.places)
        alone = all(place <= change.base for device, place in self.places.items() if device != told.device)
        alone = alone or (again and change.op == "create" and change.kind != MEMBER)  # its own create, once more
        if self.deleted:
            return Due(outcome="superseded", lost=frozenset(change.fields), fields={}, before={})
        lost = {name for name, value in change.fields.items() if self._keeps(name, told.stamp, value)}
        effect = {name: change.fields[name] for name in change.fields if self._changes(name, told.stamp, change.fields)}
        before = {name: self.cells[name][1] for name in effect if name in self.cells}
        self.cells |= {name: (told.stamp, value) for name, value in effect.items()}
        if change.op == "delete":
            self.deleted = True
        if effect or change.op == "delete" or not again:
            self.places[told.device] = position
        if lost and len(lost) == len(change.fields):
            outcome = "superseded"
        elif change.op == "delete":
            outcome = "applied" if alone else "merged"
        else:
            outcome = "applied" if not change.fields or (alone and not lost) else "merged"
        return Due(outcome=outcome, lost=frozenset(lost), fields=effect, before=before)

    def _keeps(self, name: str, stamp: Stamp, value: Value) -> bool:
        """Whether what is there wins against this value."""
        return name in self.cells and _claim(*self.cells[name]) > _claim(stamp, value)

    def _changes(self, name: str, stamp: Stamp, fields: Fields) -> bool:
        """Whether this value wins against what is there, and is not the same write once more."""
        return name not in self.cells or _claim(*self.cells[name]) < _claim(stamp, fields[name])


def mistold(evidence: Evidence, accepted: Mapping[oracle.Name, Told]) -> Iterator[str]:
    """I1 for whoever reads the log, and I7: each entry says what was written and what it did, and so does the outcome
    that its device was told."""
    records: dict[str, Standing] = {}
    seen: set[oracle.Name] = set()
    for entry in sorted(evidence.log, key=lambda each: each.position):
        name = (entry.device, entry.number)
        told = accepted.get(name)
        if told is None or name in seen:  # another checker speaks of these
            continue
        seen.add(name)
        due = records.setdefault(told.change.id, Standing()).take(told, entry.position)
        yield from _compared(say(told), "in the log", _entry_says(entry), _must_say(told, due))
        yield from _compared(say(told), "to its device", _outcome_says(told.outcome), _must_tell(due))


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
        "fields": oracle.json_text(entry.fields),
        "before": oracle.json_text(entry.before),
    }


def _must_say(told: Told, due: Due) -> dict[str, str]:
    change = told.change
    return {
        "op": change.op,
        "kind": change.kind,
        "record": change.id,
        "scope": change.scope,
        "user": told.user,
        "stamp": told.stamp,
        "outcome": due.outcome,
        "fields": oracle.json_text(due.fields),
        "before": oracle.json_text(due.before),
    }


def _outcome_says(outcome: Outcome) -> dict[str, str]:
    return {"outcome": outcome.outcome, "lost": _list(outcome.lost)}


def _must_tell(due: Due) -> dict[str, str]:
    return {"outcome": due.outcome, "lost": _list(due.lost)}


def _list(names: frozenset[str] | tuple[str, ...]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _claim(stamp: Stamp, value: Value) -> tuple[str, str]:
    return (stamp, oracle.json_text(value))
