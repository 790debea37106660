"""The tables of notifications, declared once for every database; they lie beside those of sync.

Each key begins with the tenant, so that no index can be walked across two of them; only the gates of the channels are
everybody's. Times are milliseconds since 1970. A campaign to ten million is ten thousand rows: `chunks` is what workers
lease, small and often written; `deliveries` has a chunk's addresses (16 bytes each) and their states (one byte each).

Each index but the primary keys has a condition, often one that is always met, and only what is to walk it says so.
A database that does not know yet how many rows a tenant has takes any index that begins with the tenant for as good as
the right one, and would keep that plan while the table grows. Likewise "is" is written as a range there (`a >= x AND
a <= x`), with the index's own order: no other index gives that.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.dialects import postgresql

metadata = MetaData()

# Compared byte by byte, as SQLite and Python compare them, whatever the database's own language.
_TEXT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def _key(name: str) -> Column[str]:
    return Column(name, _TEXT, primary_key=True, nullable=False)


def _number(name: str, *, key: bool = False) -> Column[int]:
    return Column(name, BigInteger, primary_key=key, nullable=False, autoincrement=False)


def _maybe(name: str) -> Column[int]:
    return Column(name, BigInteger)


def _text(name: str) -> Column[str]:
    return Column(name, _TEXT, nullable=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _times() -> tuple[Column[int], Column[int], Column[int]]:
    return _number("created_at"), _number("updated_at"), Column("deleted_at", BigInteger)


def _index(name: str, *columns: Column[Any], where: str = "", unique: bool = False) -> None:
    """An index, of the rows for which `where` holds."""
    if where:
        Index(name, *columns, unique=unique, postgresql_where=text(where), sqlite_where=text(where))
    else:
        Index(name, *columns, unique=unique)


notifications = Table(
    "notifications",
    metadata,
    _key("tenant_id"),
    _key("notification_id"),
    _text("idempotency_key"),
    _text("lane"),
    _text("state"),
    _text("reason"),
    _text("told"),  # all that its author said, as JSON
    _number("due_at"),
    _number("expires_at"),
    _maybe("expand_at"),  # when its next page is due: NULL if it is expanded, paused or over
    _flag("expanded"),
    _text("place"),  # up to where its audience is in chunks
    _number("chunks"),  # how many there are, and so the number of the next
    _maybe("ended_at"),
    *_times(),
    sqlite_with_rowid=False,
)
_of = notifications.c
_index("notifications_by_key", _of.tenant_id, _of.idempotency_key, where="created_at >= 0", unique=True)
_index("notifications_by_lane", _of.tenant_id, _of.lane, _of.notification_id, where="updated_at >= 0")
_index(
    "notifications_to_expand",
    _of.tenant_id,
    _of.lane,
    _of.expand_at,
    _of.notification_id,
    where="expand_at IS NOT NULL",
)
_index("notifications_ended", _of.tenant_id, _of.lane, _of.ended_at, _of.notification_id, where="ended_at IS NOT NULL")

chunks = Table(
    "chunks",
    metadata,
    _key("tenant_id"),
    _key("notification_id"),
    _number("number", key=True),
    _text("lane"),
    _number("due_at"),
    _number("attempt"),
    _number("first_at"),
    _flag("is_open"),  # some of its deliveries are left to do
    _maybe("ready_at"),  # when it can be leased: NULL if it is over, or if its notification does not run
    _text("holder"),  # which worker has it, "" for none
    _number("fence"),  # counts the leases: only the newest may write
    _number("leased_until"),
    *_times(),
    sqlite_with_rowid=False,
)
_of = chunks.c
_index(
    "chunks_ready",
    _of.tenant_id,
    _of.lane,
    _of.ready_at,
    _of.notification_id,
    _of.number,
    where="ready_at IS NOT NULL",
)
_index("chunks_open", _of.tenant_id, _of.notification_id, _of.number, where="is_open")

deliveries = (
    Table(  # SQLite writes again only those pages of a row that are others than before: its size stays the same
        "deliveries",
        metadata,
        _key("tenant_id"),
        _key("notification_id"),
        _number("number", key=True),
        _number("created_at"),
        _number("updated_at"),
        Column("states", LargeBinary, nullable=False),
        Column("addresses", LargeBinary, nullable=False),
    )
)

dead_letters = Table(
    "dead_letters",
    metadata,
    _key("tenant_id"),
    _key("notification_id"),
    _key("address_id"),
    _number("chunk"),  # where it was given up
    _text("code"),
    _text("detail"),
    _number("failed_at"),
    _flag("replayed"),
    *_times(),
    sqlite_with_rowid=False,
)
_of = dead_letters.c
_index("dead_letters_open", _of.tenant_id, _of.notification_id, _of.address_id, where="NOT replayed")

addresses = Table(
    "addresses",
    metadata,
    _key("tenant_id"),
    _key("address_id"),
    _text("user_id"),
    _text("device_id"),
    _text("channel"),
    _text("target"),
    _text("target_digest"),  # of channel and target, which may be too long for an index
    _text("target_kind"),
    _text("platform"),
    _text("locale"),
    _text("timezone"),
    _number("seen_at"),
    _number("strikes"),
    _text("retired"),  # why nothing is sent to it any more, "" if it lives
    *_times(),
    sqlite_with_rowid=False,
)
_of = addresses.c
_index("addresses_living", _of.tenant_id, _of.address_id, where="retired = ''")
_index("addresses_by_user", _of.tenant_id, _of.user_id, _of.address_id, _of.retired, where="user_id >= ''")
_index("addresses_by_device", _of.tenant_id, _of.device_id, _of.address_id, where="device_id >= ''")
_index("addresses_by_target", _of.tenant_id, _of.target_digest, _of.address_id, where="target_digest >= ''")
_index("addresses_by_sight", _of.tenant_id, _of.seen_at, _of.address_id, where="retired = '' AND seen_at >= 0")
_index("addresses_retired", _of.tenant_id, _of.seen_at, _of.address_id, where="retired <> '' AND seen_at >= 0")

preferences = Table(
    "preferences",
    metadata,
    _key("tenant_id"),
    _key("user_id"),
    _text("prefers"),  # as JSON
    *_times(),
    sqlite_with_rowid=False,
)

topics = Table(  # who is told what is told to a topic
    "topics",
    metadata,
    _key("tenant_id"),
    _key("topic"),
    _key("user_id"),
    _number("created_at"),
    sqlite_with_rowid=False,
)
_index("topics_by_user", topics.c.tenant_id, topics.c.user_id, topics.c.topic, where="user_id >= ''")

notification_receipts = Table(
    "notification_receipts",
    metadata,
    _key("tenant_id"),
    _key("notification_id"),
    _key("device_id"),
    _text("user_id"),
    _number("received_at"),  # the device's own word; `created_at` is when the server got it
    _maybe("opened_at"),
    *_times(),
    sqlite_with_rowid=False,
)

wakes = Table(
    "wakes",
    metadata,
    _key("tenant_id"),
    _key("address_id"),
    _number("position"),  # up to where there is something for it
    _maybe("due_at"),  # when it is looked at next: NULL if it needs nothing
    _text("woken"),  # when it was woken lately, as JSON
    *_times(),
    sqlite_with_rowid=False,
)
_index("wakes_due", wakes.c.tenant_id, wakes.c.due_at, wakes.c.address_id, where="due_at IS NOT NULL")

gates = Table(  # one row a channel, of all tenants
    "gates",
    metadata,
    _key("channel"),
    _number("closed_until"),
    _number("opened_at"),
    _text("reason"),
    _number("second"),
    _number("taken"),  # of what may be sent in that second
    _number("created_at"),
    _number("updated_at"),
    sqlite_with_rowid=False,
)
