"""Workers of `homeport work` on PostgreSQL, when the provider's latency is the limit: one, then two; and what somebody
waits for meanwhile, and another tenant's ten users, from submitting to the provider's socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.fanout.crowd import MESSAGE, campaign, crowd, gather, wall_ms
from benchmarks.fanout.emulating import SUBMITTED, WHOSE
from benchmarks.processes import serving
from benchmarks.workload import APP
from homeport_client.fleet.live.cluster import ROLE
from homeport_client.fleet.live.homeport import HomeportProcess, ask
from homeport_client.fleet.live.postgres import RealPostgres
from homeport_notify.audience import Audience, ToEveryone, ToUsers
from homeport_notify.delivery import DeliveryState
from homeport_notify.message import Message
from homeport_notify.notification import Lane
from homeport_notify.sql.store import SqlNotifyStore
from homeport_server.notify.nudges import nudge
from homeport_server.tables import BESIDE
from homeport_sync.ports import Signals
from homeport_sync.sql.postgres.signals import postgres_signals
from homeport_sync.sql.postgres.store import PostgresStore

ADDRESSES: Final = 20_000
LATENCY_MS: Final = 500.0
NEIGHBOURS: Final = 10
URGENT_EVERY_S: Final = 0.2
NEIGHBOUR_EVERY: Final = 10  # of those
LOOK_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Place:
    """A PostgreSQL with a crowd of users in a tenant, and workers that do not run yet."""

    tenant: str
    neighbour: str
    notify: SqlNotifyStore
    signals: Signals
    workers: tuple[HomeportProcess, HomeportProcess]
    seen: Path

    async def run(self, workers: int, *, urgent: bool = False) -> float:
        """How long a campaign to everybody takes so many workers, in seconds."""
        for worker in self.workers[:workers]:
            await worker.start()
        told, begun_s = campaign(self.tenant), time.perf_counter()
        await self.notify.submit(told)
        nudge(self.signals, self.tenant, "bulk")
        rounds = count()
        while not (progress := await self.notify.progress(self.tenant, told.id)).notification.over:
            if urgent:
                await self._tell(self.tenant, "transactional", ToUsers(("user-00000007",)))
                if next(rounds) % NEIGHBOUR_EVERY == 0:
                    await self._tell(self.neighbour, "bulk", ToEveryone())
            await asyncio.sleep(URGENT_EVERY_S if urgent else LOOK_S)
        took_s = time.perf_counter() - begun_s
        if progress.counts != {DeliveryState.SENT: ADDRESSES}:
            raise AssertionError(progress.counts)
        for worker in self.workers[:workers]:
            await worker.stop()
        return took_s

    async def _tell(self, tenant: str, lane: Lane, audience: Audience) -> None:
        data = {SUBMITTED: str(wall_ms()), WHOSE: tenant}
        message = Message(title=MESSAGE.title, body=MESSAGE.body, data=data)
        await self.notify.submit(campaign(tenant, audience=audience, lane=lane, message=message))
        nudge(self.signals, tenant, lane)

    def waited_ms(self, tenant: str) -> list[int]:
        """How long each of the tenant's messages took that say when they were submitted."""
        lines = [line.split() for line in self.seen.read_text().splitlines()]
        return [int(took) for whose, took in lines if whose == tenant]


@asynccontextmanager
async def place() -> AsyncIterator[Place]:
    """All of it, made and taken away."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory()))
        account, seen = directory / "account.json", directory / "seen"
        emulating = serving("-m", "benchmarks.fanout.emulating", str(account), str(LATENCY_MS), str(seen))
        provider = await stack.enter_async_context(emulating)
        postgres = await stack.enter_async_context(RealPostgres(durable=True))
        await ask("migrate", "--database-url", postgres.url())
        environ = {
            "HOMEPORT_DATABASE_URL": postgres.url(user=ROLE),
            "HOMEPORT_DATA": str(directory / "data"),
            "HOMEPORT_FCM_SERVICE_ACCOUNT": str(account),
            "HOMEPORT_FCM_URL": f"http://127.0.0.1:{provider.port}",
            "HOMEPORT_FCM_A_SECOND": "0",
        }
        tenant, neighbour = [
            (await ask("tenant", "create", name, environ=environ)).split()[-1] for name in ("crowd", "small")
        ]
        store = await PostgresStore.open(postgres.url(user=ROLE), beside=BESIDE)
        stack.push_async_callback(store.close)
        await gather(store.beside, tenant, crowd(ADDRESSES))
        await gather(store.beside, neighbour, crowd(NEIGHBOURS))
        signals = await stack.enter_async_context(postgres_signals(postgres.url(user=ROLE), lambda _: None))
        one, two = (
            HomeportProcess(("work", str(APP)), ready="working", said=directory / f"worker-{number}", environ=environ)
            for number in (1, 2)
        )
        for each in (one, two):
            stack.push_async_callback(each.kill)
        yield Place(tenant, neighbour, SqlNotifyStore(store.beside), signals, (one, two), seen)


async def measure() -> Mapping[str, float]:
    """The ratio of one worker's time to two workers', and the 95th percentile of what somebody waits for meanwhile."""
    async with place() as here:
        one_s = await here.run(1)
        two_s = await here.run(2)
        await here.run(1, urgent=True)
        somebody, others = here.waited_ms(here.tenant), here.waited_ms(here.neighbour)
    return {
        "one_worker_s": one_s,
        "two_workers_s": two_s,
        "two_workers_ratio": one_s / two_s,
        "transactional_p95_ms": quantiles(somebody, n=20)[-1],
        "neighbour_worst_ms": max(others),
    }
