"""Notifications on a device: where it can be reached, what has reached it, and what its user wants to be told.

    await phone.notifications.register("fcm", token, platform="android", timezone="Europe/Rome")

    async def on_message(data):  # the app's handler of what the provider delivers
        told = await phone.notifications.received(data)
        if told:
            show(told)
        await phone.notifications.caught_up()

Everything that is said here is durable when the call returns, network or not, but for preferences and topics: those
are the user's and not the device's, so they are asked of the server at once.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import time
from typing import Final

import msgspec

from homeport_client.addresses import OwnAddress
from homeport_client.errors import DeviceError
from homeport_client.replica import Replica
from homeport_client.transport import Transport
from homeport_sync.clock import is_uuid
from homeport_sync.errors import Malformed
from homeport_sync.telling import (
    DELIVERY,
    NOTIFICATION,
    WAKE,
    QuietHours,
    SetPreferences,
    SubscribeTopic,
    Telling,
    UnsubscribeTopic,
)

OURS: Final = "hp_"
TARGET_LENGTH_MAX: Final = 4_096
NAME_LENGTH_MAX: Final = 100  # of a delivery, a channel, a platform, a zone, a locale
BACKGROUND_S: Final = 25.0  # systems give an app thirty seconds for what was delivered


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be shown, or what a silent one brings. `data` is the app's own; `notification` and `delivery` are ours
    ("" if it came from somebody else)."""

    notification: str
    delivery: str
    data: Mapping[str, str]


class Notifications:
    """See the module. A device has one: `Device.notifications`."""

    def __init__(
        self,
        replica: Callable[[], Replica],
        transport: Callable[[], Transport],
        hurry: Callable[[], None],
        sync: Callable[[], Awaitable[None]],
        trouble: Callable[[], Exception | None],
    ) -> None:
        self._replica = replica
        self._transport = transport
        self._hurry = hurry
        self._sync = sync
        self._trouble = trouble
        self._syncing: asyncio.Task[bool] | None = None
        self._asked = 0

    @property
    def registered(self) -> list[str]:
        """The channels on which the device can be reached."""
        return [each.channel for each in self._replica().addresses.all() if not each.retiring]

    @property
    def trouble(self) -> Exception | None:
        """Why the server did not take an address, or was not told at all, when it was tried last; None: it was."""
        return self._trouble()

    async def register(
        self,
        channel: str,
        token: str,
        *,
        platform: str = "other",
        timezone: str = "",
        locale: str = "",
        kind: str = "token",
    ) -> None:
        """Has the user told of things on this device. Call it at each start, and whenever the provider gives another
        `token`: the server hears of what is new, and once a week that the device is still there.

        `channel` is `fcm` or `apns`; `platform` is `android`, `ios`, `web` or `other`; `timezone` IANA's name of the
        zone that the phone is in. With `kind="fid"` the token is a Firebase installation id. Raises `Malformed`.
        """
        if not 1 <= len(token) <= TARGET_LENGTH_MAX or not (token.isascii() and token.isprintable()):
            raise Malformed("The token is empty, too long or no plain text: give what the provider gave to the app.")
        for name, text in (("channel", channel), ("platform", platform), ("timezone", timezone), ("locale", locale)):
            if len(text) > NAME_LENGTH_MAX:
                raise Malformed(f"The {name} has {len(text):,} characters; {NAME_LENGTH_MAX} at most.")
        replica = self._replica()
        with replica.step(shows=False):
            replica.addresses.keep(
                OwnAddress(
                    channel=channel,
                    target=token,
                    target_kind=kind,
                    platform=platform,
                    timezone=timezone,
                    locale=locale,
                )
            )
        self._hurry()

    async def unregister(self) -> None:
        """Nobody is told on this device any more: the user signs out. Call it before the token is gone; without a
        network the server hears of it when there is one, and from whoever uses the device then."""
        replica = self._replica()
        with replica.step(shows=False):
            replica.addresses.give_up()
        self._hurry()

    async def received(self, payload: Mapping[str, str]) -> Delivered | None:
        """What a provider has delivered, by the data that came with it: what there is to show, or None if that was
        shown before, or it is a wake. It makes the device sync; `caught_up` waits for that."""
        replica, delivery = self._replica(), payload.get(DELIVERY, "")
        self._begin_sync()
        if WAKE in payload or len(delivery) > NAME_LENGTH_MAX:
            return None
        data = {key: value for key, value in payload.items() if not key.startswith(OURS)}
        notification = _notification(payload)
        if delivery:
            with replica.step(shows=False):
                if not replica.deliveries.receive(delivery, notification, max(replica.clock.now_ms(), 0)):
                    return None
            self._hurry()
        return Delivered(notification=notification, delivery=delivery, data=data)

    async def opened(self, payload: Mapping[str, str]) -> None:
        """Somebody has opened what was delivered with this data. A system that shows notifications by itself may have
        told the app of it only now."""
        replica, delivery = self._replica(), payload.get(DELIVERY, "")
        self._begin_sync()
        if not delivery or len(delivery) > NAME_LENGTH_MAX:
            return
        with replica.step(shows=False):
            now_ms = max(replica.clock.now_ms(), 0)
            replica.deliveries.receive(delivery, _notification(payload), now_ms)
            replica.deliveries.open(delivery, now_ms)
        self._hurry()

    async def caught_up(self, within_s: float = BACKGROUND_S) -> bool:
        """Waits until the sync that the last delivery began has ended; whether it has, within so many seconds. What is
        not done then goes on when the app next has the time."""
        syncing = self._syncing
        if syncing is not None:
            await asyncio.wait([syncing], timeout=within_s)
        return syncing is None or (syncing.done() and not syncing.cancelled() and syncing.result())

    async def prefer(
        self, *, timezone: str = "", quiet: tuple[time, time] | None = None, muted: Collection[str] = ()
    ) -> None:
        """What the user wants on all devices, in the place of what was: their `timezone` ("": each device's own), no
        sound in the `quiet` hours (from, until), and nothing of the `muted` topics (`*`: nothing at all).

        Asks the server at once: raises `Unreachable`, `Refused` or `ServerError`.
        """
        hours = None
        if quiet is not None:
            hours = QuietHours(from_min=_minutes(quiet[0]), until_min=_minutes(quiet[1]))
        await self._ask(SetPreferences(timezone=timezone, quiet_hours=hours, muted=sorted(muted)))

    async def subscribe(self, topic: str) -> None:
        """Has the user told what is told to the topic, on all devices. Raises as `prefer` does."""
        await self._ask(SubscribeTopic(topic=topic))

    async def unsubscribe(self, topic: str) -> None:
        """No longer. Raises as `prefer` does."""
        await self._ask(UnsubscribeTopic(topic=topic))

    async def close(self) -> None:
        """Ends the sync that a delivery began."""
        if self._syncing is not None:
            self._syncing.cancel()
            await asyncio.wait([self._syncing])

    async def _ask(self, telling: Telling) -> None:
        self._replica()
        await self._transport().tell(telling)

    def _begin_sync(self) -> None:
        self._asked += 1
        if self._syncing is None or self._syncing.done():
            self._syncing = asyncio.create_task(self._catch_up())

    async def _catch_up(self) -> bool:
        """Syncs, and once more if more came meanwhile; whether the last one succeeded. Whatever fails heals by itself
        when the app runs the next time (I13)."""
        asked, succeeded = 0, False
        while asked < self._asked:
            asked = self._asked
            try:
                await self._sync()
                succeeded = True
            except (DeviceError, sqlite3.OperationalError):
                succeeded = False
        return succeeded


def _notification(payload: Mapping[str, str]) -> str:
    name = payload.get(NOTIFICATION, "")
    return name if is_uuid(name) else ""


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
