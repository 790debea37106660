"""How the schema came to be and how it goes on: one step a version, for SQLite and PostgreSQL, run by Alembic."""
