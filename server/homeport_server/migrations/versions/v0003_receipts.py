"""Receipts of devices that dropped what they lost, and whose devices there are, found by their user."""

from __future__ import annotations

from alembic import op

from homeport_server.migrations.columns import key, numbers, text, times
from homeport_server.migrations.isolation import isolate, on_postgres
from homeport_server.migrations.loss import refuse_to_lose
from homeport_server.migrations.stamp import stamp

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
serves_from = 1

_BY_USER = {"devices_by_user": "devices", "sightings_by_user": "sightings"}
_COLUMNS = ["tenant_id", "user_id", "device_id"]


def upgrade() -> None:
    """Add two indexes that are built while servers write, and a table.

    The indexes stand outside the step's transaction, so they come first: what was cut off is begun again.
    """
    if on_postgres():
        with op.get_context().autocommit_block():
            for index, table in _BY_USER.items():
                op.drop_index(index, table, if_exists=True, postgresql_concurrently=True)  # half of one
                op.create_index(index, table, _COLUMNS, postgresql_concurrently=True)
    else:
        for index, table in _BY_USER.items():
            op.create_index(index, table, _COLUMNS)
    op.create_table(
        "receipts",
        *text("tenant_id", "user_id", "scope_id", "device_id"),
        *numbers("ended", "dropped_at"),
        *times(),
        key("tenant_id", "user_id", "scope_id", "device_id"),
        sqlite_with_rowid=False,
    )
    isolate("receipts")
    stamp(3, serves_from)


def downgrade() -> None:
    """Take them away. What devices have said would be lost: they say it once."""
    refuse_to_lose("receipts")
    for index, table in _BY_USER.items():
        op.drop_index(index, table)
    op.drop_table("receipts")
    stamp(2, serves_from)
