"""One process that notifies for an app, on stores in memory, in virtual time: a week of pauses costs what happens."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from homeport_client.fleet import clock
from homeport_notify.address import ChannelName, Platform, make_address
from homeport_notify.memory import MemoryNotifyStore
from homeport_server.notify.presences import KeptPresences
from homeport_server.notify.work import Notifying, NotifyWork
from homeport_server.observe import make_log
from homeport_server.observe.metrics import Metrics
from homeport_server.settings import Settings
from homeport_sync import App
from homeport_sync.change import Op, Record
from homeport_sync.clock import NEVER, make_stamp
from homeport_sync.memory import MemoryStore
from homeport_sync.ports import LogEntry, StoredRecord, Writes
from homeport_sync.scope import MEMBER, Grant, member_id
from homeport_sync.signals import LocalSignals
from tests.unit.notify.channels import ChannelByHand
from tests.unit.sync.afterwards import NOTHING, OTHER, TENANT, new_app, new_store

LIST = "00000000-0000-7000-8000-00000000001a"
SOON_S = 10.0


def device_of(user: str) -> str:
    """The id of the user's device."""
    return f"00000000-0000-7000-8000-{int.from_bytes(user.encode()[:6], 'big'):012x}"


class NotifyHouse:
    """`channel` is FCM: it notes what it is sent."""

    def __init__(self, app: App, store: MemoryStore, settings: Settings) -> None:
        self.app = app
        self.store = store
        self.settings = settings
        self.notify = MemoryNotifyStore(clock.now_ms)
        self.channel = ChannelByHand()
        self.signals = LocalSignals()
        self.out = io.BytesIO()
        self.metrics = Metrics()
        self.heads: dict[str, int] = {}

    async def write(
        self, title: str, *, user: str = "ana", op: Op = "update", scope: str = LIST, tenant: str = TENANT
    ) -> int:
        """A change of that record by the user's device; its position."""
        head = self.heads[tenant] = self.heads.get(tenant, 0) + 1
        stamp, gone = make_stamp(clock.now_ms(), head, device_of(user)), op == "delete"
        record = Record(
            id=scope,
            kind="Task",
            scope=scope,
            stamp=stamp,
            position=head,
            fields={} if gone else {"title": title},
            deleted=stamp if gone else NEVER,
        )
        entry = LogEntry(
            position=head,
            op=op,
            kind="Task",
            record=scope,
            scope=scope,
            fields=record.fields,
            before={},
            stamp=stamp,
            device=device_of(user),
            number=head,
            user=user,
            outcome="applied",
            request_id=f"request {head}",
            accepted_at_ms=clock.now_ms(),
        )
        stored = StoredRecord(record=record, author=device_of(user), foreign_position=0)
        async with self.store.transaction(tenant) as transaction:
            await transaction.load(NOTHING)
            await transaction.commit(Writes(head=head, now_ms=clock.now_ms(), log=[entry], records=[stored]))
        self.signals.publish(tenant, head)
        return head

    async def join(self, *users: str, scope: str = LIST, tenant: str = TENANT) -> None:
        """The users are members of the scope from now on."""
        grants = [Grant(user=user, scope=scope, role="editor", since=0) for user in users]
        head = self.heads.get(tenant, 0)
        async with self.store.transaction(tenant) as transaction:
            await transaction.load(NOTHING)
            await transaction.commit(Writes(head=head, now_ms=clock.now_ms(), grants=grants))

    async def put_out(self, user: str, *, by: str = "ana") -> None:
        """The user is no member of the list any more."""
        head = self.heads[TENANT] = self.heads.get(TENANT, 0) + 1
        stamp, id = make_stamp(clock.now_ms(), head, device_of(by)), member_id(LIST, user)
        record = Record(id=id, kind=MEMBER, scope=LIST, stamp=stamp, position=head, fields={"user": user, "role": None})
        entry = LogEntry(
            position=head,
            op="update",
            kind=MEMBER,
            record=id,
            scope=LIST,
            fields={"role": None},
            before={"role": "editor"},
            stamp=stamp,
            device=device_of(by),
            number=head,
            user=by,
            outcome="applied",
            request_id=f"request {head}",
            accepted_at_ms=clock.now_ms(),
        )
        async with self.store.transaction(TENANT) as transaction:
            await transaction.load(NOTHING)
            await transaction.commit(
                Writes(
                    head=head,
                    now_ms=clock.now_ms(),
                    log=[entry],
                    records=[StoredRecord(record=record, author=device_of(by), foreign_position=0)],
                    grants=[Grant(user=user, scope=LIST, role="editor", since=0, until=head)],
                )
            )
        self.signals.publish(TENANT, head)

    async def register(
        self,
        *users: str,
        channel: ChannelName = "fcm",
        platform: Platform = "android",
        tenant: str = TENANT,
        device: str = "",
    ) -> None:
        """Each user's device can be reached from now on, at a target of the user's name; or another `device`, whose
        target has a * behind it."""
        for user in users:
            address = make_address(
                user=user,
                device=device or device_of(user),
                channel=channel,
                target=f"{user}*" if device else user,
                platform=platform,
                seen_at_ms=clock.now_ms(),
            )
            await self.notify.register(tenant, address, clock.now_ms())

    @asynccontextmanager
    async def working(self, holder: str = "one") -> AsyncIterator[None]:
        """All of it runs."""
        work = NotifyWork(
            app=self.app,
            settings=self.settings,
            store=self.store,
            notifying=Notifying(
                store=self.notify,
                channels={self.channel.name: self.channel},
                presences=KeptPresences(self.store),
                signals=self.signals,
            ),
            log=make_log("info", self.out),
            metrics=self.metrics,
            wall_ms=clock.now_ms,
            holder=holder,
        )
        tasks = [asyncio.create_task(run()) for run in work.runs()]
        await asyncio.sleep(1)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            assert all(task.cancelled() for task in tasks)

    def told(self) -> list[str]:
        """Who was told, one after the other."""
        return [each.target for each in self.channel.sent]

    def said(self, event: str) -> list[dict[str, object]]:
        lines = [json.loads(line) for line in self.out.getvalue().splitlines()]
        return [line for line in lines if line["event"] == event]

    def reading(self, name: str, **labels: str) -> float:
        self.metrics.settle()
        return self.metrics.registry.get_sample_value(f"homeport_{name}", labels) or 0.0


def play(scene: Callable[[NotifyHouse], Awaitable[None]], settings: Settings | None = None) -> None:
    """In virtual time, with an app of its own."""

    async def main() -> None:
        await scene(NotifyHouse(new_app(), await new_store(TENANT, OTHER), settings or Settings()))

    clock.run(main())
