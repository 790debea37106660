"""The provider of notifications: the emulator of FCM in our own process, which a real server sends to over a socket.

What it has for a phone it brings one after the other, each when the phone can be reached.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from homeport_client.fleet.beside import ended
from homeport_notify.emulator import Emulator, Phone, Push
from homeport_server.phones.happenings import Happenings
from homeport_sync.telling import WAKE


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """One message for a phone: what its user is to see ("" and "": nothing), and the data for the app."""

    title: str
    body: str
    data: Mapping[str, str]

    @property
    def leg(self) -> Literal["notification", "wake"]:
        """What of both it is."""
        return "wake" if WAKE in self.data else "notification"


class Reached(Protocol):
    """A phone, as its provider knows it."""

    @property
    def key(self) -> str:
        """Which one."""

    async def bring(self, pushed: Pushed) -> None:
        """Waits until it can be reached, and hands this over."""


class Provider:
    """Entering starts the emulator, and writes its account into the directory; `settings` are what a server needs to
    send to it."""

    def __init__(self, directory: Path, happenings: Happenings) -> None:
        self._account = directory / "fcm-account.json"
        self._happenings = happenings
        self._emulator = Emulator()
        self._keys: dict[str, str] = {}
        self._reading: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self._emulator.start()
        self._emulator.tally.watch = self._accepted
        self._account.parent.mkdir(parents=True, exist_ok=True)
        self._account.write_text(json.dumps(self._emulator.account))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await ended(self._reading)
        await self._emulator.close()

    @property
    def settings(self) -> Mapping[str, str]:
        """By which a server finds it."""
        return {"HOMEPORT_FCM_SERVICE_ACCOUNT": str(self._account), "HOMEPORT_FCM_URL": self._emulator.url}

    def target(self) -> str:
        """A new target: what the provider calls one phone."""
        return self._emulator.phones.register(platform="android").target

    def reach(self, target: str, phone: Reached) -> None:
        """From now on bring to the phone what comes for its target."""
        known = self._emulator.phones.find(target)
        assert known is not None, "targets come from `target`"  # noqa: S101  # both are ours
        self._keys[target] = phone.key
        self._reading.append(asyncio.create_task(_read(known, phone)))

    def _accepted(self, push: Push) -> None:
        key = self._keys.get(push.target)
        if key is not None:
            self._happenings.travel(key, _pushed(push).leg, "left")


async def _read(known: Phone, phone: Reached) -> None:
    async with known.open() as pushes:
        async for push in pushes:
            await phone.bring(_pushed(push))


def _pushed(push: Push) -> Pushed:
    return Pushed(title=push.title, body=push.body, data=push.data)
