"""The tables, declared once for every database.

Each key begins with the tenant, so that no index can be walked across two of them. Times are milliseconds since
1970 by the server's clock (`…_at`); the times a device told live in stamps. Two tables carry the product: `log`,
every accepted change once, and `records`, one row a record with its newest state as ready wire text.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.dialects import postgresql

SCHEMA_VERSION = 8

metadata = MetaData()

# Ids and stamps are compared byte by byte, as SQLite and Python compare them, whatever the database's own language.
_TEXT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def _key(name: str) -> Column[str]:
    return Column(name, _TEXT, primary_key=True, nullable=False)


def _number(name: str, *, key: bool = False) -> Column[int]:
    return Column(name, BigInteger, primary_key=key, nullable=False, autoincrement=False)


def _text(name: str) -> Column[str]:
    return Column(name, _TEXT, nullable=False)


def _times() -> tuple[Column[int], Column[int], Column[int]]:
    return _number("created_at"), _number("updated_at"), Column("deleted_at", BigInteger)


tenants = Table(
    "tenants",
    metadata,
    _key("tenant_id"),
    Column("name", _TEXT, nullable=False, unique=True),
    *_times(),
    sqlite_with_rowid=False,
)

heads = Table(
    "heads",
    metadata,
    _key("tenant_id"),
    _number("position"),
    _text("epoch"),
    *_times(),
    sqlite_with_rowid=False,
)

devices = Table(
    "devices",
    metadata,
    _key("tenant_id"),
    _key("device_id"),
    _text("user_id"),
    _number("last_number"),
    _number("confirmed"),
    _text("last_stamp"),
    *_times(),
    sqlite_with_rowid=False,
)

grants = Table(
    "grants",
    metadata,
    _key("tenant_id"),
    _key("user_id"),
    _key("scope_id"),
    _text("role"),
    _number("since"),
    Column("until", BigInteger),
    Column("maker", Boolean, nullable=False),
    *_times(),
    sqlite_with_rowid=False,
)

Index(
    "grants_by_scope",
    grants.c.tenant_id,
    grants.c.scope_id,
    grants.c.user_id,
    postgresql_where=text("until IS NULL"),
    sqlite_where=text("until IS NULL"),
)

records = Table(
    "records",
    metadata,
    _key("tenant_id"),
    _key("record_id"),
    _text("kind"),
    _text("scope_id"),
    _number("position"),
    _text("author"),
    _number("foreign_position"),
    _text("wire"),
    *_times(),
)
Index("records_by_scope", records.c.tenant_id, records.c.scope_id, records.c.position)

log = Table(
    "log",
    metadata,
    _key("tenant_id"),
    _number("position", key=True),
    _text("op"),
    _text("kind"),
    _text("record_id"),
    _text("scope_id"),
    _text("fields"),
    _text("before"),
    _text("stamp"),
    _text("device_id"),
    _number("number"),
    _text("user_id"),
    _text("outcome"),
    _text("request_id"),
    _number("created_at"),
    sqlite_with_rowid=False,
)

outcomes = Table(
    "outcomes",
    metadata,
    _key("tenant_id"),
    _key("stamp"),  # before the device: neighbours in time are neighbours on disk, whoever wrote them
    _key("device_id"),
    _number("number", key=True),
    Column("digest", LargeBinary, nullable=False),
    _text("answer"),
    _number("created_at"),
    sqlite_with_rowid=False,
)

quarantine = Table(
    "quarantine",
    metadata,
    _key("tenant_id"),
    _key("device_id"),
    _number("number", key=True),
    _text("record_id"),
    Column("created", Boolean, nullable=False),
    _text("change"),
    _text("answer"),
    _number("created_at"),
    sqlite_with_rowid=False,
)
Index("quarantine_by_record", quarantine.c.tenant_id, quarantine.c.record_id)  # for the history of a record
Index(  # one look tells whether a device's create was refused, however much else is refused of the record, or to others
    "quarantine_creates",
    quarantine.c.tenant_id,
    quarantine.c.record_id,
    quarantine.c.device_id,
    postgresql_where=text("created"),
    sqlite_where=text("created"),
)
# Its condition is always met, and only the list says so: no commit batch is planned to read all that a tenant has here.
Index(
    "quarantine_by_time",
    quarantine.c.tenant_id,
    quarantine.c.created_at,
    quarantine.c.device_id,
    quarantine.c.number,
    postgresql_where=quarantine.c.created_at >= 0,
    sqlite_where=quarantine.c.created_at >= 0,
)

replays = Table(  # of rejected changes, those that are not open
    "replays",
    metadata,
    _key("tenant_id"),
    _key("device_id"),
    _number("number", key=True),
    _text("replays"),  # the change it was to make good, "" for none
    _text("replayed_by"),  # the change that made it good, "" for none
    _number("created_at"),
    sqlite_with_rowid=False,
)

keys = Table(  # which record has which value of a unique field
    "keys",
    metadata,
    _key("tenant_id"),
    _key("scope_id"),
    _key("kind"),
    _key("field"),
    _key("digest"),  # of the value
    _text("record_id"),
    _number("created_at"),
    _number("updated_at"),
    sqlite_with_rowid=False,
)

links = Table(  # from a record to those that refer to it, where that matters when it is deleted
    "links",
    metadata,
    _key("tenant_id"),
    _key("target_id"),
    _key("record_id"),
    _key("field"),
    _text("kind"),
    Column("cascades", Boolean, nullable=False),
    _number("created_at"),
    _number("updated_at"),
    sqlite_with_rowid=False,
)

places = Table(
    "places",
    metadata,
    _key("tenant_id"),
    _key("follower"),
    _number("position"),
    Column("holder", _TEXT, nullable=False, server_default=""),  # which worker follows, "" for none
    Column("fence", BigInteger, nullable=False, server_default="0"),  # counts the leases: only the newest may write
    Column("leased_until", BigInteger, nullable=False, server_default="0"),
    *_times(),
    sqlite_with_rowid=False,
)

usage = Table(
    "usage",
    metadata,
    _key("tenant_id"),
    _key("day"),  # of the server's clock, UTC, as 2026-01-31
    _key("kind"),
    _key("op"),
    _key("outcome"),
    _number("changes"),
    *_times(),
    sqlite_with_rowid=False,
)

sightings = Table(
    "sightings",
    metadata,
    _key("tenant_id"),
    _key("device_id"),
    _text("user_id"),
    Column("pushed_at", BigInteger),
    Column("pulled_at", BigInteger),
    Column("pulled_position", BigInteger),  # up to where the last page it was given reaches
    Column("refused_at", BigInteger),
    _text("refused_code"),  # of the last error it was answered with, "" for none
    *_times(),
    Column("connected_at", BigInteger),  # when it was known last whether it listens for pokes
    Column("connected", Boolean),
    Column("introduced_at", BigInteger),  # when it spoke of itself last: how long its outbox was, and what it runs
    Column("outbox", BigInteger),
    Column("app_version", BigInteger),
    Column("sdk", _TEXT),
    sqlite_with_rowid=False,
)

Index("sightings_by_user", sightings.c.tenant_id, sightings.c.user_id, sightings.c.device_id)
# In it a device moves at most once a minute, since its row says no more exactly when it was `updated_at`.
Index("sightings_by_time", sightings.c.tenant_id, sightings.c.updated_at, sightings.c.device_id)

receipts = Table(
    "receipts",
    metadata,
    _key("tenant_id"),
    _key("user_id"),
    _key("scope_id"),
    _key("device_id"),
    _number("ended"),  # the position at which the grant ended that it answers
    _number("dropped_at"),  # the device's own word; `updated_at` is when the server got it
    *_times(),
    sqlite_with_rowid=False,
)

installation = Table(  # one row, of all tenants
    "installation",
    metadata,
    _number("id", key=True),
    _text("secret_fingerprint"),
    _number("created_at"),
    _number("updated_at"),
    sqlite_with_rowid=False,
)

declaration = Table(  # one row, of all tenants
    "declaration",
    metadata,
    _number("id", key=True),
    _text("keys"),  # for which declaration the tables `keys` and `links` were filled
    _number("created_at"),
    _number("updated_at"),
    sqlite_with_rowid=False,
)

schema = Table(
    "schema",
    metadata,
    _number("version", key=True),
    _number("serves_from"),  # the oldest version of Homeport's schema that still works on this one
    sqlite_with_rowid=False,
)
