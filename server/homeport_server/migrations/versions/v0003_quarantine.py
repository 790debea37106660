"""What became of rejected changes: which one made each good, and when; and all of them in the order of time."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text as sql

from homeport_server.migrations.columns import key, numbers, text
from homeport_server.migrations.isolation import isolate, on_postgres
from homeport_server.migrations.loss import refuse_to_lose
from homeport_server.migrations.stamp import stamp

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
serves_from = 1

_INDEX = "quarantine_by_time"
_ALWAYS = "created_at >= 0"  # what the list says, and no other statement: so none is planned to go by this index


def upgrade() -> None:
    """First the index, of columns that are there and built beside those who write; then the table."""
    _build_index()
    op.create_table(
        "replays",
        *text("tenant_id", "device_id"),
        *numbers("number"),
        *text("replays", "replayed_by"),
        *numbers("created_at"),
        key("tenant_id", "device_id", "number"),
        sqlite_with_rowid=False,
    )
    isolate("replays")
    stamp(int(revision), serves_from)


def downgrade() -> None:
    """Take them away. Which changes were made good already would be lost, and somebody might do it again."""
    refuse_to_lose("replays")
    op.drop_table("replays")
    op.drop_index(_INDEX, "quarantine")
    stamp(int(down_revision), serves_from)


def _build_index() -> None:
    columns = ["tenant_id", "created_at", "device_id", "number"]
    if not on_postgres():
        op.create_index(_INDEX, "quarantine", columns, sqlite_where=sql(_ALWAYS))
        return
    with op.get_context().autocommit_block():  # one that was left half built by an earlier try goes first
        op.drop_index(_INDEX, "quarantine", if_exists=True, postgresql_concurrently=True)
        op.create_index(_INDEX, "quarantine", columns, postgresql_where=sql(_ALWAYS), postgresql_concurrently=True)
