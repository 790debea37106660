"""Delivering: an app's function is given the entries of a log one after the other, each at least once.

The place is kept behind what it has done: every second, and before it is said that an entry failed, so that what stands
before that one is not done again. An entry that fails holds its follower in this log, and nothing else, until it goes
well or is given up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, Protocol

from homeport_sync.attend import Facts, attended
from homeport_sync.catalog import Catalog, Kind
from homeport_sync.entry import Entry, read_entry
from homeport_sync.errors import FollowerFailed
from homeport_sync.lease import Lease
from homeport_sync.ports import LogEntry, Places

ENTRY_LONGEST_S: Final = 30.0  # how long an app's function may take for one entry
ENTRIES_MAX: Final = 100  # read at once, and so at most as many are done again after a crash
KEEP_EVERY_S: Final = 1.0
BATCH_S: Final = 2.0  # after that the next tenant has its turn


class Followed(Protocol):
    """What is given the entries: a follower of the app, or one of its notification rules."""

    @property
    def place_name(self) -> str:
        """What its place is kept under."""

    @property
    def function(self) -> Callable[[Entry], Awaitable[None]]:
        """Called for each entry that it wants."""

    def wants(self, logged: LogEntry) -> bool:
        """Whether it is given this one."""

    def leaves_out(self, tries: int, error: BaseException | None) -> bool:
        """Whether an entry that has failed so often, with this error the last time, is left out."""


class Told(Protocol):
    """Who is told how it goes."""

    def done(self, name: str) -> None:
        """The app's function was called and has returned."""

    def gave_up(self, name: str, tenant: str, failed: FollowerFailed) -> None:
        """An entry failed for the last time, and is left out."""


class Delivery:
    """The `Work` of one follower of the app, in one worker."""

    def __init__(self, follower: Followed, catalog: Catalog, places: Places, told: Told) -> None:
        self._follower = follower
        self._kinds = catalog.kinds
        self._places = places
        self._told = told
        self._tries: dict[str, tuple[int, int]] = {}  # by tenant: the position that failed last, and how often

    async def work(self, lease: Lease, entries: Sequence[LogEntry]) -> Lease:
        """Hand them over in order; stops after `BATCH_S` seconds, and at the first that fails."""
        now_s = asyncio.get_running_loop().time
        keep_at_s, end_at_s, done = now_s() + KEEP_EVERY_S, now_s() + BATCH_S, lease.position
        for logged in entries:
            try:
                lease = await self._hand_over(lease, logged)
            except FollowerFailed:
                if done > lease.position:
                    await self._places.keep_place(lease, done)
                raise
            done = logged.position
            if now_s() >= end_at_s:
                break
            if now_s() >= keep_at_s:
                lease, keep_at_s = await self._places.keep_place(lease, done), now_s() + KEEP_EVERY_S
        return await self._places.keep_place(lease, done)

    async def _hand_over(self, lease: Lease, logged: LogEntry) -> Lease:
        kind = self._kinds.get(logged.kind)  # one that is declared no more means nothing to the app
        if kind is None or not self._follower.wants(logged):
            return lease
        tenant, tries = lease.tenant, self._tries_of(lease.tenant, logged.position) + 1
        facts: Facts = {"position": logged.position, "request_id": logged.request_id, "tries": tries}
        try:
            call = partial(self._call, tenant, logged, kind)
            lease = await attended(call, lease, self._places, longest_s=ENTRY_LONGEST_S, facts=facts)
        except FollowerFailed as failed:
            if not self._follower.leaves_out(tries, failed.__cause__):
                self._tries[tenant] = (logged.position, tries)
                raise
            self._told.gave_up(self._follower.place_name, tenant, failed)
        else:
            self._told.done(self._follower.place_name)
        self._tries.pop(tenant, None)
        return lease

    async def _call(self, tenant: str, logged: LogEntry, kind: Kind) -> None:
        await self._follower.function(read_entry(tenant, logged, kind))

    def _tries_of(self, tenant: str, position: int) -> int:
        last, tries = self._tries.get(tenant, (0, 0))
        return tries if last == position else 0
