"""The oracle: what every record and every grant must be, worked out the slow and simple way.

Devices and server share one merge, so they could agree on a wrong answer. The oracle shares no code with them: it
takes everything that was accepted, in any order, and says

- a record that anybody deleted is gone, whatever else was written to it;
- every other field holds the value of the write with the greatest stamp, a tie going to the greater JSON text;
- whoever made a list owns it; the newest role in the log, merged by the same rule, says who else may see it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from homeport_client.fleet.check.witness import Told
from homeport_sync.change import Fields, Value
from homeport_sync.ports import LogEntry

Name = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One record as it must be. A deleted one has no fields."""

    id: str
    kind: str
    scope: str
    fields: Fields
    deleted: bool


def accepted(told: Iterable[Told]) -> dict[Name, Told]:
    """The changes that were acknowledged and not rejected, by device and number."""
    return {(each.device, each.change.number): each for each in told if each.outcome.outcome != "rejected"}


def records(changes: Iterable[Told]) -> dict[str, Truth]:
    """Every record that the accepted changes speak of, by id."""
    by_record: dict[str, list[Told]] = {}
    for each in changes:
        by_record.setdefault(each.change.id, []).append(each)
    return {id: _truth(id, writes) for id, writes in by_record.items()}


class Grants:
    """Who may see which scope, as the log tells it, one change after the other."""

    def __init__(self) -> None:
        self.deleted: set[str] = set()
        self._makers: dict[str, str] = {}
        self._members: dict[str, dict[str, list[Told]]] = {}

    def scopes(self) -> set[str]:
        """The scopes that anybody has made."""
        return set(self._makers)

    def users(self, scope: str) -> frozenset[str]:
        """The users with a grant in the scope now."""
        made_by = {self._makers[scope]} if scope in self._makers else set()
        members = (_newest(writes) for writes in self._members.get(scope, {}).values())
        return frozenset(made_by | {str(each["user"]) for each in members if each.get("role") is not None})

    def owners(self, scope: str) -> frozenset[str]:
        """The users who may invite, remove, and delete the scope, now."""
        made_by = {self._makers[scope]} if scope in self._makers else set()
        members = (_newest(writes) for writes in self._members.get(scope, {}).values())
        return frozenset(made_by | {str(each["user"]) for each in members if each.get("role") == "owner"})

    def allow(self, told: Told) -> bool:
        """Whether this user may write this change now."""
        change = told.change
        if change.id == change.scope:
            right = self.owners(change.scope) if change.op == "delete" else self.users(change.scope)
            return told.user in right or change.op == "create"
        right = self.owners(change.scope) if change.kind == "Member" else self.users(change.scope)
        return told.user in right and change.scope not in self.deleted

    def take(self, told: Told) -> None:
        """The next accepted change."""
        change = told.change
        if change.kind == "Member":
            self._members.setdefault(change.scope, {}).setdefault(change.id, []).append(told)
        elif change.id == change.scope and change.op == "create":
            self._makers[change.id] = told.user
        elif change.id == change.scope and change.op == "delete":
            self.deleted.add(change.id)


def grants(log: Sequence[LogEntry], changes: Mapping[Name, Told]) -> Grants:
    """The grants at the end of the log."""
    known = Grants()
    for told in _in_order(log, changes):
        known.take(told)
    return known


def intruders(log: Sequence[LogEntry], changes: Mapping[Name, Told]) -> list[Told]:
    """The accepted changes whose user had no right to them at their position, or whose scope was deleted by then."""
    known, found = Grants(), []
    for told in _in_order(log, changes):
        if not known.allow(told):
            found.append(told)
        known.take(told)
    return found


def _in_order(log: Sequence[LogEntry], changes: Mapping[Name, Told]) -> Iterator[Told]:
    for entry in sorted(log, key=lambda each: each.position):
        told = changes.get((entry.device, entry.number))
        if told is not None:
            yield told


def _truth(id: str, writes: Sequence[Told]) -> Truth:
    first = writes[0].change
    deleted = any(each.change.op == "delete" for each in writes)
    fields = {} if deleted else _newest(writes)
    return Truth(id=id, kind=first.kind, scope=first.scope, fields=fields, deleted=deleted)


def _newest(writes: Sequence[Told]) -> Fields:
    best: dict[str, tuple[str, str, Value]] = {}
    for each in writes:
        for name, value in each.change.fields.items():
            claim = (each.stamp, json_text(value), value)
            if name not in best or claim[:2] > best[name][:2]:
                best[name] = claim
    return {name: value for name, (_, _, value) in best.items()}


def json_text(value: Value | Fields) -> str:
    """The one JSON text of a value, or of a record's fields: `true`, `1` and `1.0` are three."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
