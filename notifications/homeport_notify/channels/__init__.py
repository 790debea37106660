"""The ways to people: each provider behind the port of `channel.py`, with what it calls its errors in a table."""
