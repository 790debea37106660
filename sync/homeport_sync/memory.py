"""The store in memory: every port in plain dictionaries, for tests and simulated worlds.

It keeps the promises of a database that lives: transactions are atomic and one at a time per tenant, pages are
snapshots. What it does not survive is the process; the simulated world wraps it to crash around every call.
"""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager

from homeport_sync.change import encode
from homeport_sync.choice import EVERYTHING, Choice
from homeport_sync.clock import Stamp
from homeport_sync.cursor import Cursor
from homeport_sync.installation import MemoryInstallation
from homeport_sync.limits import LIMITS, Limits
from homeport_sync.memory_annals import MemoryAnnals
from homeport_sync.memory_key_book import MemoryKeyBook
from homeport_sync.memory_log import MemoryLog, OnMemory
from homeport_sync.memory_lookups import MemoryLookups
from homeport_sync.memory_places import MemoryPlaces
from homeport_sync.memory_quarantine import MemoryQuarantine
from homeport_sync.memory_queries import MemoryQueries
from homeport_sync.memory_receipts import MemoryReceipts
from homeport_sync.memory_sightings import MemorySightings
from homeport_sync.ports import (
    FORMER_IDS_MAX,
    KIND_RECORDS_MAX,
    Head,
    Loaded,
    LogEntry,
    OutcomeName,
    PageRows,
    Pruned,
    Standing,
    Tenant,
    Wanted,
    Writes,
)
from homeport_sync.pull import Range, gather, plan
from homeport_sync.scope import EVERYBODY, grants_of


class MemoryTransaction:
    """One commit batch, under the tenant's lock."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    async def load(self, wanted: Wanted) -> Loaded:
        """See `ports.Transaction`."""
        log = self._log
        listed = {each: log.of_kind(*each)[:KIND_RECORDS_MAX] for each in wanted.kinds}
        of_kind = {each: ids for each, ids in listed.items() if ids}
        found = {each: log.linked(each, wanted.links_max) for each in wanted.targets}
        links = {target: here for each in found.values() if each is not None for target, here in each.items()}
        records = wanted.records.union(*of_kind.values(), links)
        return Loaded(
            head=Head(position=log.head, epoch=log.epoch),
            devices={each: log.devices[each] for each in wanted.devices if each in log.devices},
            outcomes={
                name: log.outcomes[name]
                for stamp, name in self._asked(wanted)
                if name in log.outcomes and log.outcomes[name].stamp == stamp
            },
            grants={each: log.grants[each] for each in wanted.grants if each in log.grants},
            records={each: log.records[each] for each in records if each in log.records},
            of_kind=of_kind,
            keys={each: log.keys[each] for each in wanted.keys if each in log.keys},
            links=links,
            overfull=frozenset(each for each, here in found.items() if here is None),
            wanted=wanted,
            rejected_creates=frozenset(
                (device, record)
                for device, record in wanted.creates
                if record not in log.records and device in log.rejected_creates.get(record, ())
            ),
        )

    def _asked(self, wanted: Wanted) -> Iterator[tuple[Stamp, tuple[str, int]]]:
        yield from ((name[0], name[1:]) for name in wanted.outcomes)
        yield from ((stamp, name) for stamp in wanted.stamps for name in self._of_stamp(stamp))

    def _of_stamp(self, stamp: Stamp) -> list[tuple[str, int]]:
        return sorted(self._log.stamped.get(stamp, ()))[:FORMER_IDS_MAX]

    async def commit(self, writes: Writes) -> None:
        """See `ports.Transaction`."""
        log = self._log
        log.head = writes.head
        log.entries.extend(writes.log)
        log.keep(writes.records)
        log.keep_keys(writes.keys, writes.links)
        for kept in writes.outcomes:
            log.outcomes[kept.device, kept.number] = kept
            log.stamped.setdefault(kept.stamp, []).append((kept.device, kept.number))
        log.mark(writes.replayed, writes.now_ms)
        log.quarantine.extend(writes.quarantined)
        for each in writes.quarantined:
            if each.created:
                log.rejected_creates.setdefault(each.record, set()).add(each.device)
        log.devices.update((device.id, device) for device in writes.devices)
        for device in writes.devices:
            log.pushes[device.id] = (log.pushes.get(device.id, (writes.now_ms, 0))[0], writes.now_ms)
        for grant in writes.grants:
            log.grants[grant.user, grant.scope] = grant
            log.grants_of.setdefault(grant.user, {})[grant.scope] = grant
            if not grant.holds:
                log.ended_at[grant.user, grant.scope] = writes.now_ms


class MemoryStore(
    MemoryAnnals,
    MemoryInstallation,
    MemoryKeyBook,
    MemoryLookups,
    MemoryPlaces,
    MemoryQuarantine,
    MemoryQueries,
    MemoryReceipts,
    MemorySightings,
):
    """Every port in memory."""

    def __init__(self, limits: Limits = LIMITS, new_epoch: Callable[[], str] = lambda: str(uuid.uuid4())) -> None:
        MemoryInstallation.__init__(self)
        OnMemory.__init__(self)
        self._limits = limits
        self._new_epoch = new_epoch

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[MemoryTransaction]:
        """See `ports.LogStore`."""
        log = self._log(tenant)
        async with log.lock:
            yield MemoryTransaction(log)

    async def standing(self, tenant: str, user: str, device: str) -> Standing:
        """See `ports.LogStore`."""
        log = self._log(tenant)
        known = log.devices.get(device)
        return Standing(
            head=Head(position=log.head, epoch=log.epoch),
            grants=grants_of(user, (grant for name in {user, EVERYBODY} for grant in log.grants_held_by(name))),
            last_number=known.last_number if known and known.user == user else 0,
        )

    async def page(
        self,
        tenant: str,
        user: str,
        device: str,
        cursor: Cursor | None,
        limit: int,
        *,
        choice: Choice = EVERYTHING,
    ) -> PageRows:
        """See `ports.LogStore`."""
        log = self._log(tenant)
        standing = await self.standing(tenant, user, device)
        made = plan(standing, cursor, choice)
        ranges, full = gather(made, lambda wanted, room: self._rows(log, wanted)[: room.rows], limit, self._limits)
        return PageRows(standing=standing, ranges=ranges, full=full)

    def _rows(self, log: MemoryLog, wanted: Range) -> list[tuple[int, str]]:
        found = (
            (position, log.records[id].record)
            for scope in wanted.scopes
            for position, id in log.after(scope, wanted.after)
            if position <= wanted.upto
        )
        # A record that was written again stands at its newest position alone.
        newest = [(position, record) for position, record in found if position == record.position]
        return [(position, encode(record)) for position, record in sorted(newest, key=lambda each: each[0])]

    async def begin_epoch(self, tenant: str, former: str) -> None:
        """See `ports.LogStore`."""
        log = self._log(tenant)
        if log.epoch == former:
            log.epoch = self._new_epoch()

    async def read(self, tenant: str, after: int, limit: int) -> Sequence[LogEntry]:
        """See `ports.LogStore`."""
        entries = self._log(tenant).entries
        start = bisect_right(entries, after, key=lambda entry: entry.position)
        return entries[start : start + limit]

    async def prune_outcomes(self, tenant: str, before_ms: int, after: OutcomeName, upto: Stamp, limit: int) -> Pruned:
        """See `ports.LogStore`."""
        log = self._log(tenant)
        names = sorted((kept.stamp, *key) for key, kept in log.outcomes.items())
        old = [name for name in names if after < name and name[0] < upto][:limit]
        gone = [
            (device, number)
            for _, device, number in old
            if log.outcomes[device, number].decided_at_ms < before_ms
            and (device not in log.devices or number <= log.devices[device].confirmed)
        ]
        for key in gone:
            log.stamped[log.outcomes.pop(key).stamp].remove(key)
            log.forget_writer(*key)
        return Pruned(forgotten=len(gone), last=old[-1] if len(old) == limit else None)

    async def create(self, name: str, *, id: str, epoch: str, now_ms: int) -> Tenant:
        """See `ports.Tenants`."""
        found = await self.find(name)
        if found is None:
            found = Tenant(id=id, name=name, created_at_ms=now_ms)
            self._logs[id] = MemoryLog(tenant=found, epoch=epoch)
        return found

    async def find(self, id_or_name: str) -> Tenant | None:
        """See `ports.Tenants`."""
        tenants = (log.tenant for log in self._logs.values())
        return next((each for each in tenants if id_or_name in (each.id, each.name)), None)

    async def tenants(self, after: str, limit: int) -> Sequence[Tenant]:
        """See `ports.Tenants`."""
        return [self._logs[each].tenant for each in sorted(self._logs) if each > after][:limit]
