"""Followers read the log, each at its own pace with its own durable place, after the write is over.

Any number of workers may run the same follower: for each tenant one of them holds the lease, and only who holds the
newest can move the place. Work that is written with the place in one transaction is done exactly once. Any other is
done first and the place kept after it (`at_least_once`): a crash between the two repeats it. Either way nothing is ever
skipped. Signals make it quick; the slow poll behind them makes it certain.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol, TypeAlias

from homeport_sync.errors import LeaseLost
from homeport_sync.lease import Lease
from homeport_sync.ports import LogEntry, LogStore, Places

# Does the work for the entries, which come in order, and moves the place behind them, or behind those it did before it
# left off; the lease as it is then.
Work: TypeAlias = Callable[[Lease, Sequence[LogEntry]], Awaitable[Lease]]
READ_MAX = 500
LEASE_MS = 15_000
TURN_READS_MAX = 20  # after that many readings the next tenant has its turn


class Turn(Enum):
    """How a follower left a tenant's log."""

    DONE = auto()  # at its end
    MORE = auto()  # after its turn, with more to do
    HELD = auto()  # with more to do, by another worker that holds the lease
    LOST = auto()  # the same, and that worker took it over from this one


class Duty(Protocol):
    """What a worker does for each tenant, again and again: following a log, or keeping a schedule."""

    name: str
    ttl_ms: int

    async def catch_up(self, tenant: str) -> Turn:
        """Do what there is to do now."""

    def leases(self) -> int:
        """How many leases this worker holds for it."""

    async def give_back(self) -> int:
        """Let other workers take over at once; how many leases were given back."""


def at_least_once(places: Places, work: Callable[[str, Sequence[LogEntry]], Awaitable[None]]) -> Work:
    """Work outside the database, given (tenant, entries); the place is kept when it is done."""

    async def done(lease: Lease, entries: Sequence[LogEntry]) -> Lease:
        await work(lease.tenant, entries)
        return await places.keep_place(lease, entries[-1].position)

    return done


@dataclass(slots=True)
class _Held:
    """A lease that has not run out by this worker's clock. `sure`: the place is known to be where it says."""

    lease: Lease
    until_s: float
    sure: bool = True


class Follower:
    """One reader of the log in one worker. `name` is what its place is kept under, in every worker; `holder` is the
    worker's own name; `now_s` any clock that does not go back, in seconds. A lease is kept while there is work, and
    runs out `ttl_ms` milliseconds after the last. In a log in which it has no place yet it goes on behind the position
    that `begin` returns (None: it begins at the start). It reads `read_max` entries at once, `turn_reads_max` times.
    """

    def __init__(
        self,
        name: str,
        store: LogStore,
        places: Places,
        work: Work,
        *,
        holder: str,
        ttl_ms: int = LEASE_MS,
        now_s: Callable[[], float],
        begin: Callable[[str], Awaitable[int]] | None = None,
        read_max: int = READ_MAX,
        turn_reads_max: int = TURN_READS_MAX,
    ) -> None:
        self.name = name
        self.ttl_ms = ttl_ms
        self._store = store
        self._places = places
        self._work = work
        self._holder = holder
        self._now_s = now_s
        self._begin = begin
        self._read_max = read_max
        self._turn_reads_max = turn_reads_max
        self._held: dict[str, _Held] = {}  # the one that runs out first comes first

    async def catch_up(self, tenant: str) -> Turn:
        """Work through what the log holds now. What `work` raises stops it there; the next turn asks for the place."""
        lease = self._known(tenant)
        place = await self._places.place(tenant, self.name) if lease is None else lease.position
        entries = await self._store.read(tenant, place, self._read_max)
        if entries and not place and self._begin and (place := await self._begin(tenant)):
            entries = await self._store.read(tenant, place, self._read_max)
        if not entries:
            return Turn.DONE
        lease = lease or await self._take(tenant)
        if lease is None:
            return Turn.HELD
        if lease.position != place:  # another had gone on before it was ours
            entries = await self._store.read(tenant, lease.position, self._read_max)
        try:
            return await self._work_on(lease, entries)
        except LeaseLost:
            self._held.pop(tenant, None)
            return Turn.LOST

    def leases(self) -> int:
        """How many leases this worker holds now, or held a moment ago."""
        return len(self._held)

    async def give_back(self) -> int:
        """Let other workers take over at once; how many leases were given back.

        Raises the first error that a lease met, after all others were tried.
        """
        held, self._held = self._held, {}
        errors: list[Exception] = []
        for each in held.values():
            try:
                await self._places.give_back(each.lease)
            except Exception as error:  # noqa: BLE001  # whatever a store raises: the other leases are not at fault
                errors.append(error)
        if errors:
            raise errors[0]
        return len(held)

    async def _take(self, tenant: str) -> Lease | None:
        lease = await self._places.lease(tenant, self.name, self._holder, self.ttl_ms)
        if lease is not None:
            self._keep(lease)
        return lease

    async def _work_on(self, lease: Lease, entries: Sequence[LogEntry]) -> Turn:
        for _ in range(self._turn_reads_max):
            if entries:
                self._doubt(lease)
                lease = await self._work(lease, entries)
                self._keep(lease)
                if lease.position < entries[-1].position:  # it left off before the end, to let others have their turn
                    return Turn.MORE
            if len(entries) < self._read_max:  # that was all; what comes now brings its own signal
                return Turn.DONE
            entries = await self._store.read(lease.tenant, lease.position, self._read_max)
        return Turn.MORE

    def _known(self, tenant: str) -> Lease | None:
        """The lease that is held, if its place is known."""
        held = self._held.get(tenant)
        return held.lease if held is not None and held.sure and held.until_s > self._now_s() else None

    def _doubt(self, lease: Lease) -> None:
        """Until its work has gone well, nobody knows where the place is. It may have run out and be forgotten."""
        if lease.tenant in self._held:
            self._held[lease.tenant].sure = False

    def _keep(self, lease: Lease) -> None:
        """Remember a lease that runs anew."""
        self._held.pop(lease.tenant, None)
        self._held[lease.tenant] = _Held(lease, self._now_s() + lease.ttl_ms / 1_000)
        first = next(iter(self._held))
        if self._held[first].until_s <= self._now_s() and first != lease.tenant:
            del self._held[first]
