"""The log, the records, and who may write them."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, UniqueConstraint
from sqlalchemy.schema import SchemaItem

from homeport_server.migrations.columns import key, numbers, text, times
from homeport_server.migrations.isolation import isolate, on_postgres, open_roster
from homeport_server.migrations.loss import refuse_to_lose
from homeport_server.migrations.stamp import stamp_file

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None
serves_from = 1

TABLES = ("tenants", "heads", "devices", "grants", "records", "log", "outcomes", "quarantine", "places")

# Their rows change in place with every batch: half a page stays free, so that the new row lies beside the old one
# and no index has to follow.
_ROOM_TO_CHANGE = {"fillfactor": "50"}
_CLEAN_OFTEN = {
    "autovacuum_vacuum_scale_factor": "0",
    "autovacuum_vacuum_threshold": "1000",
    "autovacuum_vacuum_cost_delay": "0",
}


def upgrade() -> None:
    """Make the tables, under the tenant's policy."""
    _make_roots()
    _make_standing()
    _make_history()
    isolate(*TABLES)
    open_roster()
    stamp_file(serves_from)


def downgrade() -> None:
    """Drop everything."""
    refuse_to_lose("tenants", "log")
    if on_postgres():
        op.execute("DROP VIEW IF EXISTS records_asked")  # which reads `records`; `homeport migrate APP` makes it
    for table in reversed(TABLES):
        op.drop_table(table)
    stamp_file(0)


def _table(name: str, *items: SchemaItem, storage: dict[str, str] | None = None, rowid: bool = False) -> None:
    op.create_table(name, *items, sqlite_with_rowid=rowid, postgresql_with=storage or {})


def _make_roots() -> None:
    _table("tenants", *text("tenant_id", "name"), *times(), key("tenant_id"), UniqueConstraint("name"))
    _table(
        "heads",
        *text("tenant_id"),
        *numbers("position"),
        *text("epoch"),
        *times(),
        key("tenant_id"),
        storage={**_ROOM_TO_CHANGE, **_CLEAN_OFTEN},
    )


def _make_standing() -> None:
    """Devices, grants, and where followers have got to."""
    _table(
        "devices",
        *text("tenant_id", "device_id", "user_id"),
        *numbers("last_number", "confirmed"),
        *text("last_stamp"),
        *times(),
        key("tenant_id", "device_id"),
        storage=_ROOM_TO_CHANGE,
    )
    _table(
        "grants",
        *text("tenant_id", "user_id", "scope_id", "role"),
        *numbers("since"),
        Column("until", BigInteger),
        Column("maker", Boolean, nullable=False),
        *times(),
        key("tenant_id", "user_id", "scope_id"),
    )
    _table(
        "places",
        *text("tenant_id", "follower"),
        *numbers("position"),
        *times(),
        key("tenant_id", "follower"),
        storage=_ROOM_TO_CHANGE,
    )


def _make_history() -> None:
    """What was written: records, the log, outcomes, and what was refused."""
    _table(
        "records",
        *text("tenant_id", "record_id", "kind", "scope_id"),
        *numbers("position"),
        *text("author"),
        *numbers("foreign_position"),
        *text("wire"),
        *times(),
        key("tenant_id", "record_id"),
        rowid=True,
    )
    op.create_index("records_by_scope", "records", ["tenant_id", "scope_id", "position"])
    _table(
        "log",
        *text("tenant_id"),
        *numbers("position"),
        *text("op", "kind", "record_id", "scope_id", "fields", "before", "stamp", "device_id"),
        *numbers("number"),
        *text("user_id", "outcome", "request_id"),
        *numbers("created_at"),
        key("tenant_id", "position"),
    )
    _table(
        "outcomes",
        *text("tenant_id", "stamp", "device_id"),
        *numbers("number"),
        Column("digest", LargeBinary, nullable=False),
        *text("answer"),
        *numbers("created_at"),
        key("tenant_id", "stamp", "device_id", "number"),
    )
    _table(
        "quarantine",
        *text("tenant_id", "device_id"),
        *numbers("number"),
        *text("record_id"),
        Column("created", Boolean, nullable=False),
        *text("change", "answer"),
        *numbers("created_at"),
        key("tenant_id", "device_id", "number"),
    )
    op.create_index("quarantine_by_record", "quarantine", ["tenant_id", "record_id"])
