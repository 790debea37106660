"""The oracle: what every record and every grant must be, worked out the slow and simple way.

Devices and server share one merge, so they could agree on a wrong answer. The oracle shares no code with them: it
takes everything that was accepted, in any order, and says

- a record that anybody deleted is gone, whatever else was written to it;
- every other field holds the value of the write with the greatest stamp, a tie going to the greater JSON text, or
  what its rule makes of all that was written to it (`fields.py`);
- whoever made a list owns it; the newest role in the log, merged by the same rule, says who else may see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from homeport_client.fleet.check.fields import Write, stands
from homeport_client.fleet.check.witness import Told
from homeport_sync.catalog import Kind
from homeport_sync.change import Fields
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


def accepted(told: Iterable[Told], log: Iterable[LogEntry] = ()) -> dict[Name, Told]:
    """The changes that were acknowledged and not rejected, by device and number.

    One that a forked phone sent again under its new id is known by its stamp, and stands under the name that the `log`
    has.
    """
    names = {(entry.record, entry.stamp): (entry.device, entry.number) for entry in log}
    logged, found = set(names.values()), dict[Name, Told]()
    for each in told:
        if each.outcome.outcome != "rejected":
            name = (each.device, each.change.number)
            if name not in logged and each.change.stamp[-8:] != each.device[-8:]:
                name = names.get((each.change.id, each.stamp), name)
            found[name] = replace(each, device=name[0])
    return found


def records(
    changes: Mapping[Name, Told], log: Iterable[LogEntry] = (), kinds: Mapping[str, Kind] = {}
) -> dict[str, Truth]:
    """Every record that the accepted changes speak of, by id. They count in the order of the log, which only the fields
    of some rules depend on; what is missing there, though it was accepted, comes last."""
    places = {(entry.device, entry.number): entry.position for entry in log}
    by_record: dict[str, list[Told]] = {}
    for _, each in sorted(changes.items(), key=lambda named: places.get(named[0], inf)):
        by_record.setdefault(each.change.id, []).append(each)
    return {id: _truth(id, writes, kinds) for id, writes in by_record.items()}


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
        return self._with_role(scope, "owner")

    def writers(self, scope: str) -> frozenset[str]:
        """The users who may write in the scope, now."""
        return self._with_role(scope, "owner", "editor")

    def _with_role(self, scope: str, *roles: str) -> frozenset[str]:
        made_by = {self._makers[scope]} if scope in self._makers else set()
        members = (_newest(writes) for writes in self._members.get(scope, {}).values())
        return frozenset(made_by | {str(each["user"]) for each in members if each.get("role") in roles})

    def allow(self, told: Told) -> bool:
        """Whether this user may write this change now."""
        change = told.change
        if change.id == change.scope:
            right = self.owners(change.scope) if change.op == "delete" else self.writers(change.scope)
            return told.user in right or change.op == "create"
        if change.kind == "Member":
            leaves = change.fields == {"user": told.user, "role": None}
            right = self.users(change.scope) if leaves else self.owners(change.scope)
        else:
            right = self.writers(change.scope)
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


def _truth(id: str, writes: Sequence[Told], kinds: Mapping[str, Kind]) -> Truth:
    first = writes[0].change
    deleted = any(each.change.op == "delete" for each in writes)
    fields = {} if deleted else _newest(writes, kinds.get(first.kind))
    return Truth(id=id, kind=first.kind, scope=first.scope, fields=fields, deleted=deleted)


def _newest(writes: Sequence[Told], kind: Kind | None = None) -> Fields:
    """Every field that was written, as it must be after these writes, in the order of the log."""
    by_field: dict[str, list[Write]] = {}
    for each in writes:
        for name, written in each.change.fields.items():
            by_field.setdefault(name, []).append(Write(stamp=each.stamp, written=written))
    return {name: stands(kind.fields.get(name) if kind else None, those) for name, those in by_field.items()}
