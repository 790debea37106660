"""The store of notifications on SQLite and PostgreSQL, over connections that somebody else lends (`door.py`)."""
