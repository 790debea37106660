"""Rows as a commit batch would write them, with as little said as a test needs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import product

import pytest

from homeport_sync.change import Op, Record, Value
from homeport_sync.clock import NEVER, NOBODY, Stamp, make_stamp
from homeport_sync.ports import (
    BEFORE_ALL_OUTCOMES,
    KnownDevice,
    Loaded,
    LogEntry,
    LogStore,
    Places,
    StoredOutcome,
    StoredRecord,
    Wanted,
    Writes,
)
from homeport_sync.quarantine import Quarantined
from homeport_sync.scope import Grant

TENANT = "acme"
EPOCH = "first"
NOW = 1_795_000_000_000
NOTHING = Wanted(devices=frozenset(), outcomes=frozenset(), grants=frozenset(), records=frozenset())


def entry(position: int, *, op: Op = "update", record: str = "r", device: str = "d", user: str = "u") -> LogEntry:
    fields: dict[str, Value] = {"title": f"milk {position}", "done": None, "rank": 1.5}
    return LogEntry(
        position=position,
        op=op,
        kind="Task",
        record=record,
        scope="s",
        fields=fields,
        before={"title": "ä\n"},
        stamp=make_stamp(NOW, position, "0" * 8),
        device=device,
        number=position,
        user=user,
        outcome="merged",
        request_id="request",
        accepted_at_ms=NOW,
    )


def stored(id: str, position: int, *, scope: str = "s", title: str = "milk", deleted: bool = False) -> StoredRecord:
    stamp = make_stamp(NOW, position, "0" * 8)
    record = Record(
        id=id,
        kind="Task",
        scope=scope,
        stamp=stamp,
        position=position,
        fields={} if deleted else {"title": title},
        deleted=stamp if deleted else NEVER,
    )
    return StoredRecord(record=record, author="d", foreign_position=position - 1)


def outcome(number: int, *, device: str = "d", at_ms: int = NOW) -> StoredOutcome:
    return StoredOutcome(
        device=device,
        number=number,
        stamp=stamp_of(number),
        digest=bytes([number % 256]) * 16,
        text=f'{{"number":{number},"outcome":"merged","lost":["ä \\"quoted\\" 🎈"]}}',
        decided_at_ms=at_ms,
    )


def stamp_of(number: int) -> Stamp:
    """The stamp of a device's change of that number: all are older than `NOW`."""
    return make_stamp(number, 0, "0" * 8)


def refused(
    number: int, *, device: str = "d", record: str = "r", created: bool = True, replays: str = ""
) -> Quarantined:
    return Quarantined(
        device=device,
        number=number,
        record=record,
        created=created,
        change=f'{{"number":{number},"fields":{{"title":"ä \\"quoted\\" 🎈"}}}}',
        text=f'{{"number":{number},"outcome":"rejected"}}',
        rejected_at_ms=NOW - number,
        replays=replays,
    )


def known(device: str = "d", *, user: str = "u", last_number: int = 9, confirmed: int = 0) -> KnownDevice:
    last_stamp = make_stamp(NOW, last_number, "0" * 8)
    return KnownDevice(id=device, user=user, last_number=last_number, confirmed=confirmed, last_stamp=last_stamp)


def grant(scope: str = "s", *, user: str = "u", since: int = 1, until: int | None = None, maker: bool = False) -> Grant:
    return Grant(user=user, scope=scope, role="owner", since=since, until=until, maker=maker)


def wanted(
    *,
    devices: Sequence[str] = (),
    numbers: Sequence[tuple[str, int]] = (),
    grants: Sequence[tuple[str, str]] = (),
    records: Sequence[str] = (),
) -> Wanted:
    return Wanted(
        devices=frozenset(devices),
        outcomes=frozenset((stamp_of(number), device, number) for device, number in numbers),
        grants=frozenset(grants),
        records=frozenset(records),
        creates=frozenset(product(devices, records)),
    )


EVERYTHING = wanted(
    devices=["d", "e"],
    numbers=[("d", number) for number in range(1, 10)],
    grants=[("u", "s"), ("u", "t"), ("v", "s")],
    records=["r", "q"],
)


async def write(store: LogStore, writes: Writes, tenant: str = TENANT) -> None:
    """One commit batch with these writes."""
    async with store.transaction(tenant) as transaction:
        await transaction.load(NOTHING)
        await transaction.commit(writes)


async def keep(places: Places, follower: str, position: int, tenant: str = TENANT) -> None:
    """A worker keeps the follower's place."""
    lease = await places.lease(tenant, follower, "worker", 60_000)
    assert lease is not None
    await places.keep_place(lease, position)


async def load(store: LogStore, asked: Wanted = EVERYTHING, tenant: str = TENANT) -> Loaded:
    """What a batch that wanted this would know."""
    async with store.transaction(tenant) as transaction:
        return await transaction.load(asked)


async def cancelled_inside(store: LogStore, tenant: str, asked: Wanted = NOTHING) -> None:
    """A batch that is cancelled while it holds the head and the connection."""
    inside = asyncio.Event()

    async def stuck() -> None:
        async with store.transaction(tenant) as transaction:
            await transaction.load(asked)
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(stuck())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def forgotten(store: LogStore, before_ms: int, tenant: str = TENANT) -> int:
    """How many outcomes a step of pruning forgets, that looks at all of a small log."""
    return (
        await store.prune_outcomes(tenant, before_ms, BEFORE_ALL_OUTCOMES, make_stamp(before_ms, 0, NOBODY), 100)
    ).forgotten


def all_of(position: int = 1, *, title: str = "milk") -> Writes:
    """A batch that writes one of everything, up to `position`."""
    return Writes(
        head=position,
        now_ms=NOW,
        log=[entry(position)],
        records=[stored("r", position, title=title)],
        outcomes=[outcome(position)],
        devices=[known(last_number=position)],
        grants=[grant()],
    )
