"""Which device's creates were refused, found at one look."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text as sql

from homeport_server.migrations.isolation import on_postgres
from homeport_server.migrations.stamp import stamp

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
serves_from = 1

_INDEX = "quarantine_creates"
_CREATES = "created"


def upgrade() -> None:
    """Build an index beside those who write. The one it replaces, by record alone, stays for the servers before it."""
    columns = ["tenant_id", "record_id", "device_id"]
    if on_postgres():
        with op.get_context().autocommit_block():  # one that was left half built by an earlier try goes first
            op.drop_index(_INDEX, "quarantine", if_exists=True, postgresql_concurrently=True)
            op.create_index(_INDEX, "quarantine", columns, postgresql_where=sql(_CREATES), postgresql_concurrently=True)
    else:
        op.create_index(_INDEX, "quarantine", columns, sqlite_where=sql(_CREATES))
    stamp(int(revision), serves_from)


def downgrade() -> None:
    """Drop it: it repeats what stands in the table."""
    op.drop_index(_INDEX, "quarantine")
    stamp(int(down_revision), serves_from)
