"""What is counted and how far it was counted are one: nothing is counted twice, and nothing is left out."""

from __future__ import annotations

import asyncio

import pytest

from homeport_sync.errors import LeaseLost
from homeport_sync.follow import Follower, Turn
from homeport_sync.lease import Lease
from homeport_sync.ports import Writes
from homeport_sync.usage import FOLLOWER, Heading, counting
from tests.contract.samples import EPOCH, NOW, TENANT, entry, write
from tests.contract.stores import Store

START = Heading(day="")
FRIDAY, SATURDAY = "2026-01-30", "2026-01-31"


async def lease_of(store: Store, holder: str = "one", tenant: str = TENANT) -> Lease:
    lease = await store.lease(tenant, FOLLOWER, holder, 600_000)
    assert lease is not None
    return lease


async def test_counts_add_up_and_move_the_place(store: Store) -> None:
    updates, creates = Heading(day=FRIDAY, kind="Task", op="update"), Heading(day=FRIDAY, kind="Task", op="create")
    lease = await store.add_usage(await lease_of(store), 5, {updates: 3, creates: 2})
    assert lease.position == await store.place(TENANT, FOLLOWER) == 5
    lease = await store.add_usage(lease, 6, {updates: 1})
    assert await store.usage(TENANT, START, 10) == [(creates, 2), (updates, 4)]


async def test_counts_of_entries_that_are_counted_already_are_refused_whole(store: Store) -> None:
    line = Heading(day=FRIDAY)
    before = await lease_of(store)
    await store.add_usage(before, 5, {line: 5})
    with pytest.raises(LeaseLost):
        await store.add_usage(before, 5, {line: 5})
    with pytest.raises(LeaseLost):
        await store.add_usage(before, 7, {line: 7})
    assert await store.usage(TENANT, START, 10) == [(line, 5)]
    assert await store.place(TENANT, FOLLOWER) == 5


async def test_usage_is_read_in_pages_in_the_order_of_its_headings(store: Store) -> None:
    lines = [
        Heading(day=day, kind=kind, op="update", outcome=outcome)
        for day in (FRIDAY, SATURDAY)
        for kind in ("List", "Task")
        for outcome in ("applied", "merged")
    ]
    await store.add_usage(await lease_of(store), 36, {line: n for n, line in enumerate(lines, 1)})
    read: list[tuple[Heading, int]] = []
    while page := await store.usage(TENANT, read[-1][0] if read else START, 3):
        assert len(page) <= 3
        read += page
    assert read == [(line, n) for n, line in enumerate(lines, 1)]
    assert [line.day for line, _ in await store.usage(TENANT, Heading(day=SATURDAY), 10)] == [SATURDAY] * 4


async def test_one_tenants_usage_is_not_anothers(store: Store) -> None:
    await store.create("other", id="other", epoch=EPOCH, now_ms=0)
    await store.add_usage(await lease_of(store), 5, {Heading(day=FRIDAY): 5})
    await store.add_usage(await lease_of(store, tenant="other"), 3, {Heading(day=FRIDAY): 3})
    assert await store.usage(TENANT, START, 10) == [(Heading(day=FRIDAY), 5)]
    assert await store.usage("other", START, 10) == [(Heading(day=FRIDAY), 3)]


@pytest.mark.promise("I13")
async def test_workers_that_race_and_lose_their_leases_count_each_position_once(store: Store) -> None:
    """Leases that run out at once are taken from each other all the time: that must cost nothing but tries."""
    head = 60

    async def worker(name: str) -> None:
        follower = Follower(FOLLOWER, store, store, counting(store), holder=name, ttl_ms=0, now_s=lambda: 0)
        while await store.place(TENANT, FOLLOWER) < head:
            assert await follower.catch_up(TENANT) in Turn
            await asyncio.sleep(0)

    async def writer() -> None:
        for position in range(1, head + 1):
            await write(store, Writes(head=position, now_ms=NOW, log=[entry(position)]))

    await asyncio.gather(writer(), *(worker(f"worker {n}") for n in range(4)))
    counts = await store.usage(TENANT, START, 10)
    assert sum(count for _, count in counts) == head
