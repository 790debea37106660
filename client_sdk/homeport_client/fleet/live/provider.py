"""The provider of a real fleet: the emulator of FCM, in the fleet's own process, and who reads there for each phone.

The server sends over a real socket, with a real account, what a real provider would be sent. What the emulator has for
a phone is brought to it while it can be reached, as the system of a phone does it.
"""

from __future__ import annotations

import asyncio
import json
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from homeport_client.fleet.beside import ended, failure_of
from homeport_client.fleet.check.noticed import FOREVER_MS, Noticed, Registered, Sent
from homeport_client.fleet.inbox import Inbox
from homeport_client.fleet.live.notified import Account
from homeport_client.fleet.live.tallies import UNKNOWN, Tallies, tallies
from homeport_client.fleet.world import Target
from homeport_notify.emulator import Emulator, Phone, Push
from homeport_sync.ports import LogEntry
from homeport_sync.telling import DELIVERY, NOTIFICATION, WAKE, RegisterAddress, Telling
from homeport_sync.wire import Page

LOOK_S = 0.1  # so often it is looked whether a phone is back
REST_S = 10.0


class LiveProvider:
    """Entering starts the emulator, and writes the account into `directory`; `settings` are what servers need then."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._emulator = Emulator()
        self._phones: dict[str, tuple[Inbox, Target]] = {}
        self._reading: list[asyncio.Task[None]] = []
        self._bringing: dict[asyncio.Task[None], str] = {}
        self._accepted: list[Push] = []
        self._registered: list[Registered] = []
        self._pulls: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._failure: BaseException | None = None

    async def __aenter__(self) -> Self:
        await self._emulator.start()
        self._emulator.tally.watch = self._accepted.append
        self._directory.mkdir(parents=True, exist_ok=True)
        self._account.write_text(json.dumps(self._emulator.account))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await ended([*self._reading, *self._bringing])
        await self._emulator.close()

    @property
    def settings(self) -> Mapping[str, str]:
        """By which a server finds it."""
        return {"HOMEPORT_FCM_SERVICE_ACCOUNT": str(self._account), "HOMEPORT_FCM_URL": self._emulator.url}

    def target(self, inbox: Inbox) -> Target:
        """Where it reaches the phone that has this inbox: a token of its own for each."""
        known = next((target for each, target in self._phones.values() if each is inbox), None)
        if known is not None:
            return known
        phone = self._emulator.phones.register(platform="ios" if len(self._phones) % 2 else "android")
        target = Target(channel="fcm", token=phone.target, platform=phone.platform)
        self._phones[phone.target] = (inbox, target)
        self._reading.append(asyncio.create_task(self._read(phone, inbox)))
        return target

    def told(self, user: str, telling: Telling) -> None:
        """The server has taken this from a device of the user."""
        if isinstance(telling, RegisterAddress) and telling.target in self._phones:
            inbox, target = self._phones[telling.target]
            new = Registered(
                token=telling.target,
                platform=target.platform,
                phone=inbox.name,
                device=telling.device,
                user=user,
                from_ms=_now_ms(),
            )
            living = (each for each in self._registered if each.until_ms == FOREVER_MS)
            if not any((each.token, each.device, each.user) == (new.token, new.device, user) for each in living):
                self._registered = [each.ended(new, _now_ms()) for each in self._registered]
                self._registered.append(new)

    def pulled(self, device: str, page: Page) -> None:
        """The device has this page. With a catch-up that is whole it has all that was accepted by then."""
        if not page.more:
            self._pulls[device].append((_now_ms(), page.server_time_ms))

    async def rest(self) -> None:
        """Take nothing more, and wait until phones have what is theirs, for as long as that may take; then nothing more
        is brought. Raises what failed first."""
        await self._emulator.close()
        until_s = time.monotonic() + REST_S
        while self._is_busy and time.monotonic() < until_s:  # noqa: ASYNC110  # other processes work on it
            await asyncio.sleep(LOOK_S)
        await ended(self._reading)
        await ended(list(self._bringing))
        if self._failure is not None:
            raise self._failure

    def noticed(self, account: Account, log: Sequence[LogEntry]) -> Noticed:
        """What became of notifications, beside what the database says."""
        accepted_ms = [entry.accepted_at_ms for entry in log]
        unknown = {
            (each.position, each.device)
            for each in account.deliveries
            if each.position is not None and each.state in UNKNOWN
        }
        return Noticed(
            registered=tuple(self._registered),
            sent=tuple(map(_sent, self._accepted)),
            shown=tuple(shown for inbox, _ in self._phones.values() for shown in inbox.shown),
            about=account.about,
            pulls={
                device: [(at_ms, bisect_right(accepted_ms, server_ms)) for at_ms, server_ms in pulls]
                for device, pulls in self._pulls.items()
            },
            unknown=frozenset(unknown),
            under_way=frozenset(self._bringing.values()),
            exact=False,
        )

    def tallies(self, account: Account) -> Tallies:
        """What it counted beside what the database and phones did."""
        brought = {shown.delivery for inbox, _ in self._phones.values() for shown in inbox.shown}
        return tallies(self._accepted, self._emulator.tally.fcm.refused, account, brought)

    @property
    def _account(self) -> Path:
        return self._directory / "fcm-account.json"

    @property
    def _is_busy(self) -> bool:
        found = map(self._emulator.phones.find, self._phones)
        return bool(self._bringing) or any(phone.waiting for phone in found if phone)

    async def _read(self, phone: Phone, inbox: Inbox) -> None:
        async with phone.open() as pushes:
            async for push in pushes:
                task = asyncio.create_task(_bring(push, inbox))
                self._bringing[task] = push.data.get(DELIVERY, "")
                task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._bringing.pop(task, None)
        self._failure = self._failure or failure_of(task)


async def _bring(push: Push, inbox: Inbox) -> None:
    while not inbox.takes:  # noqa: ASYNC110  # there are many reasons for which it cannot be reached
        await asyncio.sleep(LOOK_S)
    await inbox.bring(push.data, visible=bool(push.title or push.body), at_ms=_now_ms())


def _sent(push: Push) -> Sent:
    return Sent(
        token=push.target,
        delivery=push.data.get(DELIVERY, ""),
        notification=push.data.get(NOTIFICATION, ""),
        at_ms=push.accepted_at_ms,
        wake=WAKE in push.data,
        silent=not (push.title or push.body),
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
