"""The store in memory: every port in plain dictionaries, for tests and simulated worlds.

It keeps the promises of a database that lives: transactions are atomic and one at a time per tenant, pages are
snapshots. What it does not survive is the process; the simulated world wraps it to crash around every call.
"""

from __future__ import annotations

import asyncio
import uuid
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from homeport_sync.change import encode
from homeport_sync.clock import NOBODY, make_stamp
from homeport_sync.cursor import Cursor
from homeport_sync.errors import Unavailable
from homeport_sync.installation import MemoryInstallation
from homeport_sync.limits import LIMITS, Limits
from homeport_sync.memory_places import MemoryPlaces
from homeport_sync.memory_sightings import MemorySightings
from homeport_sync.ports import (
    Head,
    KnownDevice,
    Loaded,
    LogEntry,
    OutcomeName,
    PageRows,
    Pruned,
    Quarantined,
    Standing,
    StoredOutcome,
    StoredRecord,
    Tenant,
    Wanted,
    Writes,
)
from homeport_sync.pull import Range, gather, plan
from homeport_sync.scope import Grant
from homeport_sync.sightings import REFUSED_SHOWN_MAX, DeviceFacts, user_of


@dataclass(slots=True)
class _Log:
    """All that one tenant has."""

    tenant: Tenant
    epoch: str
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    head: int = 0
    entries: list[LogEntry] = field(default_factory=list)
    records: dict[str, StoredRecord] = field(default_factory=dict)
    outcomes: dict[tuple[str, int], StoredOutcome] = field(default_factory=dict)
    quarantine: list[Quarantined] = field(default_factory=list)
    devices: dict[str, KnownDevice] = field(default_factory=dict)
    pushes: dict[str, tuple[int, int]] = field(default_factory=dict)
    grants: dict[tuple[str, str], Grant] = field(default_factory=dict)


class MemoryTransaction:
    """One commit batch, under the tenant's lock."""

    def __init__(self, log: _Log) -> None:
        self._log = log

    async def load(self, wanted: Wanted) -> Loaded:
        """See `ports.Transaction`."""
        log = self._log
        missing = wanted.records - log.records.keys()
        return Loaded(
            head=Head(position=log.head, epoch=log.epoch),
            devices={each: log.devices[each] for each in wanted.devices if each in log.devices},
            outcomes={
                name[1:]: log.outcomes[name[1:]]
                for name in wanted.outcomes
                if name[1:] in log.outcomes and log.outcomes[name[1:]].stamp == name[0]
            },
            grants={each: log.grants[each] for each in wanted.grants if each in log.grants},
            records={each: log.records[each] for each in wanted.records if each in log.records},
            rejected_creates=frozenset(
                (each.device, each.record)
                for each in log.quarantine
                if each.created and each.device in wanted.devices and each.record in missing
            ),
        )

    async def commit(self, writes: Writes) -> None:
        """See `ports.Transaction`."""
        log = self._log
        log.head = writes.head
        log.entries.extend(writes.log)
        log.records.update((stored.record.id, stored) for stored in writes.records)
        log.outcomes.update(((kept.device, kept.number), kept) for kept in writes.outcomes)
        log.quarantine.extend(writes.quarantined)
        log.devices.update((device.id, device) for device in writes.devices)
        for device in writes.devices:
            log.pushes[device.id] = (log.pushes.get(device.id, (writes.now_ms, 0))[0], writes.now_ms)
        log.grants.update(((grant.user, grant.scope), grant) for grant in writes.grants)


class MemoryStore(MemoryInstallation, MemoryPlaces, MemorySightings):
    """Every port in memory."""

    def __init__(self, limits: Limits = LIMITS, new_epoch: Callable[[], str] = lambda: str(uuid.uuid4())) -> None:
        MemoryInstallation.__init__(self)
        MemoryPlaces.__init__(self)
        MemorySightings.__init__(self)
        self._limits = limits
        self._new_epoch = new_epoch
        self._logs: dict[str, _Log] = {}

    def _log(self, tenant: str) -> _Log:
        try:
            return self._logs[tenant]
        except KeyError:
            raise Unavailable(f"There is no tenant {tenant} in this store.") from None

    def _must_be_here(self, tenant: str) -> None:
        self._log(tenant)

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
            grants=sorted((g for g in log.grants.values() if g.user == user), key=lambda grant: grant.scope),
            last_number=known.last_number if known and known.user == user else 0,
        )

    async def page(self, tenant: str, user: str, device: str, cursor: Cursor | None, limit: int) -> PageRows:
        """See `ports.LogStore`."""
        log = self._log(tenant)
        standing = await self.standing(tenant, user, device)
        made = plan(standing, cursor)
        ranges, full = gather(made, lambda wanted, room: self._rows(log, wanted)[: room.rows], limit, self._limits)
        return PageRows(standing=standing, ranges=ranges, full=full)

    def _rows(self, log: _Log, wanted: Range) -> list[tuple[int, str]]:
        scopes = frozenset(wanted.scopes)
        found = (stored.record for stored in log.records.values() if stored.record.scope in scopes)
        inside = (record for record in found if wanted.after < record.position <= wanted.upto)
        return [(record.position, encode(record)) for record in sorted(inside, key=lambda each: each.position)]

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

    async def prune_outcomes(self, tenant: str, before_ms: int, after: OutcomeName, limit: int) -> Pruned:
        """See `ports.LogStore`."""
        log, bound = self._log(tenant), make_stamp(before_ms, 0, NOBODY)
        names = sorted((kept.stamp, *key) for key, kept in log.outcomes.items())
        old = [name for name in names if after < name and name[0] < bound][:limit]
        gone = [
            (device, number)
            for _, device, number in old
            if log.outcomes[device, number].decided_at_ms < before_ms and number <= log.devices[device].confirmed
        ]
        for key in gone:
            del log.outcomes[key]
        return Pruned(forgotten=len(gone), last=old[-1] if len(old) == limit else None)

    async def device(self, tenant: str, device: str) -> DeviceFacts | None:
        """See `sightings.Sightings`."""
        log = self._log(tenant)
        known, sighting = log.devices.get(device), self._sightings.get((tenant, device))
        if known is None and sighting is None:
            return None
        first, last = log.pushes.get(device, (None, None))
        decided = log.outcomes.get((device, known.last_number)) if known else None
        refused = sorted((r for r in log.quarantine if r.device == device), key=lambda each: -each.number)
        user = user_of(known, sighting)
        return DeviceFacts(
            known=known,
            first_push_ms=first,
            last_push_ms=last,
            last_decided_ms=decided.decided_at_ms if decided else None,
            sighting=sighting,
            refused=refused[:REFUSED_SHOWN_MAX],
            refused_count=len(refused),
            grants=sum(grant.holds for grant in log.grants.values() if grant.user == user),
            head=log.head,
        )

    async def create(self, name: str, *, id: str, epoch: str, now_ms: int) -> Tenant:
        """See `ports.Tenants`."""
        found = await self.find(name)
        if found is None:
            found = Tenant(id=id, name=name, created_at_ms=now_ms)
            self._logs[id] = _Log(tenant=found, epoch=epoch)
        return found

    async def find(self, id_or_name: str) -> Tenant | None:
        """See `ports.Tenants`."""
        tenants = (log.tenant for log in self._logs.values())
        return next((each for each in tenants if id_or_name in (each.id, each.name)), None)

    async def tenants(self, after: str, limit: int) -> Sequence[Tenant]:
        """See `ports.Tenants`."""
        return [self._logs[each].tenant for each in sorted(self._logs) if each > after][:limit]
