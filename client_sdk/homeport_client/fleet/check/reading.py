"""What somebody holds, read row by row: from a replica's image, or by pulling everything as a device that has nothing.

Only SQL and JSON: neither the replica's code nor merge has a hand in it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing

from homeport_client.fleet.check.data import Data, Row
from homeport_client.fleet.check.evidence import Held, Holding
from homeport_client.transport import Transport
from homeport_sync.catalog import Catalog
from homeport_sync.change import Record, decode_record
from homeport_sync.wire import PullMessage

FRESH_DEVICE = "00000000-0000-7000-8000-000000000000"


def pulled(image: bytes, *, name: str, user: str, skew_ms: int) -> Holding:
    """What the replica has pulled, how much waits in its outbox, what it keeps as rejected, which receipts it owes, and
    how wrong it takes the time to be on a phone whose clock is off by `skew_ms`."""
    with closing(_opened(image)) as replica:
        records = [decode_record(text) for (text,) in replica.execute("SELECT record FROM pulled")]
        (waiting,) = replica.execute("SELECT count(*) FROM outbox").fetchone()
        offset_ms, device = replica.execute("SELECT offset_ms, device FROM meta").fetchone()
        (owed,) = replica.execute("SELECT count(*) FROM receipts").fetchone()
        refused = frozenset(replica.execute("SELECT device, number FROM outcomes WHERE rejected"))
    return Holding(
        name=name,
        user=user,
        records=_held(records),
        waiting=waiting,
        device=device,
        owed=owed,
        refused=refused,
        clock_off_ms=skew_ms + offset_ms,
    )


def shown(image: bytes, catalog: Catalog, *, name: str, user: str) -> Holding:
    """What the replica shows to its app, without the defaults it adds."""
    with closing(_opened(image)) as replica:
        records = _records(replica)
        stored = dict(replica.execute("SELECT id, record FROM pulled").fetchall())
    bare = [_without_defaults(record, stored.get(record.id), catalog) for record in records]
    return Holding(name=f"{name} on screen", user=user, records=_held(bare))


def data(image: bytes, catalog: Catalog, *, name: str, user: str) -> Data:
    """The same as an app's invariants see it: records whose scope is deleted do not show."""
    with closing(_opened(image)) as replica:
        records = _records(replica)
    live = {record.id for record in records if not record.deleted}
    rows = (
        Row(id=each.id, kind=each.kind, scope=each.scope, fields=catalog.kinds[each.kind].from_wire(each.fields))
        for each in records
        if {each.id, each.scope} <= live
    )
    return Data(device=name, user=user, rows={row.id: row for row in rows}, kinds=catalog.kinds.keys())


async def fresh(transport: Transport, *, user: str) -> Holding:
    """What a device of the user gets that had nothing."""
    records: dict[str, Record] = {}
    cursor, more = None, True
    while more:
        page = await transport.pull(PullMessage(device=FRESH_DEVICE, cursor=cursor))
        records = {id: record for id, record in records.items() if record.scope not in page.lost}
        for record in page.records:  # of one that was moved there may be two, in any order
            if record.id not in records or records[record.id].position < record.position:
                records[record.id] = record
        cursor, more = page.cursor, page.more
    return Holding(name=f"a fresh device of {user}", user=user, records=_held(records.values()), fresh=True)


def _opened(image: bytes) -> sqlite3.Connection:
    replica = sqlite3.connect(":memory:")
    replica.deserialize(image)
    return replica


def _records(replica: sqlite3.Connection) -> list[Record]:
    return [decode_record(text) for (text,) in replica.execute("SELECT record FROM view")]


def _held(records: Iterable[Record]) -> dict[str, Held]:
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
