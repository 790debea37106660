"""The timekeeper of a schedule: each of its times is worked through once for each tenant, by one worker.

The place of a schedule is the last time that was worked through, and is kept after that, under a lease: a crash repeats
it, and nobody does it beside another. What is done is the last time that has come: so of many that were missed, one is
made up for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from homeport_sync.attend import Facts, attended
from homeport_sync.deliver import Told
from homeport_sync.entry import moment_of
from homeport_sync.errors import FollowerFailed, LeaseLost
from homeport_sync.follow import LEASE_MS, Turn
from homeport_sync.lease import Lease
from homeport_sync.ports import Places
from homeport_sync.schedule import Moment, Schedule

MOMENT_LONGEST_S: Final = 600.0  # how long an app's function may take for one tenant


class Timekeeper:
    """Of one schedule in one worker, which asks it for each tenant as it asks a follower. `wall_ms` is the clock that
    the times are of; `holder` the worker's own name."""

    def __init__(
        self,
        schedule: Schedule,
        places: Places,
        told: Told,
        *,
        holder: str,
        ttl_ms: int = LEASE_MS,
        wall_ms: Callable[[], int],
    ) -> None:
        self.name = schedule.place_name
        self.ttl_ms = ttl_ms
        self._schedule = schedule
        self._places = places
        self._told = told
        self._holder = holder
        self._wall_ms = wall_ms
        self._held: dict[str, Lease] = {}
        self._due_ms = 0
        self._through: set[str] = set()  # the tenants for which that time is worked through, by whomever
        self._tries: dict[str, int] = {}

    async def catch_up(self, tenant: str) -> Turn:
        """Do what is due for the tenant. A schedule that is new there begins with its next time."""
        due_ms = self._schedule.due_ms(self._wall_ms())
        if due_ms != self._due_ms:
            self._due_ms, self._through = due_ms, set()
        if tenant in self._through:
            return Turn.DONE
        turn = await self._catch_up(tenant, due_ms)
        if turn is Turn.DONE and due_ms == self._due_ms:
            self._through.add(tenant)
        return turn

    def leases(self) -> int:
        """How many tenants it works for now."""
        return len(self._held)

    async def give_back(self) -> int:
        """Let other workers have what was under way; how many leases that were."""
        held, self._held = self._held, {}
        for lease in held.values():
            await self._places.give_back(lease)
        return len(held)

    async def _catch_up(self, tenant: str, due_ms: int) -> Turn:
        place = await self._places.place(tenant, self.name) or await self._places.begin(tenant, self.name, due_ms)
        if place >= due_ms:
            return Turn.DONE
        lease = await self._places.lease(tenant, self.name, self._holder, self.ttl_ms)
        if lease is None:
            return Turn.HELD
        self._held[tenant] = lease
        try:
            if lease.position < due_ms:  # or another was quicker
                lease = await self._places.keep_place(await self._run(lease, due_ms), due_ms)
        except LeaseLost:
            return Turn.LOST
        finally:
            self._held.pop(tenant, None)
        await self._places.give_back(lease)
        return Turn.DONE

    async def _run(self, lease: Lease, due_ms: int) -> Lease:
        due, tries = moment_of(due_ms), self._tries.get(lease.tenant, 0) + 1
        moment = Moment(tenant=lease.tenant, due=due, key=f"{lease.tenant}/{self._schedule.name}/{due_ms}")
        facts: Facts = {"due": due.isoformat(), "tries": tries}
        call = partial(self._call, moment)
        try:
            lease = await attended(call, lease, self._places, longest_s=MOMENT_LONGEST_S, facts=facts)
        except FollowerFailed:
            self._tries[lease.tenant] = tries
            raise
        self._tries.pop(lease.tenant, None)
        self._told.done(self.name)
        return lease

    async def _call(self, moment: Moment) -> None:
        await self._schedule.function(moment)
