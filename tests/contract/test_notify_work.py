"""From the log to a channel over every store: rules tell each change once, whichever worker comes to it."""

from __future__ import annotations

import asyncio
import io
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from homeport_client.fleet.live import process
from homeport_notify.address import make_address
from homeport_notify.ports import NotifyStore
from homeport_server.database import notify_store_of
from homeport_server.notify.nudges import LaneSignals, LogSignals
from homeport_server.notify.presences import KeptPresences
from homeport_server.notify.work import Notifying, NotifyWork
from homeport_server.observe import make_log
from homeport_server.observe.metrics import Metrics
from homeport_server.settings import Settings
from homeport_sync import App, Entry, Tell
from homeport_sync.change import Record
from homeport_sync.clock import make_stamp
from homeport_sync.ports import LogEntry, Signals, StoredRecord, Writes
from homeport_sync.signals import LocalSignals
from homeport_sync.sql.postgres.signals import postgres_signals
from tests.contract.databases import Databases
from tests.contract.samples import TENANT, grant, write
from tests.contract.stores import Store
from tests.unit.notify.channels import ChannelByHand

LONG_S = 30.0
AGO_MS = 10_000  # longer than the grace in which devices pull
CHANGES = 40
DEVICE, PHONE, SCOPE = (f"00000000-0000-7000-8000-00000000000{number}" for number in (1, 2, 3))


def new_app() -> App:
    app = App("tasks")

    @app.kind(root=True)
    class Task:
        title: str = ""

    @app.notification(kinds=[Task])
    def changed(_entry: Entry, task: Mapping[str, object] | None) -> Tell | None:
        return Tell(scope=True, title=f"{task['title']} changed") if task else None

    return app


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Process:
    """One worker over a store."""

    def __init__(self, store: Store, kept: NotifyStore, signals: Signals, holder: str) -> None:
        self.channel = ChannelByHand()
        self.work = NotifyWork(
            app=new_app(),
            settings=Settings(notify_slices=2),
            store=store,
            notifying=Notifying(
                store=kept,
                channels={"fcm": self.channel},
                presences=KeptPresences(store),
                signals=signals,
            ),
            log=make_log("info", io.BytesIO()),
            metrics=Metrics(),
            wall_ms=now_ms,
            holder=holder,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(run()) for run in self.work.runs()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


def changes(first: int) -> tuple[list[LogEntry], list[StoredRecord]]:
    entries, records = [], []
    at_ms = now_ms() - AGO_MS
    for position in range(first, first + CHANGES):
        id, stamp = str(uuid.uuid4()), make_stamp(at_ms, position, DEVICE)
        entries.append(
            LogEntry(
                position=position,
                op="create",
                kind="Task",
                record=id,
                scope=SCOPE,
                fields={"title": f"{position}"},
                before={},
                stamp=stamp,
                device=DEVICE,
                number=position,
                user="ana",
                outcome="applied",
                request_id="request",
                accepted_at_ms=at_ms,
            )
        )
        record = Record(
            id=id, kind="Task", scope=SCOPE, stamp=stamp, position=position, fields={"title": f"{position}"}
        )
        records.append(StoredRecord(record=record, author=DEVICE, foreign_position=0))
    return entries, records


async def test_two_workers_tell_each_change_once(store: Store) -> None:
    for follower in ("notify:changed", "wakes"):  # they began before the changes came
        await store.began_ms(follower, now_ms() - 2 * AGO_MS)
    signals, kept = LocalSignals(), notify_store_of(store)
    one, two = (Process(store, kept, signals, holder) for holder in ("one", "two"))
    address = make_address(user="ben", device=PHONE, channel="fcm", target="bens", seen_at_ms=now_ms())
    await kept.register(TENANT, address, now_ms())
    entries, records = changes(1)
    grants = [grant(SCOPE, user=user) for user in ("ana", "ben")]
    async with one.running(), two.running():
        await write(store, Writes(head=CHANGES, now_ms=now_ms(), log=entries, records=records, grants=grants))
        signals.publish(TENANT, CHANGES)

        def told() -> int:
            return len({each.delivery for each in [*one.channel.sent, *two.channel.sent]})

        await process.until(lambda: told() > CHANGES, within_s=LONG_S, awaited="all are told, and ben is woken")
    listed = await kept.notifications(TENANT, "", 2 * CHANGES, lane="transactional")
    assert sorted(each.message.title for each in listed) == sorted(f"{n} changed" for n in range(1, CHANGES + 1))
    sent = [each.delivery for each in [*one.channel.sent, *two.channel.sent]]
    assert len(sent) == len(set(sent)) == CHANGES + 1


async def test_a_nudge_reaches_the_lanes_of_other_processes_and_nobody_else(postgres18: Databases) -> None:
    url = postgres18.url(await postgres18.fresh())
    async with postgres_signals(url) as here, postgres_signals(url) as there:
        for each in (here, there):
            await process.until(each.connected, within_s=LONG_S, awaited="signals are connected")
        async with LaneSignals(there, "bulk").listen() as lane, LogSignals(there).listen() as log:
            LaneSignals(here, "wake").publish(TENANT, 0)
            LaneSignals(here, "bulk").publish(TENANT, 0)
            here.publish("other", 7)
            async with asyncio.timeout(LONG_S):
                heard = [each async for each in _until(lane, TENANT)]
                assert heard[-1] == (TENANT, 0)
                assert ("other", 7) in [each async for each in _until(log, "other")]
            assert all(tenant in {TENANT, ""} for tenant, _ in heard)


async def _until(told: AsyncIterator[tuple[str, int]], tenant: str) -> AsyncIterator[tuple[str, int]]:
    async for each in told:
        yield each
        if each[0] == tenant:
            return
