"""What the simulated server does about notifications: the real core of them, on a store in memory.

The app's rules follow the log, wakes are wanted for whom a change is news to, and each lane is expanded, delivered and
woken, by the code with which `homeport serve` does it. One life of the server works on it at a
time. What it had begun when it dies is left as a killed process leaves it; the store, how far rules had read, and the
provider outlive it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import Any, Final, Protocol, cast

from homeport_client.fleet.check.noticed import Noticed
from homeport_client.fleet.clock import now_ms
from homeport_client.fleet.sim.provider import Provider
from homeport_client.fleet.sim.registry import Registry
from homeport_client.fleet.sim.storage import Crashed, Gate
from homeport_notify import limits
from homeport_notify.address import ChannelName
from homeport_notify.answer import Answer
from homeport_notify.deliver import Deliverer
from homeport_notify.delivery import DeliveryState, unpack
from homeport_notify.expand import Expander
from homeport_notify.memory import MemoryNotifyStore
from homeport_notify.notification import LANES, Lane, Notification, check_notification
from homeport_notify.ports import NotifyStore, Presence
from homeport_notify.steering import Steering
from homeport_notify.waking import Waker
from homeport_server.notify.rules import RuleFollower
from homeport_server.notify.slices import Slice
from homeport_server.notify.wakes import News, add_news
from homeport_sync import App
from homeport_sync.entry import read_entry
from homeport_sync.lookups import Lookups
from homeport_sync.ports import LogEntry
from homeport_sync.signals import LocalSignals
from homeport_sync.tell import TRIES_MAX

CHANNELS: Final[tuple[ChannelName, ...]] = ("fcm", "apns")
READ_MAX: Final = 100
KEPT_EVERY: Final = 10  # readings: the next life reads again what this one had read since, and tells it once
POLL_MS: Final = 30_000
LISTENS_MS: Final = 30_000
NOTIFICATIONS_MAX: Final = 1_000_000


class NoticedLog(Lookups, Protocol):
    """The log, and what is looked up beside it."""

    async def read(self, tenant: str, after: int, limit: int) -> Sequence[LogEntry]:
        """The entries after a position."""


class Notices:
    """Those of one tenant. `listening` says which devices have a poke socket open; `place` is how far rules have
    read, as it is kept."""

    def __init__(
        self, app: App, tenant: str, log: NoticedLog, provider: Provider, listening: Callable[[], Collection[str]]
    ) -> None:
        self.provider = provider
        self.store = MemoryNotifyStore(now_ms)
        self.registry = Registry(tenant, self.store, now_ms)
        self.app = app
        self.tenant = tenant
        self.log = log
        self._listening = listening
        self.place = 0

    def life(self, gate: Gate, chance: Random, holder: str) -> NoticesLife:
        """What one process of the server does."""
        return NoticesLife(self, gate, chance, holder)

    async def presences(self, tenant: str, devices: Sequence[str]) -> Mapping[str, Presence]:
        """See `ports.Presences`."""
        listening, at_ms = self._listening(), now_ms()
        return {
            device: Presence(
                pulled_position=self.registry.pulled(device),
                listens_until_ms=at_ms + LISTENS_MS if device in listening else 0,
            )
            for device in devices
        }

    async def noticed(self) -> Noticed:
        """All that is known of it, for the checkers."""
        about, unknown = dict[str, int](), set[tuple[int, str]]()
        for each in await self.store.notifications(self.tenant, "", NOTIFICATIONS_MAX, lane=None):
            if each.about is not None:
                about[each.id] = each.about.position
                unknown |= {(each.about.position, device) for device in await self._unknown(each)}
        return self.registry.noticed(
            self.provider.sent, about, frozenset(unknown), under_way=frozenset(self.provider.left)
        )

    async def _unknown(self, notification: Notification) -> set[str]:
        """The devices of which it is not known whether they were told."""
        found = set[str]()
        for chunk in await self.store.chunks(self.tenant, notification.id, -1, NOTIFICATIONS_MAX):
            for id, state in zip(unpack(chunk.addresses), chunk.states, strict=True):
                if state in (DeliveryState.UNKNOWN, DeliveryState.STARTED):
                    found |= self.registry.devices_of(id)
        return found


class NoticesLife:
    """Of one process of the server."""

    def __init__(self, notices: Notices, gate: Gate, chance: Random, holder: str) -> None:
        self._notices = notices
        self._place = notices.place
        self._read_times = 0
        self._gate = gate
        self._chance = chance
        self._nudged = {lane: asyncio.Event() for lane in LANES}
        store = cast(NotifyStore, _Mortal(notices.store, gate))
        self._store = store
        channels = {name: notices.provider.channel(name) for name in CHANNELS}
        self._expander = Expander(store, notices.log)
        self._deliverer = Deliverer(
            store, channels, notices, _NobodyIsTold(), holder=holder, wall_ms=now_ms, random=chance
        )
        self._waker = Waker(store, notices, wall_ms=now_ms, random=chance)
        self._news = News(notices.log, store)
        kinds, submitter = notices.app.catalog.kinds, _Submitter(store)
        self._rules = [
            RuleFollower(rule, Slice(), kinds, notices.log, submitter, wall_ms=now_ms, random=chance)
            for rule in notices.app.notifications
        ]

    async def follow(self, signals: LocalSignals) -> None:
        """Read what is new in the log, for as long as the process lives."""
        async with signals.listen() as positions:
            await self._read()
            async for _ in positions:
                await self._read()

    async def work(self, lane: Lane) -> None:
        """Send what the lane has to send, for as long as the process lives."""
        notices, nudged = self._notices, self._nudged[lane]
        tenant = notices.tenant
        while True:
            nudged.clear()
            worked = await self._waker.step(tenant) if lane == "wake" else False
            worked = await self._expander.step(tenant, lane, now_ms()) or worked
            worked = await self._deliverer.step(tenant, lane) or worked
            if not worked:
                await self._wait(nudged, await self._next_ms(lane))

    async def _next_ms(self, lane: Lane) -> int:
        tenant = self._notices.tenant
        due = [await self._store.next_due_ms(tenant, lane)]
        due += [await self._store.next_wake_ms(tenant)] if lane == "wake" else []
        return min((each for each in due if each is not None), default=now_ms() + POLL_MS)

    async def _wait(self, nudged: asyncio.Event, until_ms: int) -> None:
        after_s = min(max(until_ms - now_ms(), 1), POLL_MS) / 1_000
        with suppress(TimeoutError):
            async with asyncio.timeout(after_s):
                await nudged.wait()

    async def _read(self) -> None:
        notices = self._notices
        while entries := await notices.log.read(notices.tenant, self._place, READ_MAX):
            for each in entries:
                await self._tell(each)
            await self._want(entries)
            self._place = entries[-1].position
            self._read_times += 1
            if self._read_times % KEPT_EVERY == 0:
                await self._gate.cross("before place")
                notices.place = self._place
            for nudged in self._nudged.values():
                nudged.set()

    async def _want(self, entries: Sequence[LogEntry]) -> None:
        """Want a wake for whom these changes are news to."""
        tenant, wanted = self._notices.tenant, dict[str, int]()
        async for page in self._news.of(tenant, entries):
            add_news(wanted, page)
        await self._store.want(tenant, wanted, entries[-1].accepted_at_ms + limits.WAKE_SETTLE_MS)

    async def _tell(self, logged: LogEntry) -> None:
        for rule in self._rules:
            if rule.wants(logged):
                entry = read_entry(self._notices.tenant, logged, self._notices.app.catalog.kind(logged.kind))
                try:
                    await rule.function(entry)
                except Exception as error:
                    if isinstance(error, Crashed) or not rule.leaves_out(TRIES_MAX, error):
                        raise


class _Submitter:
    """Checks and keeps what is to be told; the lanes are nudged when all that was read is."""

    def __init__(self, store: NotifyStore) -> None:
        self._store = store

    async def submit(self, notification: Notification, *, request_id: str) -> None:
        """See `rules.Submits`."""
        check_notification(notification, now_ms())
        await self._store.submit(notification)


class _Mortal:
    """A store as one process has it: once that is dead, nothing more is written."""

    def __init__(self, store: MemoryNotifyStore, gate: Gate) -> None:
        self._store = store
        self._gate = gate

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._store, name)

        async def call(*given: Any, **named: Any) -> Any:  # noqa: ANN401  # whatever the port says
            if self._gate.dead:
                raise Crashed(name)
            return await method(*given, **named)

        return call


class _NobodyIsTold:
    """How it goes is told by the checkers."""

    def answered(self, lane: Lane, channel: ChannelName, answer: Answer) -> None:
        """See `means.Told`, as for all of these."""

    def left_out(self, lane: Lane, state: DeliveryState) -> None: ...

    def gave_up(self, lane: Lane, deliveries: int) -> None: ...

    def closed(self, channel: ChannelName, until_ms: int, reason: str) -> None: ...

    def steered(self, notification: Notification, how: Steering, reason: str) -> None: ...
