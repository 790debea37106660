"""The outbox: this device's changes that are not yet contained in what it has pulled.

A change enters as it is written, unanswered. An outcome makes it answered, or, if it was rejected, takes it out. An
answered change stays and is replayed until a finished catch-up contains it, so that the view never goes back (I5).

The rows of one `device` id are numbered without gaps. After a fork, answered rows may remain under the former id:
they are only replayed. `place` is the order of writing, whatever the ids and numbers.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from homeport_client.predicted import Predicted
from homeport_sync.change import GROUP_CHANGES_MAX, Change, Group, Outcome, decode_change, encode
from homeport_sync.clock import Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A change that just got its outcome: the records it shows in, its own, its scope and that in which the record was
    pulled ("": nowhere), its JSON, and that of what it was written on."""

    records: set[str]
    record: str
    scope: str
    pulled_scope: str
    change: str
    base: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A delete that this device wrote: its stamp as it counts in merges, and as JSON what it was written on."""

    stamp: Stamp
    base: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """Unanswered changes to push next, as JSON. `first` is the lowest number; `last`: none wait after them."""

    first: int
    changes: list[msgspec.Raw]
    last: bool


def _effective(text: str, lowered: str) -> Change:
    """The change as it counts in merges: with the stamp the server lowered it to, if it did."""
    change = decode_change(text)
    return replace(change, stamp=Stamp(lowered)) if lowered else change


class Outbox:
    """The table `outbox`, and what is `predicted` of the commands in it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.predicted = Predicted(connection)

    def add(self, device: str, change: Change, text: str, base: str = "", pulled_scope: str = "") -> int:
        """Appends a change as it is written, with what it was written on, and the scope in which that was pulled; its
        place."""
        added = self._connection.execute(
            "INSERT INTO outbox (device, number, record, change, base, scope, goes_into, stamp, pulled_scope)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (device, change.number, change.id, text, base, change.scope, change.into, change.stamp, pulled_scope),
        )
        return added.lastrowid or 0

    def join(self, device: str, first: int, last: int) -> int:
        """Makes one group of the changes with these numbers; how many bytes they have. One alone is none."""
        rows = self._connection.execute(
            "SELECT place, change FROM outbox WHERE device = ? AND number BETWEEN ? AND ? ORDER BY number",
            (device, first, last),
        ).fetchall()
        if len(rows) == 1:
            return 0
        size = 0
        for at, (place, text) in enumerate(rows, 1):
            change = encode(replace(decode_change(text), group=Group(at=at, of=len(rows))))
            self._connection.execute("UPDATE outbox SET change = ? WHERE place = ?", (change, place))
            size += len(change.encode()) + 1
        return size

    def replay(self, record_id: str) -> list[Change]:
        """The changes of a record in the order of writing, as they count in merges, and what is predicted of it."""
        rows = self._connection.execute(
            "SELECT place, change, lowered FROM outbox WHERE record = ? ORDER BY place", (record_id,)
        )
        written = [(place, _effective(text, lowered)) for place, text, lowered in rows]
        predicted = self.predicted.of(record_id)
        if predicted:
            written = sorted([*written, *predicted], key=lambda each: each[0])
        return [change for _, change in written]

    def records(self) -> set[str]:
        """The ids of all records that have changes here, or of which those let something be expected."""
        written = {row[0] for row in self._connection.execute("SELECT DISTINCT record FROM outbox")}
        return written | self.predicted.records()

    def scopes(self) -> set[str]:
        """The scopes that have changes here, or of which changes here may quote something."""
        return {
            row[0] for row in self._connection.execute("SELECT scope FROM outbox UNION SELECT pulled_scope FROM outbox")
        }

    def unanswered(self) -> int:
        """How many changes wait for an outcome."""
        (count,) = self._connection.execute("SELECT count(*) FROM outbox WHERE answered = 0").fetchone()
        return int(count)

    def page(self, after: int, limit: int) -> list[Change]:
        """The changes that wait for an outcome, after a number."""
        rows = self._connection.execute(
            "SELECT change FROM outbox WHERE answered = 0 AND number > ? ORDER BY number LIMIT ?", (after, limit)
        )
        return [decode_change(text) for (text,) in rows]

    def first_unanswered(self) -> int | None:
        """The lowest number that waits for an outcome; None if none does."""
        (number,) = self._connection.execute("SELECT min(number) FROM outbox WHERE answered = 0").fetchone()
        return number if number is None else int(number)

    def to_push(self, changes_max: int, bytes_max: int) -> Unsent | None:
        """The first unanswered changes in the order of their numbers, as many as fit; one always does, and a group goes
        whole. None if all are answered.
        """
        rows = self._connection.execute(
            "SELECT number, change FROM outbox WHERE answered = 0 ORDER BY number LIMIT ?",
            (changes_max + GROUP_CHANGES_MAX,),
        )
        first, changes, last = 0, list[msgspec.Raw](), True
        for number, text in rows:
            raw = str(text).encode()
            bytes_max -= len(raw) + 1
            if changes and (bytes_max < 0 or len(changes) >= changes_max):
                group = decode_change(raw).group
                before = group.at - 1 if group else 0  # so many of its group are among those that fit
                if before < len(changes) or not before:
                    del changes[len(changes) - before :]
                    last = False
                    break
            first = first or number
            changes.append(msgspec.Raw(raw))
        return Unsent(first=first, changes=changes, last=last) if changes else None

    def settle(self, device: str, outcome: Outcome) -> Settled | None:
        """Takes an outcome; None if the change has one already or is not here."""
        if outcome.outcome == "rejected":
            rows = self._connection.execute(
                "DELETE FROM outbox WHERE device = ? AND number = ? AND answered = 0"
                " RETURNING place, record, scope, pulled_scope, change, base",
                (device, outcome.number),
            ).fetchall()
            also = self.predicted.drop(row[0] for row in rows)
        else:
            rows = self._connection.execute(
                "UPDATE outbox SET answered = 1, lowered = ? WHERE device = ? AND number = ? AND answered = 0"
                " RETURNING place, record, scope, pulled_scope, change, base",
                (outcome.stamp, device, outcome.number),
            ).fetchall()
            also = set[str]()
        if not rows:
            return None
        ((_, record, scope, pulled_scope, change, base),) = rows
        return Settled(
            records={record, *also},
            record=record,
            scope=scope,
            pulled_scope=pulled_scope,
            change=change,
            base=base,
        )

    def deleted(self, record_id: str) -> Deleted | None:
        """The newest delete of the record that is held here; None if there is none."""
        row = self._connection.execute(
            "SELECT CASE lowered WHEN '' THEN stamp ELSE lowered END, base FROM outbox"
            " WHERE record = ? AND base != '' AND json_extract(change, '$.op') = 'delete' ORDER BY place DESC",
            (record_id,),
        ).fetchone()
        return Deleted(stamp=Stamp(row[0]), base=row[1]) if row else None

    def has_contained(self, device: str, number: int) -> bool:
        """Whether `drop_contained` would take anything out."""
        found = self._connection.execute(
            "SELECT 1 FROM outbox WHERE answered = 1 AND (device != ? OR number <= ?) LIMIT 1", (device, number)
        ).fetchone()
        return found is not None

    def drop_contained(self, device: str, number: int, awaits: Callable[[str], bool] | None = None) -> set[str]:
        """Takes out what a finished catch-up contains: answered changes up to `number`, and all of former ids, but
        those in scopes that a later catch-up `awaits`.

        Their records are returned. A former id's answers came before this catch-up asked for its last page.
        """
        if not self.has_contained(device, number):
            return set()
        kept = (
            [place for place, scopes in self._contained(device, number) if any(map(awaits, scopes))] if awaits else []
        )
        rows = self._connection.execute(
            "DELETE FROM outbox WHERE answered = 1 AND (device != ? OR number <= ?)"
            " AND place NOT IN (SELECT value FROM json_each(?)) RETURNING place, record",
            (device, number, json.dumps(kept)),
        ).fetchall()
        return {row[1] for row in rows} | self.predicted.drop(row[0] for row in rows)

    def _contained(self, device: str, number: int) -> list[tuple[int, set[str]]]:
        """Place and scopes of what a catch-up contains that has all scopes."""
        rows = self._connection.execute(
            "SELECT place, scope, goes_into FROM outbox WHERE answered = 1 AND (device != ? OR number <= ?)",
            (device, number),
        )
        return [(place, {scope, goes_into or scope}) for place, scope, goes_into in rows]

    def resend_from(self, device: str, number: int) -> bool:
        """Counts the changes from `number` on as unanswered again; False if that one is not held any more."""
        held = self._connection.execute(
            "SELECT 1 FROM outbox WHERE device = ? AND number = ?", (device, number)
        ).fetchone()
        if held is None:
            return False
        self._connection.execute("UPDATE outbox SET answered = 0 WHERE device = ? AND number >= ?", (device, number))
        return True

    def resend_all(self) -> None:
        """Counts every change as unanswered again."""
        self._connection.execute("UPDATE outbox SET answered = 0")

    def has_former(self, device: str) -> bool:
        """Whether changes of a former id are held."""
        found = self._connection.execute("SELECT 1 FROM outbox WHERE device != ? LIMIT 1", (device,)).fetchone()
        return found is not None

    def rename(self, device: str) -> list[tuple[str, int]]:
        """Gives the unanswered changes to a new device id, numbered from 1 in the order of writing.

        Returns the device and the number that each had, in that order. Stamps stay: by its stamp the server knows a
        change that it has under a former id.
        """
        rows = self._connection.execute(
            "SELECT place, change, device, number FROM outbox WHERE answered = 0 ORDER BY place"
        ).fetchall()
        for number, (place, text, *_) in enumerate(rows, start=1):
            change = encode(replace(decode_change(text), number=number))
            self._connection.execute(
                "UPDATE outbox SET device = ?, number = ?, change = ? WHERE place = ?",
                (device, number, change, place),
            )
        return [(former, number) for *_, former, number in rows]

    def newest_stamp(self) -> Stamp:
        """The latest stamp of all changes here, as they count in merges."""
        (newest,) = self._connection.execute(
            "SELECT max(CASE lowered WHEN '' THEN stamp ELSE lowered END) FROM outbox"
        ).fetchone()
        return Stamp(newest or "")
