"""Receipts of devices that dropped what they lost, and sightings found by their user."""

from __future__ import annotations

from alembic import op

from homeport_server.migrations.columns import key, numbers, text, times
from homeport_server.migrations.isolation import isolate, on_postgres
from homeport_server.migrations.loss import refuse_to_lose
from homeport_server.migrations.stamp import stamp

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
serves_from = 1

INDEX = "sightings_by_user"


def upgrade() -> None:
    """Add an index that is built while servers write, and a table.

    The index stands outside the step's transaction, so it comes first: what was cut off is begun again.
    """
    columns = ["tenant_id", "user_id", "device_id"]
    if on_postgres():
        with op.get_context().autocommit_block():
            op.drop_index(INDEX, "sightings", if_exists=True, postgresql_concurrently=True)  # half of one
            op.create_index(INDEX, "sightings", columns, postgresql_concurrently=True)
    else:
        op.create_index(INDEX, "sightings", columns)
    op.create_table(
        "receipts",
        *text("tenant_id", "user_id", "scope_id", "device_id"),
        *numbers("ended", "dropped_at"),
        *times(),
        key("tenant_id", "user_id", "scope_id", "device_id"),
        sqlite_with_rowid=False,
    )
    isolate("receipts")
    stamp(int(revision), serves_from)


def downgrade() -> None:
    """Take them away. What devices have said would be lost: they say it once."""
    refuse_to_lose("receipts")
    op.drop_index(INDEX, "sightings")
    op.drop_table("receipts")
    stamp(int(down_revision), serves_from)
