"""One record's history, told to people: who wrote what when, what was there, and how it merged with what others wrote.

It is made of the record's entries in the log (`annals.py`), what their changes were told, and the catalog: nothing is
kept for it. What is forgotten by now is left out and named, and never guessed. Pure.

Of a merge an outcome says what was met and what came of it. The other two are found: **mine** in the log where it took
effect and in the outcome where it was lost, **base** by going back to the position that the change was made on, and
making the device's own later writes again, which it had seen as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from homeport_sync.annals import Stretch
from homeport_sync.catalog import Catalog, Field, Kind
from homeport_sync.change import (
    Change,
    Edits,
    Elements,
    Increment,
    Outcome,
    Swap,
    Value,
    Written,
    decode_change,
    decode_outcome,
)
from homeport_sync.clock import stamp_ms
from homeport_sync.entry import after_of, moment_of
from homeport_sync.history import (
    BASE,
    MINE,
    RESULT,
    THEIRS,
    FieldWritten,
    History,
    Merge,
    Moment,
    RefusedMoment,
    Wrote,
)
from homeport_sync.ports import LogEntry, StoredOutcome
from homeport_sync.quarantine import Held
from homeport_sync.refusal import code_of, message_of
from homeport_sync.rules import FIRST, REGISTER
from homeport_sync.values import PythonValue

_NOTHING_SAID: Final = Outcome(number=0, outcome="applied")


def explain(
    record: str,
    stretch: Stretch,
    outcomes: Mapping[tuple[str, int], StoredOutcome],
    catalog: Catalog,
    refused: Sequence[Held] = (),
) -> History:
    """The history of a record as the app declares its kind today. `outcomes` are those of the stretch's entries, by
    device and number, as far as they are known; `refused` are changes of the record that were rejected."""
    return History(
        record=record,
        moments=moments_of(stretch.entries, 1 if stretch.begun else stretch.down_to, outcomes, catalog),
        refused=tuple(_refused(held, catalog) for held in sorted(refused, key=_rejected_at, reverse=True)),
        down_to=stretch.down_to,
        more=stretch.more,
    )


def moments_of(
    entries: Sequence[LogEntry], down_to: int, outcomes: Mapping[tuple[str, int], StoredOutcome], catalog: Catalog
) -> tuple[Moment, ...]:
    """What entries tell, of one record or of many, newest first as they come. All that there is of these records down
    to a position is among them; a base from before that is not told."""
    teller = _Teller(entries, down_to, outcomes, catalog)
    return tuple(map(teller.moment, entries))


class _Teller:
    """Tells the moments of a part of the log, each of which may depend on those before it."""

    def __init__(
        self,
        entries: Sequence[LogEntry],
        down_to: int,
        outcomes: Mapping[tuple[str, int], StoredOutcome],
        catalog: Catalog,
    ) -> None:
        self._down_to = down_to
        self._outcomes = outcomes
        self._told = {name: decode_outcome(kept.text) for name, kept in outcomes.items()}
        self._catalog = catalog
        self._writing: dict[tuple[str, str], list[LogEntry]] = {}  # by record and field, oldest first
        for entry in reversed(entries):
            for name in self._wrote(entry):
                self._writing.setdefault((entry.record, name), []).append(entry)

    def moment(self, entry: LogEntry) -> Moment:
        """What one entry tells."""
        kept = self._outcomes.get((entry.device, entry.number))
        outcome = self._told.get((entry.device, entry.number))
        kind = self._catalog.kinds.get(entry.kind)
        said = outcome or _NOTHING_SAID
        lowered = kept is not None and said.stamp
        return Moment(
            position=entry.position,
            op=entry.op,
            kind=entry.kind,
            record=entry.record,
            scope=entry.scope,
            user=entry.user,
            device=entry.device,
            number=entry.number,
            request_id=entry.request_id,
            accepted_at=moment_of(entry.accepted_at_ms),
            written_at=moment_of(stamp_ms(kept.stamp if kept and lowered else entry.stamp)),
            verdict=entry.outcome,
            ahead_ms=stamp_ms(kept.stamp) - entry.accepted_at_ms if kept and lowered else 0,
            written=tuple(_written(entry, kind, said)),
            merges=tuple(self._merges(entry, kind, said)),
            lost=said.lost,
            in_vain={name: _shown(_field(kind, name), each) for name, each in said.mine.items()},
            met_deleted=said.deleted,
            told=outcome is not None,
        )

    def _merges(self, entry: LogEntry, kind: Kind | None, outcome: Outcome) -> Iterator[Merge]:
        """Those of a change. A field that held what the device had seen met nothing, nor does one of a record that a
        restore brings back."""
        if outcome.deleted:
            return
        for name, met in outcome.met.items():
            field, lost = _field(kind, name), name in outcome.lost
            known = self._four(entry, field, name, outcome)
            if lost or met.long or BASE not in known or known[BASE] != met.theirs:
                yield Merge(
                    field=name,
                    rule=_rule(field),
                    base=_value(field, known.get(BASE)),
                    mine=_shown(field, known.get(MINE)),
                    theirs=_value(field, known.get(THEIRS)),
                    result=_value(field, known.get(RESULT)),
                    lost=lost,
                    untold=frozenset({BASE, MINE, THEIRS, RESULT} - known.keys()),
                )

    def _four(self, entry: LogEntry, field: Field | None, name: str, outcome: Outcome) -> dict[str, Written]:
        """Those of base, mine, theirs and result that are known."""
        met = outcome.met[name]
        known: dict[str, Written] = {} if met.long else {THEIRS: met.theirs, RESULT: met.result}
        wrote = self._wrote(entry)
        if name in wrote:
            known[MINE] = wrote[name]
        mine = known.get(MINE)
        if isinstance(mine, Swap):  # the device says what it showed
            return known | {MINE: mine.to, BASE: mine.was}
        return known | self._base(entry, field, name, outcome)

    def _base(self, entry: LogEntry, field: Field | None, name: str, outcome: Outcome) -> dict[str, Value]:
        """What the device showed, if the stretch tells: what was there at the base, and its own writes since then."""
        base = outcome.base
        if base is None or base + 1 < self._down_to:
            return {}
        since = [each for each in self._writing.get((entry.record, name), ()) if base < each.position < entry.position]
        took = next((each for each in since if name in each.fields), None)
        if took is None:
            known = {} if outcome.met[name].long else {BASE: outcome.met[name].theirs}
        elif took.op == "restore":  # it says what is from then on, and not what was there before the delete
            known = self._held_at(entry.record, base, field, name)
        else:
            known = {BASE: _before(took, field, name)}
        for own in since:
            if known and own.device == entry.device and self._waited(own, base):
                known = {BASE: _shown_after(own, field, self._wrote(own)[name], known[BASE])}
        return known

    def _waited(self, own: LogEntry, base: int) -> bool:
        """Whether an earlier change still waited in the outbox when the device wrote on this base. One that took effect
        did, for the base is from before that. One that left the record where it was did if it was made on the same
        base: else the device has pulled since, and was told of it."""
        told = self._told.get((own.device, own.number), _NOTHING_SAID)
        return bool(own.fields) or told.base in (None, base)

    def _held_at(self, record: str, position: int, field: Field | None, name: str) -> dict[str, Value]:
        """What the record's field held at a position, by the last entry up to there that wrote it."""
        for each in reversed(self._writing.get((record, name), ())):
            if each.position <= position and name in each.fields:
                outcome = self._told.get((each.device, each.number), _NOTHING_SAID)
                return {BASE: _after(each, field, name, outcome)}
        return {}

    def _wrote(self, entry: LogEntry) -> Edits:
        """What the change wrote to its record, as far as it is known: what took effect, what was lost, and what was
        there already, of which an outcome only says that it was met."""
        said = self._told.get((entry.device, entry.number), _NOTHING_SAID)
        same = {name: met.result for name, met in said.met.items() if name not in said.lost and not met.long}
        return {**same, **said.mine, **entry.fields}


def _written(entry: LogEntry, kind: Kind | None, outcome: Outcome) -> Iterator[FieldWritten]:
    for name, mine in entry.fields.items():
        field, before = _field(kind, name), _before(entry, _field(kind, name), name)
        yield FieldWritten(
            field=name,
            rule=_rule(field),
            mine=_shown(field, mine),
            before=_value(field, before),
            after=_value(field, _after(entry, field, name, outcome)),
        )


def _before(entry: LogEntry, field: Field | None, name: str) -> Value:
    """What the field held before the entry. What was never written showed its default, where there was a record."""
    unwritten = field.default if field is not None and entry.op == "update" else None
    return entry.before.get(name, unwritten)


def _after(entry: LogEntry, field: Field | None, name: str, outcome: Outcome) -> Value:
    """What the field held after the entry, which wrote it."""
    met = outcome.met.get(name)
    if met is not None and not met.long:
        return met.result
    return after_of(field, entry.fields[name], _before(entry, field, name))


def _shown_after(own: LogEntry, field: Field | None, written: Written, before: Value) -> Value:
    """What a device shows that writes this over what it showed."""
    if field is not None and field.rule == FIRST and before is not None and own.op == "update":
        return before
    return after_of(field, written, before)


def _refused(held: Held, catalog: Catalog) -> RefusedMoment:
    kept = held.change
    change: Change | None = decode_change(kept.change) if kept.change else None
    kind = catalog.kinds.get(change.kind) if change else None
    error = decode_outcome(kept.text).error
    return RefusedMoment(
        op=change.op if change else "update",
        kind=change.kind if change else "",
        user=held.user,
        device=kept.device,
        number=kept.number,
        rejected_at=moment_of(kept.rejected_at_ms),
        code=code_of(error),
        message=message_of(error),
        wrote={name: _shown(_field(kind, name), each) for name, each in (change.fields if change else {}).items()},
        waits=held.open,
        replayed_by=held.replayed_by,
        replayed_at=moment_of(held.replayed_at_ms) if held.replayed_at_ms is not None else None,
        replays=kept.replays,
    )


def _rejected_at(held: Held) -> tuple[int, int]:
    return held.change.rejected_at_ms, held.change.number


def _field(kind: Kind | None, name: str) -> Field | None:
    return kind.fields.get(name) if kind is not None else None


def _rule(field: Field | None) -> str:
    return field.rule if field is not None else REGISTER


def _shown(field: Field | None, written: Written) -> Wrote:
    """What was written, as Python knows it."""
    if isinstance(written, Increment | Elements):
        return written
    return _value(field, written)


def _value(field: Field | None, written: Written) -> PythonValue:
    """As Python knows the value; as it was sent where the app declares no such field any more, or another type."""
    value = written.to if isinstance(written, Swap) else written
    if isinstance(value, Increment | Elements):
        return None
    if field is not None and field.type.fits(value):
        return field.type.from_wire(value)
    return frozenset(value) if isinstance(value, list) else value
