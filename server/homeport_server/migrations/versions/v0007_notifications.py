"""Notifications, whether a device listens for pokes, and members found by their scope."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, LargeBinary
from sqlalchemy import text as sql

from homeport_server.migrations.columns import key, numbers, text, times
from homeport_server.migrations.isolation import isolate, on_postgres
from homeport_server.migrations.loss import refuse_to_lose
from homeport_server.migrations.stamp import stamp

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
serves_from = 1

_INDEX = "grants_by_scope"
_HOLDS = "until IS NULL"
_LIVING = "retired = ''"
_ISOLATED = (
    "notifications",
    "chunks",
    "deliveries",
    "dead_letters",
    "addresses",
    "preferences",
    "topics",
    "notification_receipts",
    "wakes",
)


def upgrade() -> None:
    """Add an index that is built while servers write, two columns that they need not know, and tables.

    The index stands outside the step's transaction, so it comes first: what was cut off is begun again.
    """
    _build_index()
    op.add_column("sightings", Column("connected_at", BigInteger))
    op.add_column("sightings", Column("connected", Boolean))
    _make_notifications()
    _make_chunks()
    _make_addresses()
    _make_people()
    _make_gates()
    isolate(*_ISOLATED)
    stamp(int(revision), serves_from)


def downgrade() -> None:
    """Take them away. What was to be told, and where people are reached, would be lost."""
    refuse_to_lose(*_ISOLATED)
    for table in (*_ISOLATED, "gates"):
        op.drop_table(table)
    op.drop_column("sightings", "connected")
    op.drop_column("sightings", "connected_at")
    op.drop_index(_INDEX, "grants")
    stamp(int(down_revision), serves_from)


def _build_index() -> None:
    columns = ["tenant_id", "scope_id", "user_id"]
    if not on_postgres():
        op.create_index(_INDEX, "grants", columns, sqlite_where=sql(_HOLDS))
        return
    with op.get_context().autocommit_block():  # one that was left half built by an earlier try goes first
        op.drop_index(_INDEX, "grants", if_exists=True, postgresql_concurrently=True)
        op.create_index(_INDEX, "grants", columns, postgresql_where=sql(_HOLDS), postgresql_concurrently=True)


def _index(name: str, table: str, *columns: str, where: str = "", unique: bool = False) -> None:
    """An index that begins with the tenant, of the rows for which `where` holds."""
    on = ["tenant_id", *columns]
    if where:
        op.create_index(name, table, on, unique=unique, sqlite_where=sql(where), postgresql_where=sql(where))
    else:
        op.create_index(name, table, on, unique=unique)


def _make_notifications() -> None:
    op.create_table(
        "notifications",
        *text("tenant_id", "notification_id", "idempotency_key", "lane", "state", "reason", "told"),
        *numbers("due_at", "expires_at"),
        Column("expand_at", BigInteger),
        Column("expanded", Boolean, nullable=False),
        *text("place"),
        *numbers("chunks"),
        Column("ended_at", BigInteger),
        *times(),
        key("tenant_id", "notification_id"),
        sqlite_with_rowid=False,
    )
    _index("notifications_by_key", "notifications", "idempotency_key", where="created_at >= 0", unique=True)
    _index("notifications_by_lane", "notifications", "lane", "notification_id", where="updated_at >= 0")
    _index(
        "notifications_to_expand",
        "notifications",
        "lane",
        "expand_at",
        "notification_id",
        where="expand_at IS NOT NULL",
    )
    _index("notifications_ended", "notifications", "lane", "ended_at", "notification_id", where="ended_at IS NOT NULL")
    op.create_table(
        "notification_receipts",
        *text("tenant_id", "notification_id", "device_id", "user_id"),
        *numbers("received_at"),
        Column("opened_at", BigInteger),
        *times(),
        key("tenant_id", "notification_id", "device_id"),
        sqlite_with_rowid=False,
    )


def _make_chunks() -> None:
    op.create_table(
        "chunks",
        *text("tenant_id", "notification_id"),
        *numbers("number"),
        *text("lane"),
        *numbers("due_at", "attempt", "first_at"),
        Column("is_open", Boolean, nullable=False),
        Column("ready_at", BigInteger),
        *text("holder"),
        *numbers("fence", "leased_until"),
        *times(),
        key("tenant_id", "notification_id", "number"),
        sqlite_with_rowid=False,
    )
    _index("chunks_ready", "chunks", "lane", "ready_at", "notification_id", "number", where="ready_at IS NOT NULL")
    _index("chunks_open", "chunks", "notification_id", "number", where="is_open")
    op.create_table(
        "deliveries",
        *text("tenant_id", "notification_id"),
        *numbers("number", "created_at", "updated_at"),
        Column("states", LargeBinary, nullable=False),
        Column("addresses", LargeBinary, nullable=False),
        key("tenant_id", "notification_id", "number"),
    )
    op.create_table(
        "dead_letters",
        *text("tenant_id", "notification_id", "address_id"),
        *numbers("chunk"),
        *text("code", "detail"),
        *numbers("failed_at"),
        Column("replayed", Boolean, nullable=False),
        *times(),
        key("tenant_id", "notification_id", "address_id"),
        sqlite_with_rowid=False,
    )
    _index("dead_letters_open", "dead_letters", "notification_id", "address_id", where="NOT replayed")


def _make_addresses() -> None:
    op.create_table(
        "addresses",
        *text("tenant_id", "address_id", "user_id", "device_id", "channel", "target", "target_digest"),
        *text("target_kind", "platform", "locale", "timezone"),
        *numbers("seen_at", "strikes"),
        *text("retired"),
        *times(),
        key("tenant_id", "address_id"),
        sqlite_with_rowid=False,
    )
    _index("addresses_living", "addresses", "address_id", where=_LIVING)
    _index("addresses_by_user", "addresses", "user_id", "address_id", "retired", where="user_id >= ''")
    _index("addresses_by_device", "addresses", "device_id", "address_id", where="device_id >= ''")
    _index("addresses_by_target", "addresses", "target_digest", "address_id", where="target_digest >= ''")
    _index("addresses_by_sight", "addresses", "seen_at", "address_id", where=f"{_LIVING} AND seen_at >= 0")
    _index("addresses_retired", "addresses", "seen_at", "address_id", where="retired <> '' AND seen_at >= 0")
    op.create_table(
        "wakes",
        *text("tenant_id", "address_id"),
        *numbers("position"),
        Column("due_at", BigInteger),
        *text("woken"),
        *times(),
        key("tenant_id", "address_id"),
        sqlite_with_rowid=False,
    )
    _index("wakes_due", "wakes", "due_at", "address_id", where="due_at IS NOT NULL")


def _make_people() -> None:
    op.create_table(
        "preferences",
        *text("tenant_id", "user_id", "prefers"),
        *times(),
        key("tenant_id", "user_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "topics",
        *text("tenant_id", "topic", "user_id"),
        *numbers("created_at"),
        key("tenant_id", "topic", "user_id"),
        sqlite_with_rowid=False,
    )
    _index("topics_by_user", "topics", "user_id", "topic", where="user_id >= ''")


def _make_gates() -> None:
    op.create_table(
        "gates",
        *text("channel"),
        *numbers("closed_until", "opened_at"),
        *text("reason"),
        *numbers("second", "taken", "created_at", "updated_at"),
        key("channel"),
        sqlite_with_rowid=False,
    )
