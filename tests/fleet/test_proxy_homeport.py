"""Real devices and a real server with the proxy between them: nothing is lost and all agree, whatever happens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from homeport_client import Device, DeviceLimits, ServerError, Unreachable
from homeport_client.fleet.live.process import until
from homeport_client.fleet.live.real import RealServer
from homeport_client.fleet.networks import INCIDENTS, NETWORKS, PERFECT
from homeport_client.fleet.proxy.proxy import Proxy
from homeport_client.fleet.seed import Seed
from homeport_sync import App

APP = Path(__file__).parents[2] / "examples" / "tasks" / "app.py"
ROUGH = replace(NETWORKS["rough"], delay_s=(0.0, 0.002), late_s=0.1)
HASTY = DeviceLimits(poll_s=0.2, retry_first_ms=5, retry_max_ms=20, answer_s=0.15, handshake_s=2.0, connect_s=2.0)
EACH = 10
CALM_S = 10.0


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RealServer]:
    async with RealServer(APP, tmp_path) as real:
        await real.make_tenant("demo")
        await real.start()
        yield real


async def test_over_a_rough_network_two_devices_agree_and_nothing_is_lost(app: App, server: RealServer) -> None:
    proxy = Proxy(ROUGH, server.url, Seed(1))
    await proxy.start()
    async with AsyncExitStack() as ends:
        ends.push_async_callback(proxy.close)
        ann, bob = [
            await ends.enter_async_context(
                await Device.open(app=app, server=proxy.url, token=await server.token(user, "demo"), limits=HASTY)
            )
            for user in ("ann", "bob")
        ]
        home = await ann.create("TaskList", title="home")
        await ann.invite(home, "bob")
        await ann.start()
        await bob.start()
        await invited(bob)
        for incident in INCIDENTS:
            proxy.arm(incident)
        written = await asyncio.gather(*(write(phone, home, name) for phone, name in ((ann, "ann"), (bob, "bob"))))
        await until(lambda: not ann.pending + bob.pending, within_s=CALM_S, awaited="all is pushed")
        proxy.network = PERFECT
        for phone in (ann, bob):
            await phone.stop()
            await sync(phone)
            assert await titles(phone, "Task") == sorted([*written[0], *written[1]])
        assert set(INCIDENTS) <= proxy.tally.incidents.keys()
    log = await server.log("demo")
    assert len({(each.device, each.number) for each in log}) == len(log) == 2 + 2 * EACH


async def write(phone: Device, home: str, name: str) -> list[str]:
    written = [f"{name} {number}" for number in range(EACH)]
    for title in written:
        await phone.create("Task", scope=home, title=title)
        await asyncio.sleep(0.02)
    return written


async def titles(phone: Device, kind: str) -> list[str]:
    return sorted(str(record["title"]) for record in await phone.query(kind))


async def invited(phone: Device) -> None:
    async with asyncio.timeout(CALM_S):
        async for found in phone.watch("TaskList"):
            if found:
                return


async def sync(phone: Device) -> None:
    """Once more, until it is done."""
    async with asyncio.timeout(CALM_S):
        while True:
            try:
                return await phone.sync()
            except (Unreachable, ServerError):
                await asyncio.sleep(0.02)
