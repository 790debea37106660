"""What devices say of themselves, and devices in the order in which they were heard of last."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column

from homeport_server.migrations.columns import TEXT
from homeport_server.migrations.isolation import on_postgres
from homeport_server.migrations.stamp import stamp

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
serves_from = 1

_INDEX = "sightings_by_time"
_COLUMNS = ("introduced_at", "outbox", "app_version")


def upgrade() -> None:
    """Add an index that is built while servers write, of columns that they all write, and columns that the servers
    before it need not know.

    The index stands outside the step's transaction, so it comes first: what was cut off is begun again.
    """
    columns = ["tenant_id", "updated_at", "device_id"]
    if on_postgres():
        with op.get_context().autocommit_block():  # one that was left half built by an earlier try goes first
            op.drop_index(_INDEX, "sightings", if_exists=True, postgresql_concurrently=True)
            op.create_index(_INDEX, "sightings", columns, postgresql_concurrently=True)
    else:
        op.create_index(_INDEX, "sightings", columns)
    for name in _COLUMNS:
        op.add_column("sightings", Column(name, BigInteger))
    op.add_column("sightings", Column("sdk", TEXT))
    stamp(int(revision), serves_from)


def downgrade() -> None:
    """Take them away: devices say it again with their next push."""
    for name in ("sdk", *reversed(_COLUMNS)):
        op.drop_column("sightings", name)
    op.drop_index(_INDEX, "sightings")
    stamp(int(down_revision), serves_from)
