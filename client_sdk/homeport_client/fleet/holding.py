"""What somebody holds, read row by row: from a replica's file, or by pulling everything as a device that has nothing.

Only SQL and JSON: neither the replica's code nor merge has a hand in it.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from homeport_client.fleet.check import Held, Holding
from homeport_client.transport import Transport
from homeport_sync.catalog import Catalog
from homeport_sync.change import Record, decode_record
from homeport_sync.wire import PullMessage

FRESH_DEVICE = "00000000-0000-7000-8000-000000000000"


def pulled(file: Path, *, name: str, user: str) -> Holding:
    """What the closed replica in `file` has pulled, and how much waits in its outbox."""
    with closing(sqlite3.connect(file)) as replica:
        records = [decode_record(text) for (text,) in replica.execute("SELECT record FROM pulled")]
        (waiting,) = replica.execute("SELECT count(*) FROM outbox").fetchone()
    return Holding(name=name, user=user, records=_held(records), waiting=waiting)


def shown(file: Path, catalog: Catalog, *, name: str, user: str) -> Holding:
    """What the closed replica in `file` shows to its app, without the defaults it adds."""
    with closing(sqlite3.connect(file)) as replica:
        records = [decode_record(text) for (text,) in replica.execute("SELECT record FROM view")]
        stored = dict(replica.execute("SELECT id, record FROM pulled").fetchall())
    bare = [_without_defaults(record, stored.get(record.id), catalog) for record in records]
    return Holding(name=f"{name} on screen", user=user, records=_held(bare))


async def fresh(transport: Transport, *, user: str) -> Holding:
    """What a device of the user gets that had nothing."""
    records: dict[str, Record] = {}
    cursor, more = None, True
    while more:
        page = await transport.pull(PullMessage(device=FRESH_DEVICE, cursor=cursor))
        records = {id: record for id, record in records.items() if record.scope not in page.lost}
        records.update((record.id, record) for record in page.records)
        cursor, more = page.cursor, page.more
    held = _held(list(records.values()))
    return Holding(name=f"a fresh device of {user}", user=user, records=held, fresh=True)


def _held(records: list[Record]) -> dict[str, Held]:
    return {
        record.id: Held(kind=record.kind, scope=record.scope, fields=record.fields)
        for record in records
        if not record.deleted
    }


def _without_defaults(record: Record, stored: str | None, catalog: Catalog) -> Record:
    written = json.loads(stored).get("fields", {}) if stored else {}
    known = catalog.kinds[record.kind].fields
    fields = {name: value for name, value in record.fields.items() if name in written or value != known[name].default}
    return Record(
        id=record.id, kind=record.kind, scope=record.scope, stamp=record.stamp, fields=fields, deleted=record.deleted
    )
