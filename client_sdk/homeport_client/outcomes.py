"""What became of this device's changes, kept for the app: rejected ones with the change that was refused (I7).

When a grant ends, what others wrote goes, and what the user of this device wrote in vain stays (I8): a rejected change
is nobody else's, and stands nowhere else on the device. Of a scope that the device itself leaves out, all stays but
what is quoted of others.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from homeport_client.merges import Merge, merges
from homeport_client.outbox import Deleted, Settled
from homeport_sync.catalog import Catalog
from homeport_sync.change import (
    Change,
    Elements,
    Outcome,
    Swap,
    Verdict,
    Written,
    decode_change,
    decode_fields,
    decode_outcome,
    encode,
)
from homeport_sync.clock import Stamp
from homeport_sync.refusal import code_of
from homeport_sync.rejections import DependsOnRejected, GroupRejected, ScopeForbidden

_SELECT = "SELECT place, device, outcome, change, base FROM outcomes"
_DELETED = (
    "SELECT coalesce(json_extract(outcome, '$.stamp'), json_extract(change, '$.stamp')), base"
    " FROM outcomes INDEXED BY outcomes_record WHERE record = ? AND rejected = 0 AND base != ''"
    " AND json_extract(change, '$.op') = 'delete' ORDER BY place DESC LIMIT 1"
)
_FORGET_EFFECTIVE = "DELETE FROM outcomes WHERE rejected = 0 AND scope = ?"
_OF_SCOPE = "SELECT place, outcome, change, base FROM outcomes WHERE ? IN (scope, pulled_scope)"
_WENT_ALONG = "It was refused, and all that was said of it went when the grant in its scope ended."
_QUOTES_NOBODY = frozenset({ScopeForbidden.code, GroupRejected.code, DependsOnRejected.code})
_NOTHING = "{}"  # what others wrote of what was written over, once it has gone


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOutcome:
    """What became of one change. `place` orders them as the device learnt of them, and is what `after` takes.

    `device` and `number` are those under which it was sent, and `change` is as it was sent, but for what it quotes of
    others where the grant has ended since. `outcome`, `lost`, `error` and `deleted` are as in
    `homeport_sync.change.Outcome`; `merges` explain how its fields met those of others.
    """

    place: int
    device: str
    number: int
    outcome: Verdict
    lost: tuple[str, ...]
    error: Mapping[str, object] | None
    change: Change
    deleted: bool = False
    merges: tuple[Merge, ...] = ()


_WAITS, _SETTLED = 1, -1  # in the column `rejected`, which is 0 for what took effect; forgotten in the order of these


class Outcomes:
    """The table `outcomes`: what is rejected waits in quarantine until settled; of all else the last `kept_max`."""

    def __init__(self, connection: sqlite3.Connection, kept_max: int, catalog: Catalog) -> None:
        self._connection = connection
        self._catalog = catalog
        self._kept_max = kept_max

    def add(self, device: str, outcome: Outcome, was: Settled) -> None:
        """Keeps an outcome. One that was given again in the same words is no news; in others it is the newest."""
        row = self._connection.execute(
            "SELECT outcome FROM outcomes WHERE device = ? AND number = ?", (device, outcome.number)
        ).fetchone()
        if row is not None and decode_outcome(row[0]) == outcome:
            return
        self._connection.execute(
            "INSERT OR REPLACE INTO outcomes"
            " (device, number, rejected, outcome, change, base, record, scope, pulled_scope)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                device,
                outcome.number,
                _WAITS if outcome.outcome == "rejected" else 0,
                encode(outcome),
                was.change,
                was.base,
                was.record,
                was.scope,
                was.pulled_scope,
            ),
        )

    def rename(self, former: Sequence[tuple[str, int]], device: str) -> None:
        """What is sent again under a new device id, numbered from 1, had these devices and numbers before: its outcome
        is the same."""
        self._connection.executemany(
            "UPDATE outcomes SET device = ?, number = ?, outcome = json_set(outcome, '$.number', ?),"
            " change = json_set(change, '$.number', ?) WHERE device = ? AND number = ?",
            [(device, number, number, number, *name) for number, name in enumerate(former, start=1)],
        )

    def trim(self) -> None:
        """Forgets the oldest beyond the limit, settled ones first. What waits is the user's work, and stays."""
        self._connection.execute(
            "DELETE FROM outcomes WHERE place IN (SELECT place FROM outcomes WHERE rejected < ?"
            " ORDER BY rejected, place LIMIT max((SELECT count(*) FROM outcomes WHERE rejected < ?) - ?, 0))",
            (_WAITS, _WAITS, self._kept_max),
        )

    def forget_others(self, scopes: Mapping[str, bool]) -> None:
        """Keep of these scopes nothing that quotes others. Where a grant has `ended`, what took effect is the scope's
        and goes; what was rejected stays, without the reason for it if that may quote."""
        for scope, ended in scopes.items():
            if ended:
                self._connection.execute(_FORGET_EFFECTIVE, (scope,))
            left = self._connection.execute(_OF_SCOPE, (scope,)).fetchall()
            self._connection.executemany(
                "UPDATE outcomes SET outcome = ?, change = ?, base = ? WHERE place = ?",
                [
                    (*_own(decode_outcome(text), decode_change(change), base, ended=ended), at)
                    for at, text, change, base in left
                ],
            )

    def page(self, after: int, limit: int) -> list[ChangeOutcome]:
        """Outcomes after a place, oldest first."""
        rows = self._connection.execute(f"{_SELECT} WHERE place > ? ORDER BY place LIMIT ?", (after, limit))
        return [self._change_outcome(*row) for row in rows]

    def waiting(self, after: int, limit: int) -> list[ChangeOutcome]:
        """Those that wait in quarantine after a place, oldest first."""
        rows = self._connection.execute(
            f"{_SELECT} WHERE rejected = ? AND place > ? ORDER BY place LIMIT ?", (_WAITS, after, limit)
        )
        return [self._change_outcome(*row) for row in rows]

    def waiting_with(self, head: ChangeOutcome) -> list[ChangeOutcome]:
        """`head` and whatever else waits and may not stand without it, oldest first: the rest of its group, what is
        about a record that it was to make, within it, moves into it or refers to it, and so on. What of it does not,
        `with_dependents` says.

        It reads these alone, and not all that waits; that is searched where anything may name the record.
        """
        found, groups, reached = {head.place: head}, set[tuple[str, int]](), [head]
        while reached:
            one = reached.pop()
            change, more = one.change, list[ChangeOutcome]()
            if change.group is not None and (group := (one.device, one.number - change.group.at + 1)) not in groups:
                groups.add(group)
                more += self._waiting("device = ? AND number BETWEEN ? AND ?", *group, group[1] + change.group.of - 1)
            if change.op == "create":
                more += self._waiting("record = ?", change.id)
                if change.id == change.scope or self._may_be_named(change.kind):
                    more += self._waiting("place > ? AND instr(change, ?)", one.place, change.id)
            new = {each.place: each for each in more if each.place not in found}
            found |= new
            reached += new.values()
        return [found[place] for place in sorted(found)]

    def deleted(self, record_id: str) -> Deleted | None:
        """The newest delete of the record that took effect; None if none is kept, or not what it was written on."""
        row = self._connection.execute(_DELETED, (record_id,)).fetchone()
        return Deleted(stamp=Stamp(row[0]), base=row[1]) if row else None

    def settle(self, place: int) -> None:
        """It waits no longer; it stays here as an outcome like any other."""
        self._connection.execute("UPDATE outcomes SET rejected = ? WHERE place = ?", (_SETTLED, place))

    def _may_be_named(self, kind: str) -> bool:
        """Whether what is about another record, or calls a command, may name a record of the kind."""
        kinds = self._catalog.kinds.values()
        return bool(self._catalog.commands) or any(each.refers_to == kind for one in kinds for each in one.refers)

    def _waiting(self, condition: str, *values: str | int) -> list[ChangeOutcome]:
        rows = self._connection.execute(f"{_SELECT} WHERE {condition} AND rejected = ?", (*values, _WAITS))
        return [self._change_outcome(*row) for row in rows]

    def _change_outcome(self, place: int, device: str, text: str, written: str, base: str) -> ChangeOutcome:
        outcome, change = decode_outcome(text), decode_change(written)
        return ChangeOutcome(
            place=place,
            device=device,
            number=outcome.number,
            outcome=outcome.outcome,
            lost=outcome.lost,
            error=outcome.error,
            change=change,
            deleted=outcome.deleted,
            merges=tuple(merges(change, outcome, decode_fields(base) if base else {}, self._catalog)),
        )


def _own(outcome: Outcome, change: Change, base: str, *, ended: bool) -> tuple[str, str, str]:
    """A row without what others wrote: outcome, change and base. What was lost of it stands in the change, too."""
    bare = _bare(outcome) if ended else outcome
    nothing = _NOTHING if change.op == "restore" else ""
    return encode(replace(bare, met={}, base=None, mine={})), encode(_own_change(change, base)), nothing


def _bare(outcome: Outcome) -> Outcome:
    """The outcome without what its reason quotes: a value that was there, or the app's own words."""
    if outcome.error is None or (code := code_of(outcome.error)) in _QUOTES_NOBODY:
        return outcome
    return replace(outcome, error={"message": _WENT_ALONG, "extensions": {"code": code, "retryable": False}})


def _own_change(change: Change, base: str) -> Change:
    """A restore says the whole record: of that stays what its user has given it."""
    fields = {name: _own_part(written) for name, written in change.fields.items()}
    if change.op == "restore":
        known = decode_fields(base) if base else fields  # a file of a former version does not say what was known
        fields = {name: each for name, each in fields.items() if name not in known or known[name] != each}
    return replace(change, fields=fields)


def _own_part(written: Written) -> Written:
    if isinstance(written, Swap):
        return replace(written, was=None)
    return replace(written, remove={}) if isinstance(written, Elements) else written
