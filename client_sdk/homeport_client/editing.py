"""What an update means becomes what it writes: the edit that the field's rule takes, from what the device sees now."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from homeport_client.intents import Adding, Altering, Incrementing, Intent, Meant, Placing, Removing
from homeport_client.query import Query
from homeport_client.view import Views
from homeport_sync.catalog import Field, Kind
from homeport_sync.change import Adds, Edits, Elements, Increment, Record, Value, Written
from homeport_sync.edits import edit_to
from homeport_sync.rank import between
from homeport_sync.rejections import RecordGone, WrongType
from homeport_sync.rules import COUNTER, RANK, SET
from homeport_sync.values import PLAIN, PythonValue

_LAST_ID = "~"  # no id comes after it


class Editing:
    """Turns intents and values into edits. Raises the `Rejection` that tells what does not fit."""

    def __init__(self, views: Views, random: Random) -> None:
        self._views = views
        self._random = random

    def edits(self, kind: Kind, record: Record, meant: Mapping[str, Meant]) -> Edits:
        """What to write to the record; a set that stays as it is is left out."""
        written = {name: self._edit(kind, kind.field(name), record, value) for name, value in meant.items()}
        return {name: each for name, each in written.items() if each != Elements()}

    def placed(self, kind: Kind, scope: str, given: Mapping[str, PythonValue]) -> Mapping[str, PythonValue]:
        """The fields of a new record: at the end of every order that it is not given a place in."""
        ranks = (each for each in kind.fields.values() if each.rule == RANK and each.name not in given)
        return {**given, **{each.name: self._at_end(kind, each, scope) for each in ranks}}

    def _edit(self, kind: Kind, field: Field, record: Record, meant: Meant) -> Written:
        here = record.fields.get(field.name, field.default)
        if field.rule == COUNTER and isinstance(meant, Incrementing):
            if not PLAIN[int].fits(meant.by):
                raise WrongType(
                    f"{kind.name}.{field.name} takes an increment by a whole number, not by {meant.by!r:.80}: "
                    f"write {field.name}=increment(2), for example.",
                    field=field.name,
                )
            return Increment(by=meant.by)
        if field.rule == SET:
            return _elements(field, record, here, meant)
        if field.rule == RANK and isinstance(meant, Placing):
            return self._place(kind, field, record, meant)
        if isinstance(meant, Intent):
            raise WrongType(f"{kind.name}.{field.name} merges as {field.rule}, and takes no {_word(meant)}.")
        if field.rule == COUNTER:
            raise WrongType(f"{kind.name}.{field.name} is a counter: write {field.name}=increment(…).")
        value = field.type.to_wire(meant)
        return edit_to(field.rule, here, {}, value)

    def _place(self, kind: Kind, field: Field, record: Record, meant: Placing) -> Value:
        if not meant.other:
            edge = self._edge(kind, field, record.scope, last=meant.behind, but=record.id)
            return self._between(edge, None) if meant.behind else self._between(None, edge)
        if meant.other == record.id:
            raise WrongType(
                f"A {kind.name} cannot stand beside itself: name another, or write {field.name}=at_end().",
                field=field.name,
            )
        other = self._views.record(meant.other)
        if other is None or other.deleted or (other.kind, other.scope) != (kind.name, record.scope):
            raise RecordGone(f"There is no {kind.name} {meant.other} in this scope to be placed beside.")
        rank = str(other.fields.get(field.name, field.default))
        next_one = self._beyond(kind, field, record.scope, rank, later=meant.behind)
        return self._between(rank, next_one) if meant.behind else self._between(next_one, rank)

    def _at_end(self, kind: Kind, field: Field, scope: str) -> PythonValue:
        return self._between(self._edge(kind, field, scope, last=True), None)

    def _between(self, low: str | None, high: str | None) -> str:
        return between(low, high, self._random)

    def _edge(self, kind: Kind, field: Field, scope: str, *, last: bool, but: str = "") -> str | None:
        query = _query(kind, field, scope, descending=last, after=None, limit=2)
        found = [view for view in self._views.select(query) if view.id != but]
        return str(found[0][field.name]) if found else None

    def _beyond(self, kind: Kind, field: Field, scope: str, rank: str, *, later: bool) -> str | None:
        """The next rank that is another: of those who share one, none is between the others."""
        after = (rank, _LAST_ID if later else "")
        found = self._views.select(_query(kind, field, scope, descending=not later, after=after, limit=1))
        return str(found[0][field.name]) if found else None


def _query(
    kind: Kind, field: Field, scope: str, *, descending: bool, after: tuple[Value, str] | None, limit: int
) -> Query:
    return Query(kind=kind, scope=scope, where={}, order_by=field.name, descending=descending, limit=limit, after=after)


def _elements(field: Field, record: Record, here: Value, meant: Meant) -> Written:
    """Of a whole set, what is new in it and what is not in it any more."""
    present = here if isinstance(here, list) else []
    adds = record.adds.get(field.name, {})
    match meant:
        case Adding(elements):
            added, removed = _texts(record, field, elements), []
        case Removing(elements):
            added, removed = [], [each for each in _texts(record, field, elements) if each in present]
        case Altering(new, old):
            added = _texts(record, field, new)
            removed = [each for each in _texts(record, field, old) if each in present]
        case Incrementing() | Placing():
            raise WrongType(f"{field.name} is a set, and takes no {_word(meant)}.")
        case _:
            whole = field.type.to_wire(meant)
            field.check(record.kind, whole)
            return edit_to(SET, here, adds, whole)
    return Elements(add=_seen(adds, added), remove=_seen(adds, removed))


def _texts(record: Record, field: Field, elements: tuple[str, ...]) -> list[str]:
    for each in elements:
        if not isinstance(each, str):
            raise WrongType(
                f"{record.kind}.{field.name} takes texts to add and to remove, not {each!r:.80}: "
                f'write each by itself, as in {field.name}=adding("one", "two").',
                field=field.name,
            )
    value = field.type.to_wire(frozenset(elements))
    return value if isinstance(value, list) else []


def _seen(adds: Adds, elements: list[str]) -> Adds:
    return {each: adds.get(each, []) for each in elements}


def _word(intent: Intent) -> str:
    return type(intent).__name__.lower()
