"""Leases for followers, counted usage, sightings of devices, the secret's fingerprint, and the schema's own version."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column

from homeport_server.migrations.columns import TEXT, key, numbers, text, times
from homeport_server.migrations.isolation import for_all_tenants, isolate
from homeport_server.migrations.loss import refuse_to_lose
from homeport_server.migrations.stamp import stamp, stamp_file

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
serves_from = 1

_LEASE = ("holder", "fence", "leased_until")
_ROOM_TO_CHANGE = {"fillfactor": "50"}


def upgrade() -> None:
    """Add columns with constant defaults, which rewrite no row, and new tables."""
    op.add_column("places", Column("holder", TEXT, nullable=False, server_default=""))
    op.add_column("places", Column("fence", BigInteger, nullable=False, server_default="0"))
    op.add_column("places", Column("leased_until", BigInteger, nullable=False, server_default="0"))
    _make_usage()
    _make_sightings()
    op.create_table(
        "installation",
        *numbers("id"),
        *text("secret_fingerprint"),
        *numbers("created_at", "updated_at"),
        key("id"),
        sqlite_with_rowid=False,
    )
    op.create_table("schema", *numbers("version", "serves_from"), key("version"), sqlite_with_rowid=False)
    isolate("usage", "sightings")
    stamp(2, serves_from)


def downgrade() -> None:
    """Take them away. Leases and the fingerprint come anew with whoever starts next; usage and sightings would be
    lost."""
    refuse_to_lose("usage", "sightings")
    for_all_tenants("places", "DELETE FROM places WHERE follower = 'usage'")  # counted anew when it is here again
    for table in ("schema", "installation", "sightings", "usage"):
        op.drop_table(table)
    for column in reversed(_LEASE):
        op.drop_column("places", column)
    stamp_file(1)


def _make_usage() -> None:
    op.create_table(
        "usage",
        *text("tenant_id", "day", "kind", "op", "outcome"),
        *numbers("changes"),
        *times(),
        key("tenant_id", "day", "kind", "op", "outcome"),
        sqlite_with_rowid=False,
        postgresql_with=_ROOM_TO_CHANGE,
    )


def _make_sightings() -> None:
    op.create_table(
        "sightings",
        *text("tenant_id", "device_id", "user_id"),
        Column("pushed_at", BigInteger),
        Column("pulled_at", BigInteger),
        Column("pulled_position", BigInteger),
        Column("refused_at", BigInteger),
        *text("refused_code"),
        *times(),
        key("tenant_id", "device_id"),
        sqlite_with_rowid=False,
        postgresql_with=_ROOM_TO_CHANGE,
    )
