"""The door for others who keep their own tables in this database: their statements on our connections.

So a database has one file or one pool, one writer and one migration chain, whoever's tables lie in it. Whoever comes
through knows their tables and which SQL is spoken here; we know neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol, TypeAlias

Dialect: TypeAlias = Literal["sqlite", "postgresql"]
Values: TypeAlias = Sequence[object]  # of `?1`, `?2` … on SQLite, of `$1`, `$2` … on PostgreSQL
Found: TypeAlias = Sequence[Any]  # a driver's row: its columns by their places, typed where they are unpacked


class BesideTransaction(Protocol):
    """Statements that are committed together."""

    async def fetch(self, statement: str, values: Values) -> Sequence[Found]:
        """All rows."""

    async def execute(self, statement: str, values: Values) -> int:
        """Run it; how many rows it wrote."""

    async def execute_many(self, statement: str, many: Iterable[Values]) -> None:
        """Run it for each of the values."""


class Beside(Protocol):
    """The door of one store. Raises `Unavailable` when the database is in trouble."""

    @property
    def dialect(self) -> Dialect:
        """Which SQL is spoken here."""

    def transaction(self, tenant: str) -> AbstractAsyncContextManager[BesideTransaction]:
        """A transaction as this tenant ("" for what belongs to none), durable at its end; an error that leaves it
        writes nothing. On SQLite nobody else writes meanwhile, so nothing in it may wait for the network."""

    async def read(self, tenant: str, statement: str, values: Values) -> Sequence[Found]:
        """The rows of one statement, as they are at one moment."""
