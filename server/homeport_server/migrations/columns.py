"""The columns that the steps are made of. Frozen like the steps: a new sort of column gets a new name."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text
from sqlalchemy.dialects import postgresql

TEXT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")  # compared byte by byte everywhere


def text(*names: str) -> list[Column[str]]:
    """Text columns, none of them null."""
    return [Column(name, TEXT, nullable=False) for name in names]


def numbers(*names: str) -> list[Column[int]]:
    """64-bit columns, none of them null."""
    return [Column(name, BigInteger, nullable=False, autoincrement=False) for name in names]


def times() -> list[Column[int]]:
    """When the row was made, changed last, and taken out of use."""
    return [*numbers("created_at", "updated_at"), Column("deleted_at", BigInteger)]


def key(*names: str) -> PrimaryKeyConstraint:
    """The primary key."""
    return PrimaryKeyConstraint(*names)
