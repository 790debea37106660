"""A process of devices that were let loose: real ones, each with a user of its own, in one list that all share.

It is told what to do in one line of JSON on its standard input, and says twice a second how it stands, as a line of
JSON on its standard output, where nothing else is said. Whoever started it holds the other end of both. When that
closes, however they ended, this process ends too.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random, SystemRandom
from typing import BinaryIO, Final

import msgspec

from homeport_client import Device, DeviceError, DeviceLimits, HttpTransport, Uplink, UplinkLimits
from homeport_client.fleet.live.process import allow_open_files
from homeport_client.transport import GoAway
from homeport_server.phones.antics import Antics
from homeport_server.phones.seldom import seldom
from homeport_sync import App
from homeport_sync.load import load_app
from homeport_sync.scope import MEMBER

SAY_S: Final = 0.5
WRITES_PER_S: Final = 12.0  # of all together, so that a person can still follow the list
EACH_S: Final = 4.0  # so long one waits between two things it does, at least
PULLS_PER_S: Final = 60.0  # of all together: who is poked more often than that looks once for many
OFFLINE_S: Final = (4.0, 12.0)
GOES_OFFLINE: Final = 0.08  # so often, of all that one does
ARRIVALS_PER_S: Final = 20.0
AGAIN_S: Final = 1.0
MEMBERS_MAX: Final = 1_000
NICENESS: Final = 10  # what people look at goes before


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is to do: so many devices as there are `tokens`, by user, at the server's `url`, in the list
    `scope`, into which whoever has the `host_token` invites them."""

    app: str
    url: str
    scope: str
    host_token: str
    tokens: dict[str, str]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the crowd stands."""

    devices: int
    online: int
    offline: int
    pending: int
    written: int


class Pocket(HttpTransport):
    """A transport whose device looks at its pokes at most every `rest_s` seconds."""

    rest_s = 1.0

    @asynccontextmanager
    async def pokes(self, device: str) -> AsyncIterator[AsyncIterator[GoAway | None]]:
        """See `Transport`."""
        async with super().pokes(device) as pokes, seldom(pokes, self.rest_s) as heard:
            yield heard


class Crowd:
    """All devices of the process."""

    def __init__(self, app: App, orders: Orders) -> None:
        self._app = app
        self._orders = orders
        self._chance = Random(SystemRandom().getrandbits(64))
        self._antics = Antics(app.catalog, orders.scope, self._chance)
        self._uplink = Uplink(UplinkLimits(connections_max=20))
        self._limits = DeviceLimits(poll_s=30.0, retry_max_ms=5_000)
        self._devices: list[Device] = []

    @property
    def standing(self) -> Standing:
        """How it stands now."""
        online = sum(each.online for each in self._devices)
        return Standing(
            devices=len(self._devices),
            online=online,
            offline=len(self._devices) - online,
            pending=sum(each.pending for each in self._devices),
            written=self._antics.written,
        )

    async def run(self) -> None:
        """Until the process ends."""
        await self._invite()
        count = len(self._orders.tokens)
        every_s = max(EACH_S, count / WRITES_PER_S)
        Pocket.rest_s = max(1.0, count / PULLS_PER_S)
        async with asyncio.TaskGroup() as group:
            for token in self._orders.tokens.values():
                group.create_task(self._live(token, every_s))

    async def _invite(self) -> None:
        """The host lets all in who are not yet, as soon as the server can be reached and knows the list: the phone that
        has made it may be offline."""
        scope = self._orders.scope
        async with await self._open(self._orders.host_token) as host:
            await host.start()
            members = await _members(host, scope)
            for user in self._orders.tokens:
                if user not in members:
                    await host.invite(scope, user)
            await _synced(host)

    async def _live(self, token: str, every_s: float) -> None:
        """One device: it comes after a while, does things now and then, and is offline now and then."""
        chance, loop, back_s = self._chance, asyncio.get_running_loop(), 0.0
        await asyncio.sleep(chance.uniform(0, len(self._orders.tokens) / ARRIVALS_PER_S))
        device = await self._open(token)
        self._devices.append(device)
        await device.start()
        await asyncio.sleep(chance.uniform(0, every_s))
        while True:
            if not device.online and loop.time() >= back_s:
                await device.go_online()
            elif device.online and chance.random() < GOES_OFFLINE:
                back_s = loop.time() + chance.uniform(*OFFLINE_S)
                await device.go_offline()
            await self._antics.one(device)
            await asyncio.sleep(chance.uniform(0.5, 1.5) * every_s)

    async def _open(self, token: str) -> Device:
        transport = Pocket(self._orders.url, token, self._limits, uplink=self._uplink)
        return await Device.open(app=self._app, transport=transport, limits=self._limits, random=self._chance)


async def _members(host: Device, scope: str) -> set[str]:
    """Who is in the list, once it is there."""
    async for members in host.watch(MEMBER, scope=scope, limit=MEMBERS_MAX):
        if await host.get(scope) is not None:
            return {str(each["user"]) for each in members}
    return set()


async def _synced(host: Device) -> None:
    """It has caught up, however long the server is away."""
    while True:
        try:
            await host.sync()
        except DeviceError:
            await asyncio.sleep(AGAIN_S)
        else:
            return


async def work(orders: Orders, said: BinaryIO) -> None:
    """Until nobody is left who listens to what is `said`."""
    crowd = Crowd(load_app(orders.app), orders)
    async with asyncio.TaskGroup() as group:
        group.create_task(crowd.run())
        while True:
            said.write(msgspec.json.encode(crowd.standing) + b"\n")
            said.flush()
            await asyncio.sleep(SAY_S)


def _own_output() -> BinaryIO:
    """Standard output, for us alone: what an app prints goes where errors go, or nobody could read what we say."""
    ours = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return ours


def _end_with(held: BinaryIO) -> None:
    """In a thread of its own, so that the end is heard whatever the loop does."""
    held.read()
    os._exit(0)


def main() -> None:
    """The first line of standard input are the orders; after that, only its end is of interest."""
    said = _own_output()
    allow_open_files()
    with suppress(OSError):
        os.nice(NICENESS)
    orders = msgspec.json.decode(sys.stdin.buffer.readline(), type=Orders)
    threading.Thread(target=_end_with, args=(sys.stdin.buffer,), daemon=True).start()
    with suppress(BrokenPipeError):
        asyncio.run(work(orders, said))


if __name__ == "__main__":
    main()
