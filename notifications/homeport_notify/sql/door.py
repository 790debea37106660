"""What the store needs of whoever holds the database: transactions, and single reads. Sync's stores have it.

So notifications lie in the same file or the same PostgreSQL as what they tell of, and open no connection of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol, TypeAlias

Dialect: TypeAlias = Literal["sqlite", "postgresql"]
Values: TypeAlias = Sequence[object]  # of `?1`, `?2` … on SQLite, of `$1`, `$2` … on PostgreSQL
Row: TypeAlias = Sequence[Any]  # its columns by their places, typed where they are unpacked


class Transaction(Protocol):
    """Statements that are committed together."""

    async def fetch(self, statement: str, values: Values) -> Sequence[Row]:
        """All rows."""

    async def execute(self, statement: str, values: Values) -> int:
        """Run it; how many rows it wrote."""

    async def execute_many(self, statement: str, many: Iterable[Values]) -> None:
        """Run it for each of the values."""


class Door(Protocol):
    """Raises `Unavailable` when the database is in trouble."""

    @property
    def dialect(self) -> Dialect:
        """Which SQL is spoken there."""

    def transaction(self, tenant: str) -> AbstractAsyncContextManager[Transaction]:
        """A transaction as this tenant ("" for what belongs to none), durable at its end; an error that leaves it
        writes nothing."""

    async def read(self, tenant: str, statement: str, values: Values) -> Sequence[Row]:
        """The rows of one statement, as they are at one moment."""
