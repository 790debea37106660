"""The tables of a replica, as SQL scripts. Pure text; `storage.py` runs it.

`view` is derived from the others, so it is made anew when the app's declaration changes (`fingerprint`), and the table
`predicted` is made with it; a field's index is made by the first query that goes by it. The tables that hold what
cannot be derived move in `STEPS`: a file of any version has had the first so many of them, and takes the others when it
is opened.
"""

from __future__ import annotations

import hashlib

from homeport_sync.catalog import Catalog, Kind

_FIRST = """
    CREATE TABLE meta (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        app TEXT NOT NULL,
        fingerprint TEXT NOT NULL DEFAULT '',
        device TEXT NOT NULL,
        next_number INTEGER NOT NULL DEFAULT 1,
        stamp TEXT NOT NULL DEFAULT '',
        offset_ms INTEGER NOT NULL DEFAULT 0,
        cursor TEXT,
        staged_cursor TEXT,
        replacing INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    CREATE TABLE pulled (
        id TEXT PRIMARY KEY,
        scope TEXT NOT NULL,
        position INTEGER NOT NULL,
        record TEXT NOT NULL
    ) STRICT;
    CREATE INDEX pulled_scope ON pulled (scope);

    CREATE TABLE staged (
        id TEXT PRIMARY KEY,
        scope TEXT NOT NULL,
        position INTEGER NOT NULL,
        record TEXT NOT NULL
    ) STRICT;
    CREATE INDEX staged_scope ON staged (scope);
    CREATE TABLE staged_lost (scope TEXT PRIMARY KEY) STRICT;

    CREATE TABLE outbox (
        place INTEGER PRIMARY KEY AUTOINCREMENT,
        device TEXT NOT NULL,
        number INTEGER NOT NULL,
        record TEXT NOT NULL,
        change TEXT NOT NULL,
        answered INTEGER NOT NULL DEFAULT 0,
        lowered TEXT NOT NULL DEFAULT '',
        UNIQUE (device, number)
    ) STRICT;
    CREATE INDEX outbox_record ON outbox (record, place);
    CREATE INDEX outbox_unanswered ON outbox (number) WHERE answered = 0;

    CREATE TABLE outcomes (
        place INTEGER PRIMARY KEY AUTOINCREMENT,
        device TEXT NOT NULL,
        number INTEGER NOT NULL,
        rejected INTEGER NOT NULL,  -- 1: waits in quarantine, -1: replayed or dismissed, 0: was never rejected
        outcome TEXT NOT NULL,
        change TEXT NOT NULL,
        UNIQUE (device, number)
    ) STRICT;
    CREATE INDEX outcomes_rejected ON outcomes (rejected, place);
"""

# `state` is one of those in `receipts.py`.
_RECEIPTS = """
    CREATE TABLE receipts (
        scope TEXT NOT NULL,
        position INTEGER NOT NULL,
        state INTEGER NOT NULL,
        dropped_ms INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (scope, position)
    ) STRICT, WITHOUT ROWID;
"""

# What the device showed of the written fields, or of a deleted record, before it wrote.
_BASES = """
    ALTER TABLE outbox ADD COLUMN base TEXT NOT NULL DEFAULT '';
    ALTER TABLE outcomes ADD COLUMN base TEXT NOT NULL DEFAULT '';
"""

# By what a row is found or counted, beside the JSON it stands in. `goes_into` is the scope that a move goes into,
# `pulled_scope` the one in which the record was pulled when it was written to: what was moved shows what others wrote
# there.
_COLUMNS = """
    ALTER TABLE outbox ADD COLUMN scope TEXT NOT NULL DEFAULT '';
    ALTER TABLE outbox ADD COLUMN goes_into TEXT NOT NULL DEFAULT '';
    ALTER TABLE outbox ADD COLUMN pulled_scope TEXT NOT NULL DEFAULT '';
    ALTER TABLE outbox ADD COLUMN stamp TEXT NOT NULL DEFAULT '';
    UPDATE outbox SET scope = coalesce(json_extract(change, '$.scope'), ''),
        goes_into = coalesce(json_extract(change, '$.into'), ''), stamp = coalesce(json_extract(change, '$.stamp'), '');
    ALTER TABLE outcomes ADD COLUMN record TEXT NOT NULL DEFAULT '';
    ALTER TABLE outcomes ADD COLUMN scope TEXT NOT NULL DEFAULT '';
    ALTER TABLE outcomes ADD COLUMN pulled_scope TEXT NOT NULL DEFAULT '';
    UPDATE outcomes SET record = coalesce(json_extract(change, '$.id'), ''),
        scope = coalesce(json_extract(change, '$.scope'), '');
    CREATE INDEX outcomes_record ON outcomes (record);
"""

# Where the device can be reached, and what has reached it (`addresses.py`, `deliveries.py`).
_NOTIFICATIONS = """
    CREATE TABLE addresses (
        channel TEXT PRIMARY KEY,
        target TEXT NOT NULL,
        target_kind TEXT NOT NULL,
        platform TEXT NOT NULL,
        timezone TEXT NOT NULL,
        locale TEXT NOT NULL,
        retiring INTEGER NOT NULL,
        told_ms INTEGER NOT NULL,
        told_as TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE deliveries (
        delivery TEXT PRIMARY KEY,
        notification TEXT NOT NULL,
        received_ms INTEGER NOT NULL,
        opened_ms INTEGER,
        owed INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
"""

STEPS = (_FIRST, _RECEIPTS, _BASES, _COLUMNS, _NOTIFICATIONS)  # one that was released never changes
VERSION = len(STEPS)

VIEW = """
    DROP TABLE IF EXISTS view;
    CREATE TABLE view (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        scope TEXT NOT NULL,
        deleted INTEGER NOT NULL,
        updated TEXT NOT NULL,
        record TEXT NOT NULL,
        filled INTEGER NOT NULL  -- whether it shows defaults of fields that the record does not have
    ) STRICT;
    CREATE INDEX view_scope ON view (kind, scope, id);
    CREATE INDEX view_kind ON view (kind, id);
    CREATE TABLE IF NOT EXISTS predicted (
        record TEXT NOT NULL,
        place INTEGER NOT NULL,
        change TEXT NOT NULL,
        PRIMARY KEY (record, place)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS predicted_place ON predicted (place);
"""


def steps_from(version: int) -> str:
    """What makes a replica of `version` (0: a new file) one of the newest."""
    return f"{''.join(STEPS[version:])} PRAGMA user_version = {VERSION};"


def value_of(field: str) -> str:
    """The SQL of a field's value in `view`. Names are Python identifiers, so quoting them is enough."""
    return f"json_extract(view.record, '$.fields.\"{field}\"')"


def kind_is(kind: str) -> str:
    """The SQL that picks the live records of a kind. A literal: SQLite matches partial indexes only by those."""
    return f"view.kind = '{kind}' AND view.deleted = 0"


def index_name(kind: str, field: str, *, in_scope: bool) -> str:
    """The name of a field's index, to be quoted; dot and space keep it apart from every other."""
    return f"view {kind}.{field}{' in scope' if in_scope else ''}"


def index(kind: str, field: str, *, in_scope: bool) -> str:
    """Makes a field's index, within a scope or over all of them, unless it is there."""
    value = value_of(field).replace("view.", "")
    where = kind_is(kind).replace("view.", "")
    columns = f"scope, {value}, id" if in_scope else f"{value}, id"
    return (
        f'CREATE INDEX IF NOT EXISTS "{index_name(kind, field, in_scope=in_scope)}" ON view ({columns}) WHERE {where}'
    )


def indexed_fields(kind: Kind) -> list[str]:
    """The names of the fields that can be filtered and ordered by."""
    return [field.name for field in kind.fields.values() if field.indexed]


def key_indexes(catalog: Catalog) -> str:
    """Makes the indexes by which a write finds who has a value, or refers to a record (`keys.py`); "" for an app that
    declares neither."""
    asked = [
        index(kind.name, field.name, in_scope=True)
        for kind in catalog.keyed.values()
        for field in dict.fromkeys((*kind.unique, *kind.refers))
    ]
    return "; ".join(asked)


def fingerprint(catalog: Catalog) -> str:
    """Differs whenever `view` would be derived or indexed differently: by its tables, defaults or merge rules."""
    told = [VIEW, *filter(None, [key_indexes(catalog)])]
    for kind in catalog.kinds.values():
        told += [index(kind.name, name, in_scope=each) for name in indexed_fields(kind) for each in (False, True)]
        told += [f"{kind.name} {field.name} {field.default!r} {field.rule}" for field in kind.fields.values()]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
