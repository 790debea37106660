"""A device: an app's own copy of its data, which works with no network and syncs when there is one.

    async with await Device.open("tasks.sqlite3", app=app, server="https://…", token=token) as phone:
        home = await phone.create(TaskList, title="Home")
        milk = await phone.create(Task, scope=home, title="Milk", due=date(2026, 12, 1))
        await phone.update(milk, done=True)
        open_tasks = await phone.query(Task, scope=home, where={"done": False}, order_by="due")
        await phone.sync()

Every write is durable when the call returns, whether there is a server or not (I1). `start()` keeps the device in step
in the background; `sync()` does it once. Everything runs on the event loop that calls; a device is not for threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from random import Random, SystemRandom
from sqlite3 import Connection
from types import TracebackType
from typing import Self

from homeport_client.bell import Bell
from homeport_client.chosen import make_choice
from homeport_client.errors import DeviceClosed, NoServer
from homeport_client.exchange import Exchange
from homeport_client.http import HttpTransport
from homeport_client.ids import Id, text_ids
from homeport_client.intents import Meant
from homeport_client.introducing import introduction_of
from homeport_client.limits import DEVICE_LIMITS, DeviceLimits
from homeport_client.notifications import Notifications
from homeport_client.quarantine import Quarantine
from homeport_client.reads import Reads
from homeport_client.replica import Replica
from homeport_client.state import Event, State
from homeport_client.storage import MEMORY, open_storage
from homeport_client.syncer import Syncer
from homeport_client.transport import Transport, introduce
from homeport_client.writer import Writer
from homeport_client.writes import Writes
from homeport_sync import App
from homeport_sync.choice import EVERYTHING, Choice

_SYSTEM_RANDOM = SystemRandom()  # it has no state, so one does for all devices; a `Random` takes 2.5 KB


def wall_clock_ms() -> int:
    """The clock of this machine, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Device(Reads, Writes):
    """See the module, `Reads` for what it shows, `Writes` for how it writes, and `notifications` for what reaches it
    while nobody looks. Open one with `Device.open`; every method raises `DeviceClosed` after `close`."""

    def __init__(self, replica: Replica, transport: Transport | None, syncer: Syncer | None, bell: Bell) -> None:
        self._replica = replica
        self._writer = Writer(replica)
        self._quarantine = Quarantine(replica, self._writer)
        self._transport = transport
        self._syncer = syncer
        self._bell = bell
        self._closed = False
        self.notifications = Notifications(
            self._open_replica, self._open_transport, self._told, self.sync, self._told_trouble
        )

    @classmethod
    async def open(
        cls,
        path: str = MEMORY,
        *,
        app: App,
        transport: Transport | None = None,
        server: str | None = None,
        token: str | None = None,
        wall_ms: Callable[[], int] = wall_clock_ms,
        random: Random | None = None,
        limits: DeviceLimits = DEVICE_LIMITS,
        storage: Callable[[str], Connection] = open_storage,
        moved: Callable[[State, Event, State], None] = lambda before, event, after: None,
    ) -> Self:
        """The device whose replica is at `path`, made if there is none; by default one that lives in memory.

        It speaks to `server` (a URL) with `token`, or over another `transport`, which has its own; with neither it
        stays local. A token can come later, by `renew`. `wall_ms` is the device's clock, `random` makes ids and jitter,
        `storage` opens the replica. `moved` is told of each step of the background syncer: where it was, what happened,
        where it is.

        Raises `ReplicaInUse`, `ReplicaForeign`, or `ValueError` for a URL that is none, a token for no server, or a
        server beside a transport.
        """
        if transport is not None and (server, token) != (None, None):
            raise ValueError("A transport has its server and its token: give them to that, or leave it out.")
        if server is None and token is not None:
            raise ValueError("The token is for no server: give its URL as server=…, or leave the token out.")
        bell, catalog = Bell(), app.catalog
        chance = random or _SYSTEM_RANDOM
        if transport is None and server is not None:
            transport = HttpTransport(server, token, limits)
        replica = Replica(
            path, catalog, wall_ms=wall_ms, random=chance, limits=limits, changed=bell.ring, storage=storage
        )
        syncer = None
        if transport is not None:
            introduce(transport, partial(introduction_of, replica))
            exchange = Exchange(replica, transport, wall_ms, limits)
            syncer = Syncer(replica, transport, exchange, chance, limits, moved=moved)
        return cls(replica, transport, syncer, bell)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def id(self) -> str:
        """The device's id. It changes when the server finds that another device uses the same one."""
        return self._open_replica().meta.device

    @property
    def pending(self) -> int:
        """How many changes the server has not answered yet."""
        return self._open_replica().outbox.unanswered()

    @property
    def online(self) -> bool:
        """Whether the app lets the device use the network."""
        return self._syncer is not None and self._syncer.online

    @property
    def state(self) -> State:
        """Where the background syncer is; `State.OFFLINE` when it does not run."""
        return self._syncer.state if self._syncer is not None and self._syncer.running else State.OFFLINE

    @property
    def trouble(self) -> Exception | None:
        """Why the background syncer's last attempt failed; None if it did not."""
        return self._syncer.trouble if self._syncer is not None else None

    async def choose(
        self,
        *,
        scopes: Iterable[Id] | None = None,
        leave_out: Iterable[Id] = (),
        first: Iterable[Id] = (),
    ) -> None:
        """Takes only these `scopes` of those it may see (None: all), without those to `leave_out`; those in `first`
        come before the others, in their order. It holds until it is called again.

        What is here of others is dropped at once. What was written in them stays in the outbox, and is pushed. Raises
        `LimitExceeded` for more than `CHOICE_SCOPES_MAX` scopes, `Malformed` for what is no scope's id, or for
        an id that stands alone and not in a list.
        """
        replica = self._open_replica()
        named = None if scopes is None else text_ids(scopes)
        replica.choose(*make_choice(named, text_ids(leave_out), text_ids(first)))
        if self._syncer is not None:
            self._syncer.tell(Event.POKED)

    @property
    def choice(self) -> Choice:
        """Which of its scopes the device takes."""
        chosen = self._open_replica().chosen
        return chosen.wanted if chosen else EVERYTHING

    async def replay(self, place: int, /, *, dependents: bool = True, **fields: Meant) -> str:
        """Makes a rejected change again, with these fields edited, and what depended on it behind it; the id of
        the record, or of the new call of a command.

        It is a new change, checked and written like any other. A record that could not be made is made under the same
        id. Raises the `Rejection` for what does not fit (`RecordGone` if there is no record to update or delete), and
        writes nothing then; `NotInQuarantine` if nothing waits at that place.
        """
        self._open_replica()
        record_id = self._quarantine.replay(place, fields, dependents=dependents)
        self._wrote()
        return record_id

    async def dismiss(self, place: int, /, *, dependents: bool = True) -> None:
        """Lets a rejected change go, with what depended on it. The server keeps its own copy."""
        self._open_replica()
        self._quarantine.dismiss(place, dependents=dependents)

    async def sync(self) -> None:
        """Pushes every change and pulls to the end.

        Raises `Unreachable`, `Refused` or `ServerError` instead of trying again; while the background syncer runs it
        is told to hurry, and its next success or failure is the result. A wait that the server told it is kept: then
        that is raised at once. Raises `NoServer` without one.
        """
        await self._with_server().catch_up()

    async def start(self) -> None:
        """Keeps the device in step in the background, from now on. Raises `NoServer` without one."""
        self._with_server().start()

    async def stop(self) -> None:
        """Ends what `start` began. Writing and reading go on."""
        if self._syncer is not None:
            await self._syncer.stop()

    async def go_online(self) -> None:
        """Lets the device use the network."""
        self._with_server().switch(online=True)

    async def go_offline(self) -> None:
        """Airplane mode: drops what is under way and sends nothing until `go_online`."""
        self._with_server().switch(online=False)

    async def renew(self, token: str) -> None:
        """Uses another token from now on; a device that was refused tries again. Where it can be reached is told again:
        it may be another user's."""
        syncer = self._with_server()
        self._open_transport().renew(token)
        with self._replica.step(shows=False):
            self._replica.addresses.tell_again()
        syncer.tell(Event.RENEWED)

    async def close(self) -> None:
        """Ends everything and lets go of the file; harmless a second time."""
        if self._closed:
            return
        self._closed = True
        try:
            await self.notifications.close()
            if self._syncer is not None:
                await self._syncer.close()  # raises what it has died of
        finally:
            try:
                if self._transport is not None:
                    await self._transport.close()
            finally:
                self._replica.close()
                self._bell.ring()

    def _open_replica(self) -> Replica:
        if self._closed:
            raise DeviceClosed
        return self._replica

    def _with_server(self) -> Syncer:
        self._open_replica()
        if self._syncer is None:
            raise NoServer
        return self._syncer

    def _open_transport(self) -> Transport:
        self._with_server()
        if self._transport is None:
            raise NoServer
        return self._transport

    def _told(self) -> None:
        if self._syncer is not None:
            self._syncer.tell_beside()

    def _told_trouble(self) -> Exception | None:
        return self._syncer.trouble_beside if self._syncer is not None else None

    def _wrote(self) -> None:
        if self._syncer is not None:
            self._syncer.tell(Event.WROTE)
