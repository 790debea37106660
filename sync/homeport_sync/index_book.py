"""The indexes that queries need: one over each indexed field of a kind, and one over ids.

A server starts without them, and what it is asked then costs more the more records a scope has. A store that may makes
them as it starts; where a server owns no tables, `homeport migrate APP` makes them beside the traffic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from homeport_sync.catalog import Catalog


class IndexBook(Protocol):
    """Part of every store."""

    async def missing_indexes(self, catalog: Catalog) -> Sequence[str]:
        """What the app's queries need and what is not there, or not whole, by its name, in the order of the kinds."""

    async def make_indexes(self, catalog: Catalog) -> Sequence[str]:
        """Make what is missing, one after the other, where a server may; the names of what was made. Writes wait for
        the one that is being made. Does nothing where all is there."""


async def indexed(store: IndexBook, catalog: Catalog) -> Sequence[str]:
    """Let a server of the app start: what is missing all the same."""
    await store.make_indexes(catalog)
    return await store.missing_indexes(catalog)


def told_missing(names: Sequence[str]) -> str:
    """What it means that these are missing, and what mends it."""
    first = f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0]
    return f"queries read more than they need, for want of {first}: run `homeport migrate APP` with the owner's URL"
