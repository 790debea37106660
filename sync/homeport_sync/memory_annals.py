"""The annals in memory: one part of the store in memory."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from homeport_sync.annals import HISTORY_LOOKED_MAX, Stretch, first_of, stretch_of
from homeport_sync.memory_log import OnMemory
from homeport_sync.ports import LogEntry, StoredOutcome


class MemoryAnnals(OnMemory):
    """`Annals` in memory."""

    async def read_back(self, tenant: str, before: int, limit: int) -> Sequence[LogEntry]:
        """See `annals.Annals`."""
        entries = self._log(tenant).entries
        end = bisect_left(entries, before, key=lambda entry: entry.position)
        return entries[max(end - limit, 0) : end][::-1]

    async def of_record(
        self, tenant: str, record: str, before: int, limit: int, looked_max: int = HISTORY_LOOKED_MAX
    ) -> Stretch:
        """See `annals.Annals`."""
        upto = min(before - 1, self._log(tenant).head)
        looked = await self.read_back(tenant, upto + 1, looked_max)
        first = first_of(upto, looked_max)
        found = [entry for entry in looked if entry.record == record and entry.position >= first][:limit]
        return stretch_of(found, upto, limit, looked_max)

    async def outcomes_of(self, tenant: str, entries: Sequence[LogEntry]) -> Mapping[tuple[str, int], StoredOutcome]:
        """See `annals.Annals`."""
        kept = self._log(tenant).outcomes
        names = ((entry.device, entry.number) for entry in entries)
        return {name: kept[name] for name in names if name in kept}
