"""A campaign whose workers die: every address is accounted for, and what is told twice stays within what is declared.

Two `homeport work` processes on PostgreSQL, FCM emulated in this one. A worker is killed with SIGKILL at random moments
and started again; the provider is slow meanwhile, so that a campaign is never over before the last of them. `make soak`
does it with 200,000 addresses and ten deaths.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from benchmarks.fanout.crowd import campaign, crowd, gather
from homeport_client.fleet.live.cluster import ROLE
from homeport_client.fleet.live.homeport import HASTE, HomeportProcess, ask
from homeport_client.fleet.live.postgres import RealPostgres
from homeport_notify import limits
from homeport_notify.delivery import DeliveryState as S
from homeport_notify.emulator import Behaviour, Emulator, EmulatorSettings, Push
from homeport_notify.notification import Notification
from homeport_notify.ports import Progress
from homeport_notify.sql.store import SqlNotifyStore
from homeport_server.notify.work import IN_HAND
from homeport_server.tables import BESIDE
from homeport_sync.sql.postgres.store import PostgresStore

APP = Path(__file__).resolve().parents[2] / "examples/tasks/app.py"
SEED = int(os.environ.get("HOMEPORT_SEED", "1"))
LOOK_S = 0.1
QUICK_MS = 20.0
SLOW_MS = 2_500.0  # for an answer while a worker dies: what is on its way then is all that comes before it is back
PATIENCE_S = 300.0


@dataclass(slots=True)
class Seen:
    """What the provider accepted: how often by target, and of each the tags by which a phone shows one for all."""

    times: Counter[str] = field(default_factory=Counter)
    tags: dict[str, set[str]] = field(default_factory=dict)

    def note(self, push: Push) -> None:
        self.times[push.target] += 1
        tag = push.message["android"].get("notification", {}).get("tag", "")
        self.tags.setdefault(push.target, set()).add(tag)


@dataclass(slots=True)
class Site:
    """Two workers, a provider, and the store they share. Once `doomed` targets were told, the provider is slow and
    whoever waits for that is told."""

    tenant: str
    store: SqlNotifyStore
    sync: PostgresStore
    workers: list[HomeportProcess]
    emulator: Emulator
    seen: Seen = field(default_factory=Seen)
    doomed: float = math.inf
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, push: Push) -> None:
        self.seen.note(push)
        if len(self.seen.times) >= self.doomed:
            self.emulator.behave(latency_ms=SLOW_MS)
            self.reached.set()

    async def progress(self, told: Notification) -> Progress:
        return await self.store.progress(self.tenant, told.id)


@asynccontextmanager
async def site(directory: Path) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        behaviour = Behaviour(latency_ms=QUICK_MS)
        emulator = await stack.enter_async_context(Emulator(EmulatorSettings(behaviour=behaviour)))
        account = directory / "account.json"
        account.write_text(json.dumps(emulator.account))  # a small file in memory
        postgres = await stack.enter_async_context(RealPostgres())
        await ask("migrate", "--database-url", postgres.url())
        environ = {
            **HASTE,
            "HOMEPORT_DATABASE_URL": postgres.url(user=ROLE),
            "HOMEPORT_DATA": str(directory / "data"),
            "HOMEPORT_FCM_SERVICE_ACCOUNT": str(account),
            "HOMEPORT_FCM_URL": emulator.url,
        }
        tenant = (await ask("tenant", "create", "crowd", environ=environ)).split()[-1]
        sync = await PostgresStore.open(postgres.url(user=ROLE), beside=BESIDE)
        stack.push_async_callback(sync.close)
        workers = [
            HomeportProcess(
                ("work", str(APP)), ready="working", said=directory / f"worker-{number}.log", environ=environ
            )
            for number in (1, 2)
        ]
        found = Site(tenant, SqlNotifyStore(sync.beside), sync, workers, emulator)
        emulator.tally.watch = found.note
        for worker in workers:
            stack.push_async_callback(worker.kill)
        yield found


async def told_among_deaths(here: Site, *, addresses: int, deaths: int, at_least_once: bool) -> Progress:
    """How the campaign stands at its end."""
    random = Random(SEED)
    await gather(here.sync.beside, here.tenant, crowd(addresses))
    told = replace(campaign(here.tenant), at_least_once=at_least_once)
    await here.store.submit(told)
    await asyncio.gather(*(worker.start() for worker in here.workers))
    async with asyncio.timeout(PATIENCE_S):
        for part in sorted(random.uniform(0.05, 0.8) for _ in range(deaths)):
            await death(here, after=part * addresses, of=random.choice(here.workers))
        while not (progress := await here.progress(told)).notification.over:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)  # other processes set no event of ours
    return progress


async def death(here: Site, *, after: float, of: HomeportProcess) -> None:
    """Kill it at the moment when so many were told, and start it again."""
    here.reached.clear()
    here.doomed = after
    await here.reached.wait()
    await of.kill()
    await of.start()
    here.doomed = math.inf
    here.emulator.behave(latency_ms=QUICK_MS)


@pytest.mark.parametrize("at_least_once", [False, True])
async def test_every_address_is_accounted_for_though_workers_are_killed(directory: Path, at_least_once: bool) -> None:
    async with site(directory) as here:
        await check(here, addresses=12_000, deaths=3, at_least_once=at_least_once)


@pytest.mark.soak
@pytest.mark.parametrize("at_least_once", [False, True])
async def test_a_large_campaign_survives_ten_deaths(directory: Path, at_least_once: bool) -> None:
    async with site(directory) as here:
        await check(here, addresses=200_000, deaths=10, at_least_once=at_least_once)


async def check(here: Site, *, addresses: int, deaths: int, at_least_once: bool) -> None:
    progress = await told_among_deaths(here, addresses=addresses, deaths=deaths, at_least_once=at_least_once)
    seen, counts = here.seen, dict(progress.counts)
    assert sum(counts.values()) == addresses
    window = deaths * IN_HAND["bulk"].of_tenant * limits.WINDOW_MAX
    if at_least_once:
        assert counts == {S.SENT: addresses}
        assert len(seen.times) == addresses
        again = {target for target, times in seen.times.items() if times > 1}
        assert sum(seen.times.values()) - addresses <= window
        assert all(len(seen.tags[target]) == 1 and "" not in seen.tags[target] for target in again)
    else:
        assert counts.keys() <= {S.SENT, S.UNKNOWN}
        assert max(seen.times.values()) == 1
        assert counts[S.SENT] <= len(seen.times) <= addresses
        assert counts.get(S.UNKNOWN, 0) <= window
