"""What Alembic runs around the steps: on the connection it is handed, or in words for a database that it is told."""

from __future__ import annotations

from alembic import context

from homeport_server.tables import METADATA

attributes = context.config.attributes
if context.is_offline_mode():
    context.configure(dialect_name=attributes["dialect"], literal_binds=True, transaction_per_migration=True)
else:
    context.configure(connection=attributes["connection"], target_metadata=METADATA, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
