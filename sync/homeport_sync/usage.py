"""Usage: how many changes a tenant's log took in, by day, kind, operation and outcome.

A follower counts. What it counts and how far it has counted are written in one transaction, under its lease: so each
position is counted exactly once, whoever crashes, and the sum of all counts is the place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from homeport_sync.follow import Work
from homeport_sync.lease import Lease
from homeport_sync.ports import LogEntry

FOLLOWER: Final = "usage"
_DAY_MS = 86_400_000
_FIRST_DAY = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Heading:
    """What changes are counted under: the `day` they were accepted (UTC, 2026-01-31), their kind, op and outcome."""

    day: str
    kind: str = ""
    op: str = ""
    outcome: str = ""


class Usage(Protocol):
    """What was counted."""

    async def add_usage(self, lease: Lease, position: int, counts: Mapping[Heading, int]) -> Lease:
        """Add the counts of all entries after the lease's position up to `position` and move the place there, in one
        transaction; the lease with its new position. Raises `LeaseLost`, and writes nothing, if there is a newer
        lease or the place is not where the lease says."""

    async def usage(self, tenant: str, after: Heading, limit: int) -> Sequence[tuple[Heading, int]]:
        """What was counted, in the order of its headings, after one of them, at most `limit`."""


def counted(entries: Sequence[LogEntry]) -> dict[Heading, int]:
    """How many of the entries come under each heading."""
    return Counter(
        Heading(day=day_of(entry.accepted_at_ms), kind=entry.kind, op=entry.op, outcome=entry.outcome)
        for entry in entries
    )


def day_of(time_ms: int) -> str:
    """The day of a time, in UTC."""
    return date.fromordinal(_FIRST_DAY + time_ms // _DAY_MS).isoformat()


def counting(usage: Usage) -> Work:
    """The work of the follower that counts."""

    async def work(lease: Lease, entries: Sequence[LogEntry]) -> Lease:
        return await usage.add_usage(lease, entries[-1].position, counted(entries))

    return work
