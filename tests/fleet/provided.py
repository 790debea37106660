"""A provider of notifications for real servers: the emulator of FCM, and a phone that somebody carries."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from homeport_client import Device, HttpTransport
from homeport_client.fleet.live.real import RealServer
from homeport_client.fleet.live.tallies import Tallies, tallies
from homeport_notify.emulator import Emulator, Phone, Push
from homeport_sync import App
from homeport_sync.telling import DELIVERY, WAKE
from homeport_sync.wire import PushAnswer, PushMessage


def settings(emulator: Emulator, directory: Path) -> dict[str, str]:
    """What a server needs to send through the emulator."""
    account = directory / "account.json"
    account.write_text(json.dumps(emulator.account))
    return {"HOMEPORT_FCM_SERVICE_ACCOUNT": str(account), "HOMEPORT_FCM_URL": emulator.url}


@asynccontextmanager
async def provided(app: Path, directory: Path) -> AsyncIterator[tuple[Emulator, RealServer]]:
    """The emulator, and a server that sends through it, with the tenant `demo`."""
    async with Emulator() as emulator, RealServer(app, directory, settings=settings(emulator, directory)) as server:
        await server.make_tenant("demo")
        await server.start()
        yield emulator, server


class Remembering(HttpTransport):
    """Keeps what it has pushed, to push it again."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(url, token)
        self.pushed: list[PushMessage] = []

    async def push(self, message: PushMessage) -> PushAnswer:
        self.pushed.append(message)
        return await super().push(message)


class Carried:
    """A phone: what its provider brings wakes its app, which shows what is to be shown."""

    def __init__(self, device: Device, transport: Remembering, phone: Phone) -> None:
        self.device = device
        self.transport = transport
        self.phone = phone
        self.came: list[Push] = []
        self.shown: list[Push] = []

    @property
    def wakes(self) -> list[Push]:
        """What came that nobody was to see."""
        return [each for each in self.came if WAKE in each.data]

    async def until_shown(self, times: int) -> None:
        """Take in what comes, asleep as it is, until so much was shown."""
        async with self.phone.open() as inbox:
            while len(self.shown) < times:
                push = await anext(inbox)
                self.came.append(push)
                if await self.device.notifications.received(push.data):
                    self.shown.append(push)
                await self.device.notifications.caught_up()


async def carried(app: App, server: RealServer, emulator: Emulator, user: str) -> Carried:
    """Somebody's phone, known to the provider and to the server."""
    transport = Remembering(server.url, await server.token(user, "demo"))
    phone = Carried(await Device.open(app=app, transport=transport), transport, emulator.phones.register())
    await phone.device.notifications.register("fcm", phone.phone.target, platform="android", timezone="Europe/Rome")
    await phone.device.sync()
    return phone


async def tallied(emulator: Emulator, server: RealServer, *phones: Carried) -> Tallies:
    """The three tallies: the provider's, the database's, and the phones'."""
    accepted = emulator.tally.recent(1_000)
    brought = [push.data[DELIVERY] for phone in phones for push in phone.shown]
    return tallies(accepted, emulator.tally.fcm.refused, await server.notified("demo"), brought)
