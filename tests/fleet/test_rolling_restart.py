"""A rolling restart of three server processes under five hundred devices that listen and write: nobody notices.

The devices are the SDK's own transport and poke socket; only their replicas are left out, which a restart does not
touch. Every pause after a failure would be a quarter of an hour here, so whoever counts a failure is not back in time.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import msgspec
import pytest

from homeport_client import DeviceLimits, HttpTransport
from homeport_client.fleet.live.homeport import HomeportProcess, ask
from homeport_client.fleet.live.postgres import RealPostgres
from homeport_client.fleet.live.process import free_port, until
from homeport_client.pokes import PokeSocket
from homeport_client.state import Event
from homeport_client.transport import GoAway
from homeport_server.app import make_tokens
from homeport_server.process.serve import allow_open_files
from homeport_server.secret import open_secret
from homeport_server.settings import Settings
from homeport_sync.change import Change, encode
from homeport_sync.clock import HybridClock, uuid7
from homeport_sync.wire import PushMessage
from tests.contract.databases import Databases

PROCESSES = 3
USERS = 50
DEVICES_PER_USER = 10
WRITERS = 8
PATIENCE_S = 90.0
DRAIN_S = 8.0
LIMITS = DeviceLimits(retry_first_ms=900_000)
APP = Path(__file__).resolve().parents[2] / "examples/tasks/app.py"


class ListeningTransport(HttpTransport):
    """The real transport, which counts its poke sockets: one is open from its first poke to its end.

    `opened` are all there ever were, `told` those that the server told to go. `deaf_s` is the longest time between
    two of them: none where the machine is quick enough, for the next is opened before the last one ends.
    """

    def __init__(self, url: str, token: str) -> None:
        super().__init__(url, token, LIMITS)
        self.opened = 0
        self.told = 0
        self.deaf_s = 0.0
        self._open = 0
        self._since_s: float | None = None

    @asynccontextmanager
    async def pokes(self, device: str) -> AsyncIterator[AsyncIterator[GoAway | None]]:
        async with super().pokes(device) as pokes:
            yield self._counted(pokes)

    async def _counted(self, pokes: AsyncIterator[GoAway | None]) -> AsyncIterator[GoAway | None]:
        heard = False
        try:
            async for each in pokes:
                if each is None and not heard:
                    heard = True
                    self._hears()
                self.told += each is not None
                yield each
        finally:
            if heard:
                self._open -= 1
                self._since_s = None if self._open else asyncio.get_running_loop().time()

    def _hears(self) -> None:
        self._open += 1
        self.opened += 1
        if self._since_s is not None:
            self.deaf_s = max(self.deaf_s, asyncio.get_running_loop().time() - self._since_s)
            self._since_s = None


class Device:
    """A phone that listens without end, and writes into its user's list when it is asked to."""

    def __init__(self, url: str, token: str, random: Random, scope: str) -> None:
        self.id = uuid7(1, random)
        self.scope = scope
        self.acknowledged: list[int] = []
        self.pokes = 0
        self.transport = ListeningTransport(url, token)
        self._random = random
        self._clock = HybridClock(lambda: 1_800_000_000_000)
        self._socket = PokeSocket(self.transport, self._told, random, LIMITS)

    def listen(self) -> None:
        self._socket.hold(self.id)

    async def write(self, kind: str = "Task", id: str = "") -> None:
        """Push one change; anything but an answer fails the test."""
        number = len(self.acknowledged) + 1
        change = Change(
            number=number,
            op="create",
            kind=kind,
            id=id or uuid7(1, self._random),
            scope=self.scope,
            stamp=self._clock.stamp(self.id),
            fields={"title": f"number {number}"},
        )
        message = PushMessage(device=self.id, changes=[msgspec.Raw(encode(change).encode())])
        answer = await self.transport.push(message)
        assert not answer.errors
        assert [(each.number, each.outcome) for each in answer.outcomes] == [(number, "applied")]
        self.acknowledged.append(number)

    async def close(self) -> None:
        await self._socket.close()
        await self.transport.close()

    def _told(self, event: Event) -> None:
        assert event is Event.POKED
        self.pokes += 1


class Site:
    """The server, its database, and the devices."""

    def __init__(self, postgres: RealPostgres, database: str, directory: Path) -> None:
        self.settings = Settings(
            data=directory,
            database_url=postgres.url(database, "homeport_app"),
            port=free_port(),
            workers=PROCESSES,
            drain_s=DRAIN_S,
        )
        self.environ = {
            "HOMEPORT_DATA": str(directory),
            "HOMEPORT_DATABASE_URL": self.settings.database_url,
            "HOMEPORT_PORT": str(self.settings.port),
            "HOMEPORT_WORKERS": str(PROCESSES),
            "HOMEPORT_DRAIN_S": str(DRAIN_S),
        }
        self.server = HomeportProcess(
            ["serve", str(APP)], ready="listening", said=directory / "server.log", environ=self.environ
        )
        self.devices: list[Device] = []
        self.random = Random(1)
        self._postgres, self._database = postgres, database

    async def add_devices(self) -> None:
        """All of them, each user with a list of their own; every device listens when this returns."""
        tokens = make_tokens(self.settings, open_secret(self.settings.data))
        tenant = await ask("tenant", "create", "demo", environ=self.environ)
        for user in range(USERS):
            token = tokens.issue(user=f"user-{user}", tenant=tenant, ttl_s=3_600)
            scope = uuid7(1, self.random)
            url = f"http://127.0.0.1:{self.settings.port}"
            mine = [Device(url, token, self.random, scope) for _ in range(DEVICES_PER_USER)]
            self.devices += mine
            await mine[0].write("TaskList", scope)
            for device in mine:
                device.listen()
        await met(lambda: all(device.pokes for device in self.devices), "every device listens")

    async def write(self, share: int, enough: asyncio.Event) -> None:
        """One device of this share of them after the other, at random: a device pushes once at a time."""
        mine = self.devices[share::WRITERS]
        while not enough.is_set():
            await self.random.choice(mine).write()

    async def logged(self) -> list[tuple[str, int]]:
        rows = await self._postgres.query("SELECT device_id, number FROM log", database=self._database)
        return [(device, int(number)) for device, number in rows]

    async def close(self) -> None:
        await asyncio.gather(*(device.close() for device in self.devices))
        await self.server.kill()


async def met(condition: Callable[[], bool], awaited: str) -> None:
    await until(condition, within_s=PATIENCE_S, awaited=awaited)


@asynccontextmanager
async def writing(site: Site) -> AsyncIterator[None]:
    """Devices write for as long as the context lasts; a push that fails ends it."""
    enough = asyncio.Event()
    async with asyncio.TaskGroup() as writers:
        for share in range(WRITERS):
            writers.create_task(site.write(share, enough))
        yield
        enough.set()


@pytest.fixture
async def site(postgres18: Databases, directory: Path) -> AsyncIterator[Site]:
    allow_open_files()
    made = Site(postgres18.server, await postgres18.fresh(), directory)
    try:
        await made.server.start()
        await made.add_devices()
        yield made
    finally:
        await made.close()


@pytest.mark.promise("I1")
@pytest.mark.promise("I2")
async def test_nobody_notices_a_rolling_restart(site: Site) -> None:
    async with writing(site):
        os.kill(site.server.pid, signal.SIGHUP)
        await met(lambda: bool(site.server.said("rolled")), "all processes are replaced")
    left = [event["sockets"] for event in site.server.said("draining")]
    assert len(left) == PROCESSES
    assert sum(map(int, map(str, left))) >= len(site.devices)  # whoever listened there was moved
    assert [event["sockets_cut"] for event in site.server.said("drained")] == [0] * PROCESSES

    before = [device.pokes for device in site.devices]
    for nth in range(2):  # of each user's devices, for none is told of its own change
        for device in site.devices[nth::DEVICES_PER_USER]:
            await device.write()
    await met(
        lambda: all(device.pokes > heard for device, heard in zip(site.devices, before, strict=True)),
        "every device hears of the last changes",
    )
    for transport in (device.transport for device in site.devices):
        assert transport.told >= transport.opened - 1  # each but the last was left because the server asked for it
        assert transport.deaf_s <= DRAIN_S + LIMITS.told_jitter_ms / 1_000
    acknowledged = Counter((device.id, number) for device in site.devices for number in device.acknowledged)
    assert Counter(await site.logged()) == acknowledged
    assert set(acknowledged.values()) == {1}
