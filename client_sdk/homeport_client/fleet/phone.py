"""A phone: one real `Device` on one replica, in the hands of one user, and everything that happens to phones.

Its replica lives in memory, and can be taken as an image at any instant, byte for byte as a file would be. Killing a
phone takes that image and goes on with a new device on it. What the old one still does, it does to a replica that
nobody looks at any more: just as if the battery had been pulled.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from sqlite3 import Connection

from msgspec.structs import replace

from homeport_client import Device, DeviceError
from homeport_client.fleet.beside import ended
from homeport_client.fleet.check.eyes import Eyes
from homeport_client.fleet.clock import WallClock
from homeport_client.fleet.inbox import BACKGROUND_S, Inbox
from homeport_client.fleet.measure.track import Track
from homeport_client.fleet.raised import is_of_device
from homeport_client.fleet.report.summary import LaneState
from homeport_client.fleet.story import Handset
from homeport_client.fleet.world import Way, World
from homeport_client.state import Event, State
from homeport_client.storage import MEMORY, open_storage

ASLEEP = "asleep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The replica of somebody who is logged out, and when what waits in it was written."""

    image: bytes | None = None
    written_ms: list[int] = field(default_factory=list)


class Phone:
    """`name` is the phone's own for the whole story, whatever device id it has; it is `on` once it has one. `kept` is
    what those who are logged out have left; `attention` counts how often its user has opened the app. `missteps` says
    where its syncer went wrong, and `raised` what its device raised and may not."""

    __slots__ = (
        "_background",
        "_connection",
        "_cut_off",
        "_looking",
        "_switching",
        "_world",
        "asleep",
        "attention",
        "device",
        "eyes",
        "handset",
        "inbox",
        "kept",
        "line",
        "lives",
        "meter",
        "missteps",
        "name",
        "on",
        "raised",
        "track",
        "twins",
        "user",
        "wall",
    )

    def __init__(self, world: World, handset: Handset) -> None:
        self.handset = handset
        self.name = handset.name
        self.user = handset.user
        self.on = False
        self.lives = 0
        self.twins = 0
        self.attention = 0
        self.kept: dict[str, Kept] = {}
        self.missteps: list[str] = []
        self.raised: list[str] = []
        self.asleep = False
        self.inbox = Inbox(self)
        self.wall = WallClock(handset.skew_ms, world.true_ms)
        self.meter = world.meter()
        self.eyes: Eyes | None = None
        self.track = Track() if handset.lane else None
        self.device: Device
        self.line: Way
        self._world = world
        self._connection: Connection
        self._cut_off: Counter[str] = Counter()
        self._looking: list[asyncio.Task[None]] = []
        self._background = 0
        self._switching = False

    @property
    def state(self) -> LaneState:
        """How it is, as its lane in the timeline shows it."""
        if not self.on:
            return "off"
        if self.asleep:
            return "asleep"
        return self.device.state.value if self.reachable else "away"

    @property
    def reachable(self) -> bool:
        """Whether nothing keeps it from the network."""
        return not self._cut_off.total()

    @property
    def takes(self) -> bool:
        """Whether a provider reaches the phone: for the system there is a network though the app sleeps."""
        others = sum(times for why, times in self._cut_off.items() if why != ASLEEP)
        return self.on and not self._switching and not others

    async def switch_on(self, image: bytes | None = None) -> None:
        """A new life, on an image of a replica or on nothing."""
        self.lives += 1
        if self.lives == 1:
            self.meter.reached()
            self.eyes = self._world.eyes(self.handset, self.meter)
        self.meter.catching_up = False
        self.line = await self._world.way(self.handset, self.user, self.lives, self.meter)
        self.device = await Device.open(
            app=self._world.app,
            transport=self.line,
            wall_ms=self.wall,
            random=self._world.chance(self.handset, self.lives),
            limits=self._world.limits,
            storage=lambda _: self._open(image),
            moved=self._moved,
        )
        self.on = True
        if not self.reachable:
            self.line.disconnect()
        if self.eyes and self.handset.watched:
            self._looking = [asyncio.create_task(look) for look in self.eyes.looks_at(self.device, self.user)]
        await self._register()
        if not self.asleep:
            await self.device.start()
        self._world.note(self.name, f"is on as {self.device.id}")
        self._follow()

    async def kill(self) -> None:
        """The process is gone in the middle of whatever it did, and is started again."""
        await self._live_on(self.image())

    async def hand_to(self, user: str) -> None:
        """The app's user logs out and another one in: each has a replica of their own on the phone, which stays."""
        waits = self.kept.pop(user, Kept())
        self.kept[self.user] = Kept(image=self.image(), written_ms=self.meter.swap(waits.written_ms))
        self.user = user
        await self._live_on(waits.image)

    async def sleep(self) -> None:
        """The system suspends the app: nothing of it runs, and its connections are gone."""
        self.asleep = True
        self.meter.slept()
        if not self._background:
            self.cut_off(ASLEEP)
        await self._end(self.device.stop())

    async def wake(self) -> None:
        """The app is opened again."""
        if self.asleep:
            self.asleep = False
            self.meter.woke()
            if not self._background:
                self.let_on(ASLEEP)
            await self.device.start()

    def note(self, what: str) -> None:
        """See `World`."""
        self._world.note(self.name, what)

    def begin_background(self) -> None:
        """The system lets the app run for a while though it sleeps; whatever else is wrong with the network stays."""
        if self.asleep and not self._background:
            self.let_on(ASLEEP)
        self._background += 1

    async def end_background(self) -> None:
        """That is over; nothing of it runs any more if the app sleeps still."""
        self._background -= 1
        if self.asleep and not self._background:
            self.cut_off(ASLEEP)

    async def fetch(self) -> None:
        """The system lets the app, which sleeps, fetch what is new."""
        self.meter.woke()
        self.begin_background()
        try:
            async with asyncio.timeout(BACKGROUND_S):
                await self.device.sync()
        except (DeviceError, sqlite3.OperationalError, TimeoutError):
            pass  # the next time
        finally:
            await self.end_background()
            if self.asleep:
                self.meter.sleeps_on()

    async def open_unread(self) -> None:
        """Its user opens what was shown last."""
        unread, self.inbox.unread = self.inbox.unread, None
        if unread is not None:
            await self.device.notifications.opened(unread)

    def twin(self) -> Phone:
        """Another phone, not on yet, that is going to be set up from a backup of this one."""
        self.twins += 1
        handset = replace(self.handset, name=f"{self.name}.{self.twins}", user=self.user, skew_ms=self.wall.skew_ms)
        return Phone(self._world, handset)

    def image(self) -> bytes:
        """The replica as it is at this instant."""
        return self._connection.serialize()

    def cut_off(self, why: str) -> None:
        """No network for one more reason, without anybody telling the device."""
        self._cut_off[why] += 1
        self.line.disconnect()
        self._follow()

    def let_on(self, why: str) -> None:
        """One reason less, if it is one."""
        self._cut_off[why] = max(self._cut_off[why] - 1, 0)
        if self.reachable:
            self.meter.reached()
            self.line.connect()
        self._follow()

    def rescue(self) -> None:
        """Whatever kept it from the network is over."""
        self._cut_off.clear()
        self.meter.reached()
        self.line.connect()
        self._follow()

    def fill_storage(self) -> None:
        """There is no room for one more page of the replica."""
        (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
        self._connection.execute(f"PRAGMA max_page_count = {pages}")

    def free_storage(self) -> None:
        """There is room again."""
        self._connection.execute("PRAGMA max_page_count = 1073741823")

    async def put_down(self) -> bytes:
        """The device is closed: the replica it leaves."""
        image = self.image()
        await self._end(self.device.close())
        await self._end(asyncio.gather(*self._looking))
        return image

    def trip(self, error: BaseException, over: str) -> None:
        """Its device raised something that it may not raise. Raises it again if it was not the device."""
        if not is_of_device(error):
            raise error
        told = f"{type(error).__name__}: {error}"
        self.raised.append(f"{self.name} raised {told}, at {over}.")
        self._world.note(self.name, f"raises {told}")

    def unpacked(self) -> list[tuple[Phone, bytes]]:
        """For each user who is logged out here a phone of their own, not on yet, and the replica they left on it."""
        kept, self.kept = self.kept, {}
        phones = []
        for user, left in kept.items():
            phone = Phone(self._world, replace(self.handset, name=f"{self.name} of {user}", user=user))
            phone.meter.swap(left.written_ms)
            phones.append((phone, left.image or b""))
        return phones

    async def _register(self) -> None:
        """What every app does that is told of things, each time it starts."""
        target = self._world.target(self.inbox)
        if target is not None:
            await self.device.notifications.register(target.channel, target.token, platform=target.platform)

    async def _live_on(self, image: bytes | None) -> None:
        old, looking = self.device, self._looking
        self.line.disconnect()
        for look in looking:
            look.cancel()
        self._switching = True
        try:
            await self.switch_on(image)
        finally:
            self._switching = False
        await self._end(old.close())
        await self._end(ended(looking))

    async def _end(self, end: Awaitable[object]) -> None:
        """Whoever ends a device hears what its syncer has died of."""
        try:
            await end
        except Exception as error:  # noqa: BLE001  # whatever the device may not raise is told
            self.trip(error, "its end")

    def _open(self, image: bytes | None) -> Connection:
        self._connection = open_storage(MEMORY)
        if image is not None:
            self._connection.deserialize(image)
        return self._connection

    def _moved(self, before: State, event: Event, after: State) -> None:
        if after is State.LIVE and self.meter.catching_up:
            self.missteps.append(f"{self.name} took itself for caught up, and more pages were to come.")
        self.meter.tally.pairs[before, event] += 1
        if before is not after:
            self._world.note(self.name, f"is {after.value}, for {event.value}")
            self._follow()

    def _follow(self) -> None:
        if self.track:
            self.track.enter(self.state, self._world.now_ms())
