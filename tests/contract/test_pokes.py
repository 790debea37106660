"""Pokes between processes: a commit in one pokes whoever may see it in the other, and nobody else."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from homeport_client.fleet.live import process
from homeport_server.observe import make_log
from homeport_server.observe.metrics import Metrics
from homeport_server.pokes import PokeHub
from homeport_sync.ports import Signals, Writes
from homeport_sync.sql.postgres.signals import postgres_signals
from homeport_sync.sql.postgres.store import PostgresStore
from tests.contract.databases import Databases
from tests.contract.samples import EPOCH, NOW, TENANT, entry, grant, write

LONG_S = 30.0
NEVER_S = 3_600.0


class Ear:
    """A listener that counts."""

    def __init__(self) -> None:
        self.heard = 0

    def poke(self) -> None:
        self.heard += 1

    async def hears(self, times: int) -> None:
        await process.until(lambda: self.heard >= times, within_s=LONG_S, awaited=f"{times} pokes")


class Process:
    """What of one server process has to do with pokes."""

    def __init__(self, store: PostgresStore, signals: Signals) -> None:
        self.store = store
        self.signals = signals
        log = make_log("info", io.BytesIO())
        self.hub = PokeHub(store, signals, log, poll_s=NEVER_S, metrics=Metrics(), wall_ms=lambda: NOW)

    async def commit(self, position: int, device: str = "d") -> None:
        """What the intake does: commit, then the signal."""
        await write(self.store, Writes(head=position, now_ms=NOW, log=[entry(position, device=device, user="ana")]))
        self.signals.publish(TENANT, position)

    async def listen(self, user: str, device: str | None = None) -> Ear:
        ear = Ear()
        await self.hub.join(TENANT, user, ear, device)
        ear.heard = 0
        return ear

    async def tells(self, position: int) -> None:
        """Its listeners are told of everything up to there."""
        audience = self.hub._audiences[TENANT]
        await process.until(lambda: audience.place == position, within_s=LONG_S, awaited=f"position {position} is told")


@asynccontextmanager
async def processes(databases: Databases, count: int) -> AsyncIterator[list[Process]]:
    url = databases.url(await databases.fresh())
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(count):
            store = await PostgresStore.open(url)
            stack.push_async_callback(store.close)
            signals = await stack.enter_async_context(postgres_signals(url))
            made.append(Process(store, signals))
        await made[0].store.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
        await write(made[0].store, Writes(head=0, now_ms=NOW, grants=[grant(user="ana"), grant("t", user="bo")]))
        for each in made:
            task = asyncio.create_task(each.hub.run())
            stack.callback(task.cancel)
            await process.until(each.signals.connected, within_s=LONG_S, awaited="signals are connected")
        yield made


async def test_a_poke_reaches_every_process_and_only_who_has_a_grant(postgres18: Databases) -> None:
    async with processes(postgres18, 2) as (one, two):
        here, there = await one.listen("ana"), await two.listen("ana")
        elsewhere, nobody = await two.listen("bo"), await two.listen("eve")
        await one.commit(1)
        await here.hears(1)
        await there.hears(1)
        await two.commit(2)
        await here.hears(2)
        await there.hears(2)
        assert (elsewhere.heard, nobody.heard) == (0, 0)


async def test_a_device_is_not_poked_for_its_own_changes_wherever_they_were_committed(postgres18: Databases) -> None:
    async with processes(postgres18, 2) as (one, two):
        phone, tablet = await two.listen("ana", "phone"), await two.listen("ana", "tablet")
        await one.commit(1, "phone")
        await tablet.hears(1)
        await two.tells(1)
        assert phone.heard == 0
        await one.commit(2, "tablet")
        await phone.hears(1)
        await two.tells(2)
        assert tablet.heard == 1


async def test_processes_that_commit_by_turns_miss_nothing_though_their_signals_cross(postgres18: Databases) -> None:
    async with processes(postgres18, 3) as all_three:
        ears = [await each.listen("ana") for each in all_three]
        for position in range(1, 61):
            await all_three[position % 3].commit(position)
        for each in all_three:
            await each.tells(60)
        assert all(1 <= ear.heard <= 60 for ear in ears)
