"""One commit batch on SQLite: the thread waits for the lock and for the disk, the event loop does the rest.

Every row that SQLite steps over gives up Python's lock and takes it back. Done in a thread beside a busy event loop,
a batch of small pushes spent more on that than on its work (docs/measurements.md).
So only what can really wait goes to the thread: `COMMIT`, which waits for the disk, and `BEGIN IMMEDIATE` when another
process is writing. What is between them works in memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

import msgspec

from homeport_sync.errors import no_tenant
from homeport_sync.keys import Key, Link, reached
from homeport_sync.ports import FORMER_IDS_MAX, KIND_RECORDS_MAX, Head, Loaded, StoredRecord, Wanted, Writes
from homeport_sync.sql import rows
from homeport_sync.sql.sqlite import statements
from homeport_sync.sql.sqlite.connection import BUSY_TIMEOUT_MS, Connection
from homeport_sync.sql.sqlite.trouble import code_of

_KEY = ("tenant", "scope", "kind", "field", "digest")
_LINK = ("tenant", "target", "record", "field")
Links: TypeAlias = Mapping[str, Sequence[Link]]
_json = msgspec.json.Encoder().encode


def json_list(values: Collection[object]) -> str:
    """The values as the JSON array that `json_each` takes."""
    return _json(list(values)).decode()


def head_of(connection: sqlite3.Connection, tenant: str) -> Head:
    """The tenant's head. Raises `Unavailable` for a tenant that is not here."""
    row = connection.execute(statements.HEAD, {"tenant": tenant}).fetchone()
    if row is None:
        raise no_tenant(tenant)
    return Head(position=row[0], epoch=row[1])


class SqliteTransaction:
    """See `ports.Transaction`. SQLite has one writer, so its lock is every tenant's head lock."""

    def __init__(self, writer: Connection, tenant: str) -> None:
        self._writer = writer
        self._tenant = tenant
        self._under_way = False

    async def load(self, wanted: Wanted) -> Loaded:
        """Lock, then read; what is locked already is only read."""
        if not self._under_way:
            self._under_way = True
            await begin(self._writer)
        return self._load(self._writer.raw, wanted)

    async def commit(self, writes: Writes) -> None:
        """Write everything, then commit."""
        self._write(self._writer.raw, writes)
        await self._writer.run(lambda connection: connection.execute("COMMIT"))
        self._under_way = False

    async def end(self) -> None:
        """Roll back what was begun and is not known to be committed; the thread does it after all it was given."""
        if self._under_way:
            await self._writer.run(lambda connection: connection.rollback())

    def _load(self, connection: sqlite3.Connection, wanted: Wanted) -> Loaded:
        head = head_of(connection, self._tenant)
        found = self._find(connection, statements.DEVICES, devices=wanted.devices)
        devices = {each.id: each for each in map(rows.known_device, found)}
        last = {each.id: each.last_number for each in devices.values()}
        again = [name for name in wanted.outcomes if name[2] <= last.get(name[1], 0)]
        outcomes = self._find(connection, statements.OUTCOMES, names=again)
        for stamp in wanted.stamps:
            asked = {"tenant": self._tenant, "stamp": stamp, "room": FORMER_IDS_MAX}
            outcomes += connection.execute(statements.STAMPED, asked).fetchall()
        grants = self._find(connection, statements.GRANTS, pairs=wanted.grants)
        linked = {each: self._linked(connection, each, wanted.links_max) for each in wanted.targets}
        links = {target: here for each in linked.values() if each is not None for target, here in each.items()}
        records = self._find(connection, statements.RECORDS, records=wanted.records.union(links))
        here = {each.record.id: each for each in map(rows.stored_record, records)}
        of_kind = {each: self._of_kind(connection, *each) for each in wanted.kinds}
        here |= {each.record.id: each for found in of_kind.values() for each in found}
        keys = self._find(connection, statements.KEYS, keys=wanted.keys)
        missing = [each for each in wanted.creates if each[1] not in here]
        rejected = self._find(connection, statements.REJECTED_CREATES, creates=missing)
        return Loaded(
            head=head,
            devices=devices,
            outcomes={(each.device, each.number): each for each in map(rows.stored_outcome, outcomes)},
            grants={(each.user, each.scope): each for each in map(rows.grant, grants)},
            records=here,
            rejected_creates=frozenset((row[0], row[1]) for row in rejected),
            of_kind={each: [stored.record.id for stored in found] for each, found in of_kind.items() if found},
            keys={Key(*row[:4]): row[4] for row in keys},
            links=links,
            overfull=frozenset(each for each, here in linked.items() if here is None),
            wanted=wanted,
        )

    def _linked(self, connection: sqlite3.Connection, target: str, links_max: int) -> Links | None:
        asked = {"tenant": self._tenant, "target": target, "room": links_max + 1}
        return reached(target, map(rows.link, connection.execute(statements.LINKS, asked)), links_max)

    def _of_kind(self, connection: sqlite3.Connection, scope: str, kind: str) -> list[StoredRecord]:
        asked = {"tenant": self._tenant, "scope": scope, "kind": kind, "room": KIND_RECORDS_MAX}
        return [rows.stored_record(row) for row in connection.execute(statements.OF_KIND, asked)]

    def _find(self, connection: sqlite3.Connection, statement: str, **wanted: Collection[object]) -> list[rows.Row]:
        ((name, values),) = wanted.items()
        if not values:
            return []
        return connection.execute(statement, {"tenant": self._tenant, name: json_list(values)}).fetchall()

    def _write(self, connection: sqlite3.Connection, writes: Writes) -> None:
        tenant, now_ms = self._tenant, writes.now_ms
        connection.execute(statements.MOVE_HEAD, {"tenant": tenant, "position": writes.head, "now": now_ms})
        connection.executemany(statements.ADD_LOG, rows.log_rows(tenant, writes.log))
        connection.executemany(statements.PUT_RECORD, rows.record_rows(tenant, writes.records, now_ms))
        connection.executemany(statements.ADD_OUTCOME, rows.outcome_rows(tenant, writes.outcomes))
        connection.executemany(statements.MARK_REPLAYED, rows.marks(tenant, writes.replayed, now_ms))
        connection.executemany(statements.ADD_QUARANTINED, rows.quarantine_rows(tenant, writes.quarantined))
        connection.executemany(statements.ADD_REPLAY, rows.replay_rows(tenant, writes.quarantined))
        connection.executemany(statements.PUT_DEVICE, rows.device_rows(tenant, writes.devices, now_ms))
        connection.executemany(statements.PUT_GRANT, rows.grant_rows(tenant, writes.grants, now_ms))
        if writes.keys or writes.links:
            held, free = rows.key_rows(tenant, writes.keys, now_ms)
            put, cut = rows.link_rows(tenant, writes.links, now_ms)
            connection.executemany(statements.FREE_KEY, (dict(zip(_KEY, row, strict=True)) for row in free))
            connection.executemany(statements.PUT_KEY, held)
            connection.executemany(statements.CUT_LINK, (dict(zip(_LINK, row, strict=True)) for row in cut))
            connection.executemany(statements.PUT_LINK, put)


async def begin(writer: Connection) -> None:
    """Take the lock: at once if it is free, else in the thread, which waits for it."""
    if not _locked_at_once(writer.raw):
        await writer.run(lambda connection: connection.execute("BEGIN IMMEDIATE"))


def _locked_at_once(connection: sqlite3.Connection) -> bool:
    """Begin, if no other process is writing just now."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if code_of(error) != sqlite3.SQLITE_BUSY:
            raise
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    return True
