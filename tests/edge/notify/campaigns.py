"""A campaign over real sockets with a clock that the test moves: a store, emulated providers, phones, and workers.

Only deliverers run by that clock; leases run by the store's own. The providers run by it, too, where a test says so:
Google's tokens are signed by the real one, so that is for minutes, not for hours.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Protocol

from msgspec.structs import replace

from benchmarks.fanout.crowd import gather
from homeport_notify import limits
from homeport_notify.address import Address, ChannelName, make_address
from homeport_notify.channel import Answered, Channel, Recipient
from homeport_notify.channels.apns import ApnsChannel, open_apns
from homeport_notify.channels.fcm import FcmChannel, open_fcm
from homeport_notify.deliver import Deliverer, DelivererStore
from homeport_notify.delivery import DeliveryState
from homeport_notify.emulator import Emulator, EmulatorSettings, Push
from homeport_notify.emulator.emulator import wall_ms
from homeport_notify.emulator.keys import EmulatorKeys
from homeport_notify.emulator.phone import PhoneKind, PhonePlatform
from homeport_notify.expand import Expander
from homeport_notify.http2.sender import Sender
from homeport_notify.memory import MemoryNotifyStore
from homeport_notify.message import Message
from homeport_notify.notification import Lane, Notification
from homeport_notify.ports import NotifyStore, Receipt
from homeport_notify.sql.store import SqlNotifyStore
from homeport_notify.sql.tables import metadata
from homeport_sync.sql.sqlite.store import SqliteStore
from homeport_sync.telling import DELIVERY, NOTIFICATION
from tests.unit.notify.channels import PresencesByHand, ToldByHand
from tests.unit.notify.samples import HOUR_MS, TENANT, a_notification

TOPIC = "com.example.app"
ROUNDS_MAX = 2_000  # in which everything has to end


class NoMembers:
    """No scope has any."""

    async def members(self, tenant: str, scope: str, after: str, limit: int) -> list[str]:
        """See `ports.Members`."""
        raise AssertionError((tenant, scope, after, limit))


@dataclass
class Clock:
    """Stands still until it is moved."""

    now_ms: int = field(default_factory=wall_ms)

    def __call__(self) -> int:
        return self.now_ms


class Watched:
    """A channel, with who was given to it when by the clock; each of its windows takes `window_ms`."""

    def __init__(self, channel: Channel, clock: Clock) -> None:
        self.name = channel.name
        self.channel = channel
        self.clock = clock
        self.window_ms = 200
        self.windows: list[tuple[int, list[str]]] = []
        self.between: Callable[[], None] = lambda: None  # called when a window is over

    @property
    def asked(self) -> dict[str, list[int]]:
        """When each target was sent to."""
        found: dict[str, list[int]] = {}
        for at_ms, targets in self.windows:
            for target in targets:
                found.setdefault(target, []).append(at_ms)
        return found

    async def send(
        self, message: Message, to: Sequence[Recipient], answered: Answered, *, until_s: float, dry_run: bool = False
    ) -> None:
        """See `channel.Channel`."""
        self.windows.append((self.clock.now_ms, [each.target for each in to]))
        await self.channel.send(message, to, answered, until_s=until_s, dry_run=dry_run)
        self.clock.now_ms += self.window_ms
        self.between()

    async def close(self) -> None:
        """See `channel.Channel`."""
        await self.channel.close()


class Gather(Protocol):
    """Puts addresses into a store."""

    async def __call__(self, addresses: list[Address]) -> None: ...


@dataclass
class Site:
    """Everything of one campaign. `took` is what the provider accepted, with when that was by the clock."""

    clock: Clock
    emulator: Emulator
    store: NotifyStore
    channels: dict[ChannelName, Watched]
    gather: Gather
    path: Path
    told: ToldByHand = field(default_factory=ToldByHand)
    presences: PresencesByHand = field(default_factory=PresencesByHand)
    took: list[tuple[int, Push]] = field(default_factory=list)
    addresses: list[Address] = field(default_factory=list)
    own: Deliverer | None = None

    # Who is told.

    async def people(
        self, count: int, channel: ChannelName = "fcm", *, topic: str = "", project: str = ""
    ) -> list[Address]:
        """So many users with a phone each."""
        ios, new = channel == "apns", list[Address]()
        for _ in range(count):
            kind: tuple[PhoneKind, PhonePlatform] = ("apns", "ios") if ios else ("token", "android")
            phone = self.emulator.phones.register(*kind, topic=topic, project=project)
            new.append(self.address(phone.target, len(self.addresses) + len(new), channel))
        self.addresses += new
        await self.gather(new)
        return new

    def address(self, target: str, number: int, channel: ChannelName) -> Address:
        return make_address(
            user=f"user {number:05}",
            device=f"0192{number:04x}-0000-7000-8000-000000000000",
            channel=channel,
            target=target,
            platform="ios" if channel == "apns" else "android",
            seen_at_ms=self.clock.now_ms,
        )

    # What is told.

    def campaign(self, number: int = 1, *, hours: int = 24, **words: object) -> Notification:
        """One to everybody, due now."""
        now_ms = self.clock.now_ms
        made = a_notification(
            number,
            due_at_ms=now_ms,
            expires_at_ms=now_ms + hours * HOUR_MS,
            state="waiting",
            **words,  # type: ignore[arg-type]
        )
        return replace(made, created_at_ms=now_ms)

    async def tell(self, notification: Notification) -> Notification:
        await self.store.submit(notification)
        await self.expand(notification.lane)
        return notification

    async def expand(self, lane: Lane = "bulk") -> None:
        while await Expander(self.store, NoMembers()).step(TENANT, lane, self.clock.now_ms):
            pass

    def worker(
        self,
        name: str = "one",
        *,
        seed: int = 1,
        ttl_ms: int = limits.CHUNK_LEASE_MS,
        store: DelivererStore | None = None,
    ) -> Deliverer:
        return Deliverer(
            store or self.store,
            self.channels,
            self.presences,
            self.told,
            holder=name,
            wall_ms=self.clock,
            random=Random(seed),
            ttl_ms=ttl_ms,
        )

    async def run(self, lane: Lane = "bulk", worker: Deliverer | None = None) -> None:
        """Send what is due."""
        worker = worker or self.own or self.worker()
        self.own = self.own or worker
        while await worker.step(TENANT, lane):
            pass

    async def run_on(self, lane: Lane = "bulk", *, until_ms: int | None = None) -> None:
        """Send what is due, and move the clock to what is due next, until nothing is open or it is that time."""
        for _ in range(ROUNDS_MAX):
            await self.run(lane)
            due_ms = await self.store.next_due_ms(TENANT, lane)
            if due_ms is None:
                return
            if until_ms is not None and due_ms > until_ms:
                self.clock.now_ms = max(self.clock.now_ms, until_ms)
                return
            self.clock.now_ms = max(self.clock.now_ms, due_ms)
        raise AssertionError(f"After {ROUNDS_MAX} rounds something was still open.")

    # What came of it.

    async def notification(self, told: Notification) -> Notification:
        return (await self.store.progress(TENANT, told.id)).notification

    async def counts(self, told: Notification) -> dict[DeliveryState, int]:
        return dict((await self.store.progress(TENANT, told.id)).counts)

    async def codes(self, told: Notification) -> Counter[str]:
        """Why deliveries were given up."""
        return Counter(each.code for each in await self.store.dead_letters(TENANT, told.id, "", 10_000))

    async def unharmed(self) -> bool:
        """Whether nothing was learnt against any address."""
        kept = await self.store.of_devices(TENANT, [each.device for each in self.addresses])
        return len(kept) == len(self.addresses) and not any(each.strikes for each in kept)

    @property
    def fcm(self) -> Watched:
        return self.channels["fcm"]

    @property
    def apns(self) -> Watched:
        return self.channels["apns"]

    async def reopen(self) -> None:
        """The server begins anew, with another channel to FCM; on the providers' own clock."""
        await self.fcm.channel.close()
        self.fcm.channel = fcm(self.emulator, self.path.parent, wall_ms)

    def impatient(self, answer_s: float = 0.3) -> None:
        """FCM's answers are waited for no longer than that."""
        channel = self.fcm.channel
        assert isinstance(channel, FcmChannel)
        channel._account.transport = Sender(self.emulator.url, answer_s=answer_s)

    @property
    def times(self) -> Counter[str]:
        """How often the provider took something for each target."""
        return Counter(push.target for _, push in self.took)

    async def give_receipts(self) -> set[str]:
        """Each phone reads what it was brought, and tells the server once; the names of the deliveries."""
        brought: set[str] = set()
        for address in self.addresses:
            phone = self.emulator.phones.find(address.target)
            came = [] if phone is None else [push.data for _, push in phone.poll()]
            brought |= {each[DELIVERY] for each in came}
            at_ms = self.clock.now_ms
            receipts = [Receipt(notification=each[NOTIFICATION], received_at_ms=at_ms) for each in came]
            await self.store.keep_receipts(TENANT, address.user, address.device, receipts, at_ms)
        return brought


@asynccontextmanager
async def site(
    directory: Path,
    keys: EmulatorKeys,
    *,
    together: bool = False,
    project: str = "",
    in_memory: bool = False,
    ahead_ms: int = 0,
    seed: int = 1,
) -> AsyncIterator[Site]:
    """On SQLite, or `in_memory`; `together`: the providers run by the clock as well, or `ahead_ms` before it."""
    clock = Clock()
    providers: Callable[[], int] = clock if together else wall_ms
    settings = EmulatorSettings(keys=keys, seed=seed, topics=frozenset({TOPIC}))
    async with AsyncExitStack() as stack:
        emulator = await stack.enter_async_context(Emulator(settings, clock=lambda: providers() + ahead_ms))
        channels: dict[ChannelName, Watched] = {
            "fcm": Watched(fcm(emulator, directory, providers, project=project), clock),
            "apns": Watched(apns(emulator, directory, providers), clock),
        }
        path = directory / "homeport.sqlite3"
        if in_memory:
            store: NotifyStore = MemoryNotifyStore(clock=clock)

            async def gathered(addresses: list[Address]) -> None:
                for each in addresses:
                    await store.register(TENANT, each, clock.now_ms)
        else:
            file = await SqliteStore.open(path, beside=[metadata])
            stack.push_async_callback(file.close)
            await file.create("crowd", id=TENANT, epoch="1", now_ms=clock.now_ms)
            store = SqlNotifyStore(file.beside)

            async def gathered(addresses: list[Address]) -> None:
                await gather(file.beside, TENANT, iter(addresses))

        here = Site(clock, emulator, store, channels, gathered, path)
        emulator.tally.watch = lambda push: here.took.append((clock.now_ms, push))
        stack.push_async_callback(close_all, channels)
        yield here


async def close_all(channels: Mapping[ChannelName, Watched]) -> None:
    for channel in channels.values():
        await channel.close()


def fcm(emulator: Emulator, directory: Path, clock: Callable[[], int], *, project: str = "") -> FcmChannel:
    """The channel as a server opens it: from the service account's file."""
    path = directory / "account.json"
    path.write_text(json.dumps({**emulator.account, **({"project_id": project} if project else {})}))
    return open_fcm(path, clock, base=f"{emulator.url}/v1/projects")


def apns(emulator: Emulator, directory: Path, clock: Callable[[], int]) -> ApnsChannel:
    keys, path = emulator.settings.keys, directory / "key.p8"
    path.write_text(keys.apple_pem)
    return open_apns(path, clock, key_id=keys.apple_key_id, team=emulator.settings.team, topic=TOPIC, base=emulator.url)
