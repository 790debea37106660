"""What is looked up for those who tell people of changes: records as they are by now, members, and how far devices are.

Each answer is one page of its own, read outside any commit batch: what it says may be older than the next change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from homeport_sync.change import Record
from homeport_sync.sightings import Sighting


class LooksUpRecords(Protocol):
    """The part of it that is about records."""

    async def records(self, tenant: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """The newest state of these records, deleted ones as their tombstones; what was never there is absent."""

    async def written(self, tenant: str, scope: str, after: int, limit: int) -> Sequence[Record]:
        """What was last written in the scope after a position, in that order, at most `limit`: records as they are by
        now, and tombstones of those that are deleted, or have left it."""


class Lookups(LooksUpRecords, Protocol):
    """Part of every store."""

    async def members(self, tenant: str, scope: str, after: str, limit: int) -> Sequence[str]:
        """The users with a grant of their own that holds in the scope, after that one, in the order of their names by
        bytes. `EVERYBODY` is no user."""

    async def presences(self, tenant: str, devices: Sequence[str]) -> Mapping[str, Sighting]:
        """The sightings of these devices; what was never heard of is absent."""
