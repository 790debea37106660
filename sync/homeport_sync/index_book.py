"""The indexes that queries need: for each kind one over ids, and one over each of its indexed fields.

A server starts without them, and what it is asked then costs more the more records a scope has. A store that may makes
them as it starts; where a server owns no tables, `homeport migrate APP` makes them beside the traffic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeAlias

from homeport_sync.catalog import Catalog

TellNames: TypeAlias = Callable[[Sequence[str]], None]
MEND: Final = "homeport migrate APP --database-url <the owner's URL>, then restart the servers"


class IndexBook(Protocol):
    """Part of every store."""

    async def missing_indexes(self, catalog: Catalog) -> Sequence[str]:
        """What the app's queries need and what is not there, or not whole, by its name, in the order of the kinds."""

    async def make_indexes(self, catalog: Catalog, tell: TellNames = lambda _: None) -> Sequence[str]:
        """Make what is missing, one after the other, where a server may; the names of what was made, which it begins
        to `tell`: of a million records each takes two seconds. Writes wait for the one that is being made. Does
        nothing where all is there."""

    async def unused_indexes(self, catalog: Catalog) -> Sequence[str]:
        """Those of queries that the app does not need: of fields that it declares otherwise by now, or no more."""


async def indexed(store: IndexBook, catalog: Catalog, tell: TellNames = lambda _: None) -> Sequence[str]:
    """Let a server of the app start, and `tell` what it makes before it does: what is missing all the same."""
    await store.make_indexes(catalog, tell)
    return await store.missing_indexes(catalog)


def told_missing(names: Sequence[str]) -> str:
    """What it means that these are missing."""
    first = f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0]
    return f"queries read more than they need, for want of {first}"
