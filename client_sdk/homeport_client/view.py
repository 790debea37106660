"""What an app sees: every record as it was pulled, with this device's own changes replayed on top (I5).

The table `view` is never written by itself: whoever touches what was pulled or the outbox derives the touched records
again, in the same transaction; but what is only added at the end of the outbox is added to what shows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from homeport_client.outbox import Outbox
from homeport_client.pulled import Pulled
from homeport_client.query import SELECT_LIVE, Query, goes_by, statement
from homeport_client.schema import index, index_name
from homeport_client.storage import transaction
from homeport_sync.call import COMMAND_RECORDS_MAX
from homeport_sync.catalog import Catalog
from homeport_sync.change import Change, Record, Value, decode_record, encode
from homeport_sync.clock import Stamp, stamp_ms
from homeport_sync.merge import merge
from homeport_sync.rejections import Rejection
from homeport_sync.values import PythonValue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
# With an app's indexes, ON CONFLICT … DO UPDATE would be nearly twice as large, prepared.
_REPLACE = (
    "INSERT OR REPLACE INTO view (id, kind, scope, deleted, updated, record, filled) VALUES (?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One record as this device sees it now.

    `fields` holds every declared field; `view["title"]` is short for one of them. `created_at` and `updated_at` are
    aware and in UTC. `pending` tells that the server has not answered a change of it yet.
    """

    id: str
    kind: str
    scope: str
    fields: Mapping[str, PythonValue]
    created_at: datetime
    updated_at: datetime
    pending: bool

    def __getitem__(self, name: str) -> PythonValue:
        return self.fields[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A record before a write: what it is, whether it is deleted, and the newest stamp in it."""

    kind: str
    scope: str
    deleted: bool
    updated: Stamp


class Views:
    """The table `view`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        catalog: Catalog,
        pulled: Pulled,
        outbox: Outbox,
        takes: Callable[[str], bool],
    ) -> None:
        self._connection = connection
        self._catalog = catalog
        self._pulled = pulled
        self._outbox = outbox
        self._takes = takes
        self._indexed: set[str] = set()  # the names of indexes that are there for sure

    def derive(self, ids: Iterable[str]) -> None:
        """Derives these records again. Called in the transaction that touched them.

        In the order of their ids, and not in that of a set: then a seed fills the same pages in every process.
        """
        self._show({record_id: self._replayed(record_id) for record_id in sorted(ids)})

    def add(self, change: Change) -> None:
        """Shows a change that was written just now, behind all others, in the transaction that wrote it.

        What shows of its record is what was pulled with all others replayed, so this one is merged onto that: to replay
        them all with every write would take the longer the more of them wait. Where defaults show for what the record
        does not have, or nothing does, it is derived.
        """
        row = self._connection.execute("SELECT record FROM view WHERE id = ? AND filled = 0", (change.id,)).fetchone()
        if row is None:
            self.derive([change.id])
        else:
            self._show({change.id: self._merged(decode_record(row[0]), change)})

    def _show(self, records: Mapping[str, Record | None]) -> None:
        shown, gone = [], []
        for record_id, record in records.items():
            # A kind that this app version does not declare waits in `pulled` for the version that does, and what was
            # written in a scope that is left out waits in the outbox.
            if record is None or record.kind not in self._catalog.kinds or not self._takes(record.scope):
                gone.append((record_id,))
            else:
                shown.append(self._row(record))
        if gone:
            self._connection.executemany("DELETE FROM view WHERE id = ?", gone)
        if shown:
            self._connection.executemany(_REPLACE, shown)

    def standing(self, record_id: str) -> Standing | None:
        """What is there of the record, deleted or not; None if nothing is."""
        row = self._connection.execute(
            "SELECT kind, scope, deleted, updated FROM view WHERE id = ?", (record_id,)
        ).fetchone()
        if row is None:
            return None
        return Standing(kind=row[0], scope=row[1], deleted=bool(row[2]), updated=Stamp(row[3]))

    def record(self, record_id: str) -> Record | None:
        """The record as it shows, deleted or not; None if there is none."""
        row = self._connection.execute("SELECT record FROM view WHERE id = ?", (record_id,)).fetchone()
        return decode_record(row[0]) if row else None

    def of_kind(self, scope: str, kind: str) -> list[Record]:
        """The live records of a kind in a scope as they show, in the order of their ids; at most one more than a
        command may read."""
        rows = self._connection.execute(
            "SELECT record FROM view WHERE kind = ? AND scope = ? AND deleted = 0 ORDER BY id LIMIT ?",
            (kind, scope, COMMAND_RECORDS_MAX + 1),
        )
        return [decode_record(text) for (text,) in rows]

    def get(self, record_id: str) -> View | None:
        """The record, unless it is unknown or deleted, or its scope is."""
        row = self._connection.execute(f"{SELECT_LIVE} AND view.id = ?", (record_id,)).fetchone()
        return self._view(*row) if row else None

    def select(self, query: Query) -> list[View]:
        """The records that the query asks for, in its order."""
        self._index(query)
        text, values = statement(query)
        return [self._view(*row) for row in self._connection.execute(text, values)]

    def _index(self, query: Query) -> None:
        """Makes the indexes that the query goes by, unless one before it did: what nobody asks for costs nothing."""
        in_scope = query.scope is not None
        for field in goes_by(query):
            name = index_name(query.kind.name, field, in_scope=in_scope)
            made = index(query.kind.name, field, in_scope=in_scope)
            if self._connection.in_transaction:  # of a group: what it makes may be undone with it
                self._connection.execute(made)
            elif name not in self._indexed:
                with transaction(self._connection, made):
                    pass
                self._indexed.add(name)

    def _replayed(self, record_id: str) -> Record | None:
        record = self._pulled.get(record_id)
        for change in self._outbox.replay(record_id):
            # What follows a rejected create has nothing to stand on: it shows nothing until it is rejected as well.
            if record is not None or change.op == "create":
                record = self._merged(record, change)
        return record

    def _merged(self, record: Record | None, change: Change) -> Record | None:
        kind = self._catalog.kinds.get(change.kind)
        with suppress(Rejection):  # what a rule refuses here, the server refuses as well
            return merge(record, change, kind.rules if kind else {}).record
        return record

    def _row(self, record: Record) -> tuple[str, str, str, bool, str, str, bool]:
        updated, missing = record.newest, dict[str, Value]()
        if not record.deleted:
            known = self._catalog.kinds[record.kind].fields
            missing = {name: field.default for name, field in known.items() if name not in record.fields}
            record = replace(record, fields={**record.fields, **missing}) if missing else record
        return record.id, record.kind, record.scope, bool(record.deleted), updated, encode(record), bool(missing)

    def _view(self, text: str, updated: str, pending: int) -> View:
        record = decode_record(text)
        return View(
            id=record.id,
            kind=record.kind,
            scope=record.scope,
            fields=self._catalog.kinds[record.kind].from_wire(record.fields),
            created_at=_moment(record.stamp),
            updated_at=_moment(Stamp(updated)),
            pending=bool(pending),
        )


def _moment(stamp: Stamp) -> datetime:
    return _EPOCH + timedelta(milliseconds=min(stamp_ms(stamp), _LAST_MS))
