"""Keys of unique fields, links from a record to those that refer to it, and for which declaration they were filled."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, Column

from homeport_server.migrations.columns import key, numbers, text
from homeport_server.migrations.isolation import isolate
from homeport_server.migrations.stamp import stamp

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
serves_from = 1


def upgrade() -> None:
    """Add tables: no app could declare before what stands in them."""
    op.create_table(
        "keys",
        *text("tenant_id", "scope_id", "kind", "field", "digest", "record_id"),
        *numbers("created_at", "updated_at"),
        key("tenant_id", "scope_id", "kind", "field", "digest"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "links",
        *text("tenant_id", "target_id", "record_id", "field", "kind"),
        Column("cascades", Boolean, nullable=False),
        *numbers("created_at", "updated_at"),
        key("tenant_id", "target_id", "record_id", "field"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "declaration",
        *numbers("id"),
        *text("keys"),
        *numbers("created_at", "updated_at"),
        key("id"),
        sqlite_with_rowid=False,
    )
    isolate("keys", "links")
    stamp(int(revision), serves_from)


def downgrade() -> None:
    """Drop them: all of it follows from the records."""
    op.drop_table("declaration")
    op.drop_table("links")
    op.drop_table("keys")
    stamp(int(down_revision), serves_from)
