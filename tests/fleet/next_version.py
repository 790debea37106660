"""The version of Homeport after this one: a copy of ours with one more migration, which writes one more column."""

from pathlib import Path
from shutil import copytree, ignore_patterns

from homeport_sync.sql.schema_version import SERVES_FROM
from homeport_sync.sql.tables import SCHEMA_VERSION

ROOT = Path(__file__).parents[2]
NEXT = SCHEMA_VERSION + 1
COLUMN = "remark"

MIGRATION = f'''"""A remark on each record, and an index that is built while servers write."""

from alembic import op
from sqlalchemy import Column, Text

from homeport_server.migrations.stamp import stamp

revision = "{NEXT:04}"
down_revision = "{SCHEMA_VERSION:04}"
branch_labels = None
depends_on = None
serves_from = {SERVES_FROM}


def upgrade() -> None:
    op.add_column("records", Column("{COLUMN}", Text, nullable=False, server_default=""))
    stamp({NEXT}, serves_from)
    with op.get_context().autocommit_block():
        op.create_index("records_by_remark", "records", ["tenant_id", "{COLUMN}"], postgresql_concurrently=True)


def downgrade() -> None:
    op.drop_column("records", "{COLUMN}")
    stamp({SCHEMA_VERSION}, {SERVES_FROM})
'''

WRITE = "sync/homeport_sync/sql/postgres/write.py"
# (file, what stands there, what the next version says instead)
CHANGES = (
    ("sync/homeport_sync/sql/tables.py", f"SCHEMA_VERSION = {SCHEMA_VERSION}", f"SCHEMA_VERSION = {NEXT}"),
    (
        WRITE,
        '"wire text, deleted_at bigint"',
        f'"wire text, deleted_at bigint, {COLUMN} text"',
    ),
    (
        WRITE,
        "foreign_position, wire, deleted_at",
        f"foreign_position, wire, deleted_at, {COLUMN}",
    ),
    (
        WRITE,
        "(*row[1:8], row[10]) for row",
        '(*row[1:8], row[10], "by the next version") for row',
    ),
)


def make_next_version(place: Path) -> dict[str, str]:
    """Make it in an empty directory; the environment in which Python runs it instead of ours."""
    rooms = ("server", "sync", "client_sdk", "notifications")
    for room in rooms:
        copytree(ROOT / room, place / room, ignore=ignore_patterns("__pycache__"))
    for file, ours, theirs in CHANGES:
        text = (place / file).read_text()
        assert text.count(ours) == 1, f"{file} does not say {ours!r} once any more: mend the next version"
        (place / file).write_text(text.replace(ours, theirs))
    versions = place / "server/homeport_server/migrations/versions"
    (versions / f"v{NEXT:04}_remarks.py").write_text(MIGRATION)
    return {"PYTHONPATH": ":".join(str(place / room) for room in rooms)}
