"""One row of a push: what RxDB assumes to be here, what is here, and what it wants here. Pure.

A row takes effect when what is here is what RxDB assumes. All else is a conflict, answered with what is here, and RxDB
decides again. Compared is only what the client knows, which are the fields that its query asks for: what an older or
newer app does not know is nothing to it. A field that is missing is null, or what a field is that cannot be null, and
values are compared in the form in which they are kept. A row that is here already was sent twice, and is no conflict.

What a client wants is written as the difference to what it assumes, so that a counter goes up by what it went up there,
and a set gets those elements that it was given: the same changes that our own devices make.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec

from homeport_server.edge.rxdb.shape import DELETED, DELETED_BY_DEFAULT, ID, SCOPE, Shape
from homeport_sync.catalog import Field
from homeport_sync.change import Record, Value, Written
from homeport_sync.documents import Document, gone
from homeport_sync.draft import Draft
from homeport_sync.edits import edit_to
from homeport_sync.values import INT_MAX, write_datetime

Given: TypeAlias = Mapping[str, Any]
State: TypeAlias = Mapping[str, object]
Verdict: TypeAlias = Literal["same", "conflict"]
_NUMBERS: Final = frozenset({"int", "float"})
_NOT_TEXT: Final = frozenset({"int", "float", "bool", "set"})
_NOTHING: Final = gone("", "")
_json = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What RxDB sends of one document. `known` are the fields that its sender knows."""

    shape: Shape
    known: Set[str]
    assumed: Given | None
    wanted: Given

    @property
    def id(self) -> str:
        """The document's id, whatever it may be."""
        return str(self.wanted[ID])

    @property
    def scope(self) -> str:
        """The scope that it names; a root is its own; "" for none."""
        named = self.id if self.shape.kind.is_root else self.wanted.get(SCOPE)
        return named if isinstance(named, str) else ""

    def is_as_wanted(self, here: Record | None) -> bool:
        """Whether the record is what the row wants, or is as gone."""
        wanted = self.told(self.wanted)
        if here is None or here.deleted or wanted is None:
            return wanted is None and (here is None or bool(here.deleted))
        return wanted == self.seen(here) and self.scope in ("", here.scope)

    def decide(self, here: Record | None) -> Verdict | list[Draft]:
        """What is to be written, where this is what the sender sees of the record (None: nothing)."""
        if self.is_as_wanted(here):
            return "same"
        if here is None or here.deleted:
            return self._bring(here)
        assumed = self.told(self.assumed)
        if assumed is None or assumed != self.seen(here) or not self._assumes(here.scope):
            return "conflict"
        wanted = self.told(self.wanted)
        if wanted is None:
            return [self._draft("delete", expected=here.position)]
        return self._difference(here, assumed, wanted)

    def told(self, given: Given | None) -> State | None:
        """What the client says of the known fields, in the form in which they are kept; None: that it is gone."""
        if given is None or given.get(DELETED) or given.get(DELETED_BY_DEFAULT):
            return None
        return {name: self._value(name, given.get(name)) for name in self.known}

    def seen(self, here: Record) -> State:
        """What the client is shown of them."""
        document = Document(id=here.id, scope=here.scope, fields=here.fields)
        return {name: self.shape.readers[name](document) for name in self.known}

    def _value(self, name: str, given: Any) -> object:  # noqa: ANN401
        field = self.shape.fields[name]
        if given is not None:
            return kept(field, given)
        return None if field.type.nullable else self.shape.readers[name](_NOTHING)

    def _assumes(self, scope: str) -> bool:
        named = self.assumed.get(SCOPE) if self.assumed else None
        return named is None or named == scope

    def _bring(self, here: Record | None) -> Verdict | list[Draft]:
        """Make it, or bring it back, if its sender does not think that it is there."""
        if self.assumed is not None and self.told(self.assumed) is not None:
            return "conflict"
        if here is None:
            return [self._draft("create", scope=self.scope, fields=self._all(), id=self.id)]
        if self.assumed is None:
            return "conflict"
        whole = {each.name: here.fields.get(each.name, each.default) for each in self.shape.kind.fields.values()}
        return [self._draft("restore", fields={**whole, **self._all()}, expected=here.position)]

    def _difference(self, here: Record, assumed: State, wanted: State) -> list[Draft]:
        drafts = []
        if self.scope not in ("", here.scope):
            drafts.append(self._draft("move", into=self.scope, expected=here.position))
        fields = {
            self.shape.fields[name].name: self._edit(self.shape.fields[name], here, wanted[name])
            for name in self.known
            if wanted[name] != assumed[name]
        }
        if fields:
            drafts.append(self._draft("update", fields=fields, expected=here.position))
        return drafts

    def _edit(self, field: Field, here: Record, wanted: object) -> Written:
        value: Value = wanted  # type: ignore[assignment]  # what does not fit is refused by the intake
        if field.type.shape == "set" and not isinstance(value, list):
            return value
        return edit_to(field.rule, here.fields.get(field.name, field.default), here.adds.get(field.name, {}), value)

    def _all(self) -> dict[str, Written]:
        """All that the client says of a new record. What it leaves out has its default, or is null."""
        said = {name: self.wanted.get(name) for name in self.known}
        return {
            self.shape.fields[name].name: None if given is None else kept(self.shape.fields[name], given)
            for name, given in said.items()
            if given is not None or self.shape.fields[name].type.nullable
        }

    def _draft(self, op: Any, **more: Any) -> Draft:  # noqa: ANN401  # as a Draft has them
        return Draft(op=op, kind=self.shape.kind.name, **{"id": self.id, **more})


def kept(field: Field, given: Any) -> Value:  # noqa: ANN401  # whatever a client may send
    """The value in the form in which it is kept, if it has one. What cannot be a value of anything becomes one that
    does not fit, so that its row is refused like any other."""
    shape = field.type.shape
    if isinstance(given, list) and all(isinstance(each, str) for each in given):
        return sorted(set(given))
    if isinstance(given, list | dict):
        return _json(given).decode() if shape in _NOT_TEXT else False
    if isinstance(given, float) and shape == "int" and given.is_integer() and abs(given) <= INT_MAX:
        return int(given)
    if shape == "float" and isinstance(given, int) and not isinstance(given, bool) and abs(given) <= INT_MAX:
        return float(given)
    if isinstance(given, str):
        return _text(shape, given)
    return given  # type: ignore[no-any-return]


def _text(shape: str, given: str) -> Value:
    if shape == "uuid":
        return given.lower()
    if shape == "datetime":
        try:
            moment = datetime.fromisoformat(given)
            return write_datetime(moment) if moment.tzinfo else given
        except (ValueError, OverflowError):
            return given
    return given
