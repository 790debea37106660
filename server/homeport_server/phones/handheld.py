"""A handheld: one phone in somebody's hand, a real `Device` on a replica in memory, and all that happens to phones.

Its network is a proxy of its own, between a line that can be cut and the real server. Killing the app takes the replica
as it is at that instant, byte for byte, and resets every connection; starting it goes on with a new device on that
image, as an app does whose battery was pulled. What the old device still does, it does where nobody looks any more.

A phone that sleeps runs nothing and has no connection; a provider of notifications reaches it still, as the system of a
phone does, and lets the app sync in the background.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from sqlite3 import Connection
from typing import Final

from homeport_client import Device, DeviceClosed, DeviceError, DeviceLimits, HttpTransport
from homeport_client.fleet.clock import WallClock
from homeport_client.fleet.inbox import BACKGROUND_S
from homeport_client.fleet.networks import LOSE_POKE, NETWORKS, PERFECT
from homeport_client.fleet.proxy.proxy import Proxy
from homeport_client.fleet.proxy.tally import UNREACHABLE, Happened
from homeport_client.fleet.seed import Seed
from homeport_client.state import Event, State
from homeport_client.storage import MEMORY, open_storage
from homeport_server.phones.glass import Glass, Notice, Owner
from homeport_server.phones.happenings import Fate, Happenings, Leg, regions_of
from homeport_server.phones.line import Line
from homeport_server.phones.nets import network
from homeport_server.phones.pushed import Pushed
from homeport_server.phones.sights import Life
from homeport_server.phones.told import Told
from homeport_sync import App
from homeport_sync.errors import HomeportError

SKEW_MS_MAX: Final = 10 * 366 * 86_400_000  # a clock is set wrong by ten years at most
SAID_CHARS_MAX: Final = 300
# Hasty, for those who watch: what takes a minute in the field takes a second or two here.
LIMITS: Final = DeviceLimits(poll_s=10.0, retry_max_ms=2_000, connect_s=3.0, answer_s=5.0, handshake_s=3.0)


def wall_ms() -> int:
    """The true time, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Handheld:
    """One phone. Every verb is harmless where it does not fit, such as to start an app that runs."""

    def __init__(self, app: App, owner: Owner, happenings: Happenings) -> None:
        self.app = app
        self.owner = owner
        self.glass = Glass()
        self.wall = WallClock(0, wall_ms)
        self.life: Life = "off"
        self.flying = False
        self.kept = 0  # changes that wait in the replica of an app that was killed
        self.told = Told(app.catalog)
        self._happenings = happenings
        self._proxy = Proxy(PERFECT, owner.server_url, Seed(wall_ms()), told=self._happened)
        self._turn = asyncio.Lock()
        self._reachable = asyncio.Event()
        self._on_air = False
        self._image: bytes | None = None
        self._device: Device | None = None
        self._connection: Connection
        self._line: Line

    @property
    def key(self) -> str:
        """ "a" or "b"."""
        return self.owner.key

    @property
    def device(self) -> Device | None:
        """The device, asleep or not; None while the app is not running."""
        return self._device

    @property
    def network_name(self) -> str:
        """The network it has."""
        return self._proxy.network.name

    async def start(self) -> None:
        """The app is opened: a new device on what the last one left."""
        async with self._turn:
            if self.life != "off":
                return
            self._line = Line(HttpTransport(self._proxy.url, self.owner.token, LIMITS), self._travels)
            await self._take_air()
            self._device = device = await Device.open(
                app=self.app,
                transport=self._line,
                wall_ms=self.wall,
                limits=LIMITS,
                storage=lambda _: self._open_storage(),
                moved=self._moved,
            )
            self.told = Told(self.app.catalog)
            if self.flying:
                await device.go_offline()
            await device.notifications.register("fcm", self.owner.target, platform="android")
            await device.start()
            self._live("on")

    async def kill(self) -> None:
        """The app is gone in the middle of whatever it did: nothing is closed, nobody is told."""
        async with self._turn:
            if self._device is None:
                return
            self._image, self.kept = self._connection.serialize(), self._device.pending
            old, self._device = self._device, None
            self.glass.said, self.glass.undo, self.glass.weather = "", None, ""
            self._live("off")
            await self._leave_air()
            await _ended(old.close())

    async def sleep(self) -> None:
        """The system suspends the app: nothing of it runs, and its connections are gone."""
        async with self._turn:
            if self._device is None or self.life != "on":
                return
            self._live("asleep")
            self._line.cut()
            await _ended(self._device.stop())
            await self._leave_air()
            self.changed()

    async def wake(self) -> None:
        """Its user opens the app that sleeps."""
        async with self._turn:
            if self._device is None or self.life != "asleep":
                return
            await self._take_air()
            await self._device.start()
            self.glass.notice = None  # it would lie on what was just opened
            self._live("on")

    async def airplane(self, on: bool) -> None:
        """Airplane mode, on or off. The phone remembers it, whatever the app does."""
        self.flying = on
        if self._device is not None:
            await (self._device.go_offline() if on else self._device.go_online())
        self._live(self.life)

    def network(self, name: str) -> None:
        """Gives it one of `nets.networks`; of any other name it is told so."""
        chosen = network(name)
        if chosen is None:
            self.say(f"There is no network called {name[:40]}: choose one of {', '.join(NETWORKS)}.")
            return
        self._proxy.network = chosen
        self.glass.weather = ""
        self.changed()

    def clock(self, skew_ms: int) -> None:
        """Sets its clock so much ahead (or behind), at once."""
        self.wall.skew_ms = min(max(skew_ms, -SKEW_MS_MAX), SKEW_MS_MAX)
        self.changed()

    async def bring(self, pushed: Pushed) -> None:
        """The provider has something for the phone: waits until it can be reached, and brings it."""
        while True:
            await self._reachable.wait()
            device = self._device
            if device is None:
                continue
            try:
                await self._receive(device, pushed)
            except DeviceClosed:
                continue  # the app was killed meanwhile: the next one is given it
            return

    async def open_notice(self) -> None:
        """Its user opens what lies on the screen: the app is started, or wakes, and goes where that points."""
        notice, self.glass.notice = self.glass.notice, None
        await self.start()
        await self.wake()
        if notice is not None and self._device is not None:
            with suppress(DeviceError):
                await self._device.notifications.opened(notice.pushed.data)
            await self._follow(self._device, notice.pushed.data)
        self.changed()

    def dismiss_notice(self) -> None:
        """Its user wipes it away."""
        self.glass.notice = None
        self.changed()

    def say(self, sentence: str) -> None:
        """Answers its user."""
        self.glass.said = sentence[:SAID_CHARS_MAX]
        self.changed()

    def changed(self) -> None:
        """All of it may look different now."""
        self._happenings.changed(*regions_of(self.key))

    async def close(self) -> None:
        """The end of it."""
        await self.kill()

    async def _receive(self, device: Device, pushed: Pushed) -> None:
        async with self._turn:
            if device is not self._device:
                raise DeviceClosed
            asleep = self.life == "asleep"
            if asleep:
                await self._take_air()
        self._travels(pushed.leg, "arrived", 1)
        try:
            told = await device.notifications.received(pushed.data)
            if told is not None and (pushed.title or pushed.body):
                self.glass.notice = Notice(pushed=pushed, at_ms=self.wall(), asleep=asleep)
            self.changed()
            await device.notifications.caught_up(BACKGROUND_S)
        finally:
            async with self._turn:
                if self.life == "asleep" and device is self._device:
                    await self._leave_air()
            self.changed()

    async def _follow(self, device: Device, data: Mapping[str, str]) -> None:
        for value in data.values():
            with suppress(HomeportError):
                view = await device.get(value)
                if view is not None and view.scope == view.id:
                    self.glass.open_list = view.id

    async def _take_air(self) -> None:
        """The phone has a network again; harmless when it has."""
        if not self._on_air:
            await self._proxy.start()
            self._on_air = True
            self._line.open()

    async def _leave_air(self) -> None:
        """None any more: every connection is reset."""
        self._line.cut()
        await self._proxy.close()
        self._on_air = False

    def _live(self, life: Life) -> None:
        self.life = life
        if life != "off" and not self.flying:
            self._reachable.set()
        else:
            self._reachable.clear()
        self.changed()

    def _open_storage(self) -> Connection:
        self._connection = open_storage(MEMORY)
        if self._image is not None:
            self._connection.deserialize(self._image)
        return self._connection

    def _moved(self, before: State, event: Event, after: State) -> None:
        if after is State.LIVE and self.glass.weather == UNREACHABLE:
            self.glass.weather = ""
        self.changed()

    def _travels(self, leg: Leg, fate: Fate, count: int) -> None:
        self._happenings.travel(self.key, leg, fate, count)

    def _happened(self, happened: Happened) -> None:
        self.glass.weather = happened.incident
        if happened.incident == LOSE_POKE:
            self._travels("poke", "lost", 1)
        self.changed()


async def _ended(end: Awaitable[None]) -> None:
    """Whatever a device raises when it ends is of what it did before, and shows as its trouble there."""
    with suppress(Exception):
        await end
