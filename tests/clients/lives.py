"""What a console has to show: a real server, people who write from real devices, and what became of all that."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from homeport_client import Device, increment
from homeport_client.fleet.beside import beside
from homeport_client.fleet.clock import WallClock
from homeport_client.fleet.live.real import RealServer
from homeport_client.intents import Meant
from homeport_notify.emulator import Emulator
from homeport_sync import load_app
from tests.clients.conftest import APP

PEOPLE = ("ana", "ben", "cleo", "dan", "eva", "finn")
WRITES_PER_S = 6.0
TASKS_MAX = 50
TITLES = ("Bread", "Cheese", "Letters for the town hall", "Grüße an alle", "Call the boatyard", "Mend the fence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """The server, where its data lies, and the records that a story is told of."""

    server: RealServer
    data: Path
    milk: str

    def link(self) -> str:
        """What `homeport console` prints."""
        port = self.server.url.rsplit(":", 1)[1]
        command = [sys.executable, "-m", "homeport_server", "console", "--data", str(self.data), "--port", port]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@asynccontextmanager
async def lived(directory: Path) -> AsyncIterator[Lives]:
    """A server that all of them share a list on. Two have met in one task, one came too late, one was refused, and one
    was told of a task; and they write on."""
    data = directory / "data"
    async with AsyncExitStack() as stack:
        emulator = Emulator()
        await emulator.start()
        stack.push_async_callback(emulator.close)
        account = directory / "fcm-account.json"
        account.write_text(json.dumps(emulator.account))
        settings = {"HOMEPORT_FCM_SERVICE_ACCOUNT": str(account), "HOMEPORT_FCM_URL": emulator.url}
        server = await stack.enter_async_context(RealServer(APP, data, settings=settings))
        await server.start()
        tokens = await server.tokens(PEOPLE, await server.make_tenant("demo"))
        people = [await stack.enter_async_context(_person(server, tokens[each], emulator)) for each in PEOPLE]
        home = await _share(people)
        milk = await _meet(people, home)
        devices = [each.device for each in people]
        for device in devices:
            await device.start()
        await stack.enter_async_context(beside(_write_on(devices, home, milk)))
        yield Lives(server=server, data=data, milk=milk)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a device, and its clock."""

    device: Device
    wall: WallClock

    async def update(self, record: str, late_ms: int, **fields: Meant) -> None:
        """Writes so much later, by the clock: two could write in the same millisecond, and either be the later one."""
        self.wall.skew_ms = late_ms
        await self.device.update(record, **fields)
        self.wall.skew_ms = 0


@asynccontextmanager
async def _person(server: RealServer, token: str, emulator: Emulator) -> AsyncIterator[Person]:
    wall = WallClock(0, lambda: time.time_ns() // 1_000_000)
    target = emulator.phones.register(platform="android").target
    async with await Device.open(app=load_app(APP), server=server.url, token=token, wall_ms=wall) as device:
        await device.notifications.register("fcm", target, platform="android")
        yield Person(device=device, wall=wall)


async def _share(people: Sequence[Person]) -> str:
    """Ana's list, which all see."""
    ana = people[0].device
    home = await ana.create("TaskList", title="Home", color="green")
    for each in PEOPLE[1:]:
        await ana.invite(home, each)
    await _agree(people)
    return home


async def _meet(people: Sequence[Person], home: str) -> str:
    """One task that four have changed while none of them knew of the others."""
    ana, ben, cleo, dan, *_ = people
    milk = await ana.device.create("Task", scope=home, title="Milk", budget=500, tags={"shop"})
    await ana.device.create("Task", scope=home, title="Paint the fence", assignee="ben")
    await _agree(people)
    await dan.update(milk, 0, title="Soy milk")
    await ana.update(milk, 1_000, title="Oat milk", cheers=increment(1), budget=300)
    await ben.update(milk, 2_000, title="Milk, two litres", cheers=increment(2))
    await cleo.update(milk, 3_000, budget=100)
    await _agree(people)
    return milk


async def _agree(people: Sequence[Person]) -> None:
    for each in people:
        await each.device.sync()


async def _write_on(devices: Sequence[Device], home: str, milk: str) -> None:
    """As people do who have a list in their hands: now and then, and each something else."""
    chance = Random(1)
    while True:
        device, tasks = chance.choice(devices), await devices[0].query("Task", scope=home, limit=TASKS_MAX)
        others = [each for each in tasks if each.id != milk]
        task = chance.choice(others)
        if len(others) < len(TITLES):
            await device.create("Task", scope=home, title=TITLES[len(others) - 1])
        elif await device.get(task.id):  # it may not have been told of it yet
            await device.update(task.id, **chance.choice(({"cheers": increment(1)}, {"done": not task["done"]})))
        await asyncio.sleep(chance.expovariate(WRITES_PER_S))
