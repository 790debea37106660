"""What one tenant has, in memory: the parts of the store in memory all work on it."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from homeport_sync.clock import Stamp
from homeport_sync.errors import no_tenant
from homeport_sync.keys import Key, Link, reach, reached
from homeport_sync.ports import KnownDevice, LogEntry, StoredOutcome, StoredRecord, Tenant
from homeport_sync.quarantine import Quarantined, Replayed
from homeport_sync.receipts import Receipt
from homeport_sync.scope import Grant
from homeport_sync.sightings import Sighting
from homeport_sync.usage import Heading
from homeport_sync.writer_ids import is_writer

NOBODY = ""


@dataclass(slots=True)
class Place:
    """A follower's place, and who holds the lease on it until when, by a clock that never goes back."""

    position: int = 0
    holder: str = NOBODY
    fence: int = 0
    until_ms: float = 0


@dataclass(slots=True)
class MemoryLog:
    """All that one tenant has."""

    tenant: Tenant
    epoch: str
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    head: int = 0
    entries: list[LogEntry] = field(default_factory=list)
    records: dict[str, StoredRecord] = field(default_factory=dict)
    outcomes: dict[tuple[str, int], StoredOutcome] = field(default_factory=dict)
    stamped: dict[Stamp, list[tuple[str, int]]] = field(default_factory=dict)
    quarantine: list[Quarantined] = field(default_factory=list)
    replayed: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    rejected_creates: dict[str, set[str]] = field(default_factory=dict)
    devices: dict[str, KnownDevice] = field(default_factory=dict)
    pushes: dict[str, tuple[int, int]] = field(default_factory=dict)
    sightings: dict[str, Sighting] = field(default_factory=dict)
    sighted_at: dict[str, int] = field(default_factory=dict)
    listed_at: dict[str, int] = field(default_factory=dict)
    grants: dict[tuple[str, str], Grant] = field(default_factory=dict)
    ended_at: dict[tuple[str, str], int] = field(default_factory=dict)
    receipts: dict[tuple[str, str], dict[str, tuple[Receipt, int]]] = field(default_factory=dict)
    grants_of: dict[str, dict[str, Grant]] = field(default_factory=dict)
    positions: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    keys: dict[Key, str] = field(default_factory=dict)
    links: dict[str, dict[tuple[str, str], Link]] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    usage: Counter[Heading] = field(default_factory=Counter)

    def keep(self, written: Iterable[StoredRecord]) -> None:
        """Keep these records, and where in its scope each of them stands now."""
        for stored in sorted(written, key=lambda each: each.record.position):
            record = stored.record
            self.records[stored.row] = stored
            self.positions.setdefault(record.scope, []).append((record.position, stored.row))

    def grants_held_by(self, user: str) -> Iterable[Grant]:
        """All grants the user ever had, each as it is now."""
        return self.grants_of.get(user, {}).values()

    def of_kind(self, scope: str, kind: str) -> list[str]:
        """The ids of the live records of a kind in a scope, in their order."""
        ids = {id for _, id in self.positions.get(scope, [])}
        records = (self.records[id].record for id in ids)
        return sorted(each.id for each in records if each.kind == kind and each.scope == scope and not each.deleted)

    def mark(self, replayed: Iterable[Replayed], now_ms: int) -> None:
        """Mark those that are in quarantine, are that user's and have no mark yet."""
        there = {(each.device, each.number) for each in self.quarantine} if replayed else set()
        for each in replayed:
            name, device = (each.device, each.number), self.devices.get(each.device)
            if name in there and device is not None and device.user == each.user:
                self.replayed.setdefault(name, (each.by, now_ms))

    def keep_keys(self, keys: Iterable[tuple[Key, str | None]], links: Iterable[tuple[Link, bool]]) -> None:
        """Keep who holds the keys, and which links there are."""
        self.keys |= {key: holder for key, holder in keys if holder is not None}
        for key in [key for key, holder in keys if holder is None]:
            self.keys.pop(key, None)
        for link, there in links:
            here = self.links.setdefault(link.target, {})
            if there:
                here[link.record, link.field] = link
            else:
                here.pop((link.record, link.field), None)

    def forget_writer(self, device: str, number: int) -> None:
        """Whoever wrote without a device has none any more once the last outcome is forgotten, unless something of it
        lies in quarantine."""
        known, held = self.devices.get(device), any(each.device == device for each in self.quarantine)
        if is_writer(device) and not held and known is not None and known.last_number == number:
            del self.devices[device], self.pushes[device]

    def linked(self, target: str, links_max: int) -> Mapping[str, Sequence[Link]] | None:
        """The links to the record and to all that goes with it; None if there are too many."""
        return reached(target, reach([target], lambda each: self.links.get(each, {}).values()), links_max)

    def after(self, scope: str, position: int) -> list[tuple[int, str]]:
        """Position and id of what was written in the scope after a position, in that order. A record that was
        written several times is in it several times."""
        written = self.positions.get(scope, [])
        return written[bisect_right(written, position, key=lambda each: each[0]) :]


class OnMemory:
    """What each port's adapter is made of."""

    def __init__(self) -> None:
        self._logs: dict[str, MemoryLog] = {}
        self._began_ms: dict[str, int] = {}  # the followers of this store, and when they began

    def _log(self, tenant: str) -> MemoryLog:
        """Raises `Unavailable` if there is no such tenant."""
        try:
            return self._logs[tenant]
        except KeyError:
            raise no_tenant(tenant) from None
