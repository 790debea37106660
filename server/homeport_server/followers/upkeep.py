"""Slow work that nobody waits for: what can no longer be asked for is forgotten, tenant by tenant.

Of all workers, whoever comes first to a tenant takes a lease for the whole time between two rounds and lets it run out:
so each tenant is kept once in that time, however many workers there are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from homeport_server.observe import Log
from homeport_sync.compact import prune_outcomes
from homeport_sync.limits import Limits
from homeport_sync.ports import LogStore, Places, Tenants
from homeport_sync.roster import roster

UPKEEP = "upkeep"  # its leases lie among the followers' places, and its place stays at 0


class Store(LogStore, Places, Tenants, Protocol):
    """What upkeep goes through."""


class Upkeep:
    """Goes round all tenants, then rests for `every_s` seconds. Trouble is logged and tried again next time; that of
    one tenant keeps no other from its turn. `holder` is the worker's own name; `more` is done for each tenant as well,
    given its id and the time in milliseconds."""

    def __init__(
        self,
        store: Store,
        log: Log,
        *,
        limits: Limits,
        wall_ms: Callable[[], int],
        every_s: float,
        holder: str,
        more: Sequence[Callable[[str, int], Awaitable[None]]] = (),
    ) -> None:
        self._store = store
        self._log = log
        self._limits = limits
        self._wall_ms = wall_ms
        self._every_s = every_s
        self._holder = holder
        self._more = more

    async def run(self) -> None:
        """Keep house until cancelled."""
        while True:
            try:
                await self.round()
            except Exception as error:  # noqa: BLE001  # nothing here is worth stopping the server for
                self._log.error("upkeep failed", exc_info=error)
            await asyncio.sleep(self._every_s)

    async def round(self) -> int:
        """Once through all tenants; how many outcomes were forgotten."""
        forgotten = 0
        async for page in roster(self._store):
            for tenant in page:
                try:
                    forgotten += await self._keep(tenant.id)
                except Exception as error:  # noqa: BLE001  # the others have their turn all the same
                    self._log.error("upkeep failed", tenant=tenant.id, exc_info=error)
        if forgotten:
            self._log.info("upkeep", forgotten_outcomes=forgotten)
        return forgotten

    async def _keep(self, tenant: str) -> int:
        if not await self._store.lease(tenant, UPKEEP, self._holder, int(self._every_s * 1_000)):
            return 0
        for each in self._more:
            await each(tenant, self._wall_ms())
        return await prune_outcomes(self._store, tenant, self._limits, now_ms=self._wall_ms())
