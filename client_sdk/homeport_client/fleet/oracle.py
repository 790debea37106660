"""The oracle: what every record and every grant must be, worked out the slow and simple way.

Devices and server share one merge, so they could agree on a wrong answer. The oracle shares no code with them: it
takes everything that was accepted, in any order, and says

- a record that anybody deleted is gone, whatever else was written to it;
- every other field holds the value of the write with the greatest stamp, a tie going to the greater JSON text;
- whoever made a list owns it; the newest role in the log, merged by the same rule, says who else may see it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from homeport_client.fleet.witness import Told
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


def grants(log: Sequence[LogEntry], changes: Mapping[Name, Told]) -> dict[str, frozenset[str]]:
    """Which users have a grant in each scope at the end of the log."""
    makers: dict[str, str] = {}
    members: dict[str, list[Told]] = {}
    for entry in sorted(log, key=lambda each: each.position):
        told = changes.get((entry.device, entry.number))
        if told is None:
            continue
        if told.change.kind == "Member":
            members.setdefault(told.change.id, []).append(told)
        elif told.change.op == "create" and told.change.id == told.change.scope:
            makers[told.change.id] = told.user
    holders = {scope: {maker} for scope, maker in makers.items()}
    for writes in members.values():
        fields = _newest(writes)
        if fields.get("role", "editor") is not None:
            holders.setdefault(writes[0].change.scope, set()).add(str(fields["user"]))
    return {scope: frozenset(users) for scope, users in holders.items()}


def _truth(id: str, writes: Sequence[Told]) -> Truth:
    first = writes[0].change
    deleted = any(each.change.op == "delete" for each in writes)
    fields = {} if deleted else _newest(writes)
    return Truth(id=id, kind=first.kind, scope=first.scope, fields=fields, deleted=deleted)


def _newest(writes: Sequence[Told]) -> Fields:
    best: dict[str, tuple[str, str, Value]] = {}
    for each in writes:
        for name, value in each.change.fields.items():
            claim = (each.stamp, _json_text(value), value)
            if name not in best or claim[:2] > best[name][:2]:
                best[name] = claim
    return {name: value for name, (_, _, value) in best.items()}


def _json_text(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)
