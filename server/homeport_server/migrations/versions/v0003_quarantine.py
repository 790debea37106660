"""What became of a rejected change: which one made it good, and when; and all of them in the order of time."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column

from homeport_server.migrations.columns import TEXT
from homeport_server.migrations.isolation import on_postgres
from homeport_server.migrations.loss import refuse_to_lose
from homeport_server.migrations.stamp import stamp

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
serves_from = 1

_INDEX = "quarantine_by_time"
_COLUMNS = ("replays", "replayed_by", "replayed_at")


def upgrade() -> None:
    """First the index, of columns that are there and built beside those who write; then columns with constant
    defaults, which rewrite no row."""
    _build_index()
    op.add_column("quarantine", Column("replays", TEXT, nullable=False, server_default=""))
    op.add_column("quarantine", Column("replayed_by", TEXT, nullable=False, server_default=""))
    op.add_column("quarantine", Column("replayed_at", BigInteger))
    stamp(int(revision), serves_from)


def downgrade() -> None:
    """Take them away. Which changes were made good already would be lost, and somebody might do it again."""
    refuse_to_lose("quarantine", where="replayed_at IS NOT NULL")
    op.drop_index(_INDEX, "quarantine")
    for column in reversed(_COLUMNS):
        op.drop_column("quarantine", column)
    stamp(int(down_revision), serves_from)


def _build_index() -> None:
    columns = ["tenant_id", "created_at", "device_id", "number"]
    if not on_postgres():
        op.create_index(_INDEX, "quarantine", columns)
        return
    with op.get_context().autocommit_block():  # one that was left half built by an earlier try goes first
        op.drop_index(_INDEX, "quarantine", if_exists=True, postgresql_concurrently=True)
        op.create_index(_INDEX, "quarantine", columns, postgresql_concurrently=True)
