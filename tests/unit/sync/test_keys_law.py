"""Any history of several phones: what is decided of unique values and references is what a plain model says.

The model knows nothing of keys, links and batches: it looks at all records, one change after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from homeport_sync.catalog import CASCADE, KEEP, RESTRICT
from homeport_sync.change import Change, Fields, Value
from homeport_sync.rules import written_value
from tests.unit.sync.ledger import codes, outcomes
from tests.unit.sync.projects import Projects, app, team
from tests.unit.sync.tasks import MINUTE, Phone, ann, bob

KINDS = app.catalog.kinds
CODES: Sequence[Value] = ("x", "y", None)


def values_of(change: Change) -> Fields:
    """What the change writes: the kinds here have no field that takes an edit."""
    return {name: written_value(written) for name, written in change.fields.items()}


@dataclass(slots=True)
class Plain:
    """One record of the model."""

    kind: str
    fields: Fields
    live: bool = True


@dataclass(slots=True)
class Model:
    """All records of one scope, and which were refused to whom."""

    records: dict[str, Plain] = field(default_factory=dict)
    refused: set[tuple[str, str]] = field(default_factory=set)

    def take(self, device: str, change: Change) -> str:
        """Apply the change, or say with which code it is refused."""
        there = self.records.get(change.id)
        if there is None and change.op != "create":
            return "DEPENDS_ON_REJECTED" if (device, change.id) in self.refused else "RECORD_GONE"
        if there is not None and not there.live:
            return ""  # superseded
        if change.op == "delete":
            return self._delete(change.id)
        made = Plain(change.kind, {**(there.fields if there else {}), **values_of(change)})
        code = self._wrong(device, change.id, made, there)
        if code and change.op == "create":
            self.refused.add((device, change.id))
        elif not code:
            self.records[change.id] = made
        return code

    def _wrong(self, device: str, id: str, made: Plain, was: Plain | None) -> str:
        for name, each in KINDS[made.kind].fields.items():
            value = made.fields.get(name)
            if value is None or (was is not None and was.fields.get(name) == value):
                continue
            if each.unique and any(other != id and has == value for other, has in self._having(made.kind, name)):
                return "NOT_UNIQUE"
        for name, each in KINDS[made.kind].fields.items():
            value = made.fields.get(name)
            if not each.refers_to or value is None or (was is not None and was.fields.get(name) == value):
                continue
            target = made if value == id else self.records.get(str(value))
            if target is None and (device, str(value)) in self.refused:
                return "DEPENDS_ON_REJECTED"
            if target is None or target.kind != each.refers_to or not (target.live or each.on_delete == KEEP):
                return "REFERENCE_GONE"
        return ""

    def _having(self, kind: str, name: str) -> Iterator[tuple[str, Value]]:
        yield from ((id, each.fields.get(name)) for id, each in self.records.items() if each.kind == kind and each.live)

    def _delete(self, id: str) -> str:
        gone = {id}
        while more := {each for each, _ in self.referring(gone, CASCADE)} - gone:
            gone |= more
        if {each for each, _ in self.referring(gone, RESTRICT)} - gone:
            return "STILL_REFERENCED"
        for each in gone:
            self.records[each].live = False
        return ""

    def referring(self, targets: set[str], on_delete: str) -> Iterator[tuple[str, str]]:
        """Who refers to one of these, by a field that does so, and to which."""
        for id, record in self.records.items():
            for name, each in KINDS[record.kind].fields.items():
                value = record.fields.get(name)
                if record.live and each.refers_to and each.on_delete == on_delete and value in targets:
                    yield id, str(value)


@dataclass(slots=True)
class History:
    """Two phones that know of each other's records as soon as they are made, and push now and then."""

    ledger: Projects
    model: Model
    scope: str
    phones: tuple[Phone, Phone]
    made: list[tuple[str, str]] = field(default_factory=list)
    waiting: list[tuple[Phone, Change]] = field(default_factory=list)

    def draw(self, data: st.DataObject) -> None:
        phone = data.draw(st.sampled_from(self.phones))
        phone.ms += MINUTE  # whoever writes is later: what loses is tried elsewhere
        for each in self.phones:
            each.ms = phone.ms
        op = data.draw(st.sampled_from(("create", "create", "update", "delete"))) if self.made else "create"
        if op == "create":
            kind, id = data.draw(st.sampled_from(("Project", "Issue"))), phone.new_id()
            self.made.append((kind, id))
        else:
            kind, id = data.draw(st.sampled_from(self.made))
        fields = {} if op == "delete" else self._fields(data, kind)
        change = phone.change(op, kind, id, self.scope, fields=fields)  # type: ignore[arg-type]
        self.waiting.append((phone, change))

    def _fields(self, data: st.DataObject, kind: str) -> dict[str, Value]:
        known = [None, *(id for _, id in self.made)]
        drawn: dict[str, Value] = {}
        for name, each in KINDS[kind].fields.items():
            if each.unique and name == "code" and data.draw(st.booleans()):
                drawn[name] = data.draw(st.sampled_from(CODES))
            elif each.refers_to and data.draw(st.booleans()):
                drawn[name] = data.draw(st.sampled_from(known))
        return drawn

    def push(self) -> None:
        """All that waits, in one batch: each change a push of its own, in the order they were made."""
        sent, self.waiting = self.waiting, []
        pushes = [phone.push(change) for phone, change in sent]
        found = self.ledger.decide(*pushes, now_ms=self.phones[0].ms)
        told = [codes(outcomes(each))[0] for each in found]
        assert told == [self.model.take(phone.device, change) for phone, change in sent]

    def check(self) -> None:
        """The records are the model's, and nothing is there that cannot be."""
        for id, plain in self.model.records.items():
            record = self.ledger.record(id)
            assert bool(record.deleted) is not plain.live
            if plain.live:
                assert record.fields == plain.fields
        live = {id for id, each in self.model.records.items() if each.live}
        held = [each.fields["code"] for each in self.model.records.values() if each.live and each.fields.get("code")]
        assert len(held) == len(set(held)) == len(self.ledger.keys)
        for on_delete in (CASCADE, RESTRICT):
            assert all(to in live for _, to in self.model.referring({*self.model.records}, on_delete))
        assert self.ledger.rounds == 0


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_what_is_decided_of_any_history_is_what_a_plain_model_says(data: st.DataObject) -> None:
    ledger, phones = Projects(), (ann(), bob())
    history = History(ledger, Model(), team(ledger, phones[0]), phones)
    for _ in range(data.draw(st.integers(1, 5))):
        for _ in range(data.draw(st.integers(1, 8))):
            history.draw(data)
        history.push()
        history.check()
