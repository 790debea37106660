"""The annals: the log as people read it, newest first, one record's part of it, and what became of its changes.

Followers read the log forwards, once (`LogStore.read`). Who wants to know what has just happened, or how a record came
to be what it is, reads it backwards, a page at a time, outside any commit batch. No index is kept for it, which each
write of each app would pay: one record's entries are looked for among so many, and the page says how far it has looked
(decisions/0027).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from homeport_sync.clock import Stamp, stamp_ms
from homeport_sync.ports import LogEntry, OutcomeName, StoredOutcome

NEWEST: Final = 2**63 - 1  # read back from the end of the log
HISTORY_LOOKED_MAX: Final = 20_000  # entries of the log that one page of a record's history looks at
ANNALS_PAGE_MAX: Final = 500  # entries of one page, and of how many the outcomes are asked for at once
LOWERED_LOOKED_MAX: Final = 20_000  # outcomes that are looked at for those of changes whose stamps were lowered


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What the log tells of one record in a stretch of it: its `entries` there, newest first. The stretch begins with
    the position `down_to`, and all between that and where it was asked for was looked at."""

    entries: Sequence[LogEntry]
    down_to: int

    @property
    def begun(self) -> bool:
        """Whether the record was made in it: nothing is told of it further back."""
        oldest = self.entries[-1] if self.entries else None
        # A member who is invited twice is made twice; only the first time there was nothing before.
        return oldest is not None and oldest.op == "create" and bool(oldest.fields) and not oldest.before

    @property
    def more(self) -> bool:
        """Whether there may be more of it further back: ask again before `down_to`."""
        return self.down_to > 1 and not self.begun


class Annals(Protocol):
    """Part of every store. Unknown tenants raise `Unavailable`."""

    async def read_back(self, tenant: str, before: int, limit: int) -> Sequence[LogEntry]:
        """The log before a position (`NEWEST`: its end), newest first, without gaps, at most `limit` entries."""

    async def of_record(
        self, tenant: str, record: str, before: int, limit: int, looked_max: int = HISTORY_LOOKED_MAX
    ) -> Stretch:
        """What was written of a record before a position, newest first: at most `limit` entries, found among at most
        `looked_max` of the log."""

    async def outcomes_of(self, tenant: str, entries: Sequence[LogEntry]) -> Mapping[tuple[str, int], StoredOutcome]:
        """The outcomes of the changes that wrote these entries, by (device, number); what is forgotten by now is
        absent. So may be those of changes whose stamps were lowered, if more than `LOWERED_LOOKED_MAX` outcomes were
        stamped after them meanwhile, and those of what a change wrote beside its own record."""


def stretch_of(found: Sequence[LogEntry], upto: int, limit: int, looked_max: int) -> Stretch:
    """The stretch of positions up to `upto` in which these were found: where there was no room left it ends with the
    last of them."""
    return Stretch(entries=found, down_to=found[-1].position if len(found) == limit else first_of(upto, looked_max))


def first_of(upto: int, looked_max: int) -> int:
    """The first of the `looked_max` positions that end with `upto`; the log begins with 1."""
    return max(upto - looked_max, 0) + 1


def names_of(entries: Iterable[LogEntry]) -> list[OutcomeName]:
    """Under which names the outcomes of these entries are kept, if no stamp was lowered."""
    return list(dict.fromkeys((entry.stamp, entry.device, entry.number) for entry in entries))


def perhaps_lowered(entries: Iterable[LogEntry], found: Iterable[tuple[str, int]]) -> Iterator[LogEntry]:
    """Those whose outcome was not found, and whose stamps are so far ahead that they may have been lowered: their
    outcomes are kept under a later one."""
    known = set(found)
    for entry in entries:
        if (entry.device, entry.number) not in known and stamp_ms(entry.stamp) > entry.accepted_at_ms:
            yield entry


def earliest(entries: Iterable[LogEntry]) -> Stamp:
    """The first stamp of them."""
    return min(entry.stamp for entry in entries)
