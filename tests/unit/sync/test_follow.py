"""A follower misses nothing and repeats at most what it had not finished."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from homeport_sync.clock import make_stamp
from homeport_sync.follow import READ_MAX, Follower
from homeport_sync.memory import MemoryStore
from homeport_sync.ports import LogEntry, Wanted, Writes
from tests.unit.sync.tasks import NOW, STRANGER

TENANT = "acme"
NOTHING = Wanted(devices=frozenset(), outcomes=frozenset(), grants=frozenset(), records=frozenset())


class Crash(Exception):
    """The work fails, or the process dies in it."""


class Desk:
    """Work that writes down what it was given, and crashes at a position when told to."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.crash_at = 0

    async def work(self, tenant: str, entries: Sequence[LogEntry]) -> None:
        assert tenant == TENANT
        self.done += [entry.position for entry in entries]
        if self.crash_at in self.done:
            raise Crash


def entry(position: int) -> LogEntry:
    return LogEntry(
        position=position,
        op="update",
        kind="Task",
        record=STRANGER,
        scope=STRANGER,
        fields={},
        before={},
        stamp=make_stamp(NOW, 0, STRANGER),
        device=STRANGER,
        number=position,
        user="ann",
        outcome="applied",
        request_id="",
        accepted_at_ms=NOW,
    )


async def filled(store: MemoryStore, *, first: int, last: int) -> None:
    async with store.transaction(TENANT) as transaction:
        await transaction.load(NOTHING)
        entries = [entry(position) for position in range(first, last + 1)]
        await transaction.commit(Writes(head=last, now_ms=NOW, log=entries))


@pytest.fixture
async def store() -> MemoryStore:
    made = MemoryStore()
    await made.create(TENANT, id=TENANT, epoch="first", now_ms=0)
    return made


async def test_a_follower_works_through_the_whole_log_in_order_and_keeps_its_place(store: MemoryStore) -> None:
    await filled(store, first=1, last=READ_MAX * 2 + 3)
    desk = Desk()
    assert await Follower("pokes", store, store, desk.work).catch_up(TENANT) == READ_MAX * 2 + 3
    assert desk.done == list(range(1, READ_MAX * 2 + 4))
    assert await store.place(TENANT, "pokes") == READ_MAX * 2 + 3


async def test_a_follower_that_has_caught_up_is_given_only_what_is_new(store: MemoryStore) -> None:
    await filled(store, first=1, last=3)
    desk = Desk()
    follower = Follower("pokes", store, store, desk.work)
    await follower.catch_up(TENANT)
    assert await follower.catch_up(TENANT) == 3
    await filled(store, first=4, last=5)
    assert await follower.catch_up(TENANT) == 5
    assert desk.done == [1, 2, 3, 4, 5]


@pytest.mark.promise("I13")
async def test_a_crash_in_the_work_repeats_it_and_skips_nothing(store: MemoryStore) -> None:
    await filled(store, first=1, last=READ_MAX + 5)
    desk = Desk()
    desk.crash_at = READ_MAX + 1
    with pytest.raises(Crash):
        await Follower("pokes", store, store, desk.work).catch_up(TENANT)
    assert await store.place(TENANT, "pokes") == READ_MAX
    restarted = Desk()
    await Follower("pokes", store, store, restarted.work).catch_up(TENANT)
    assert restarted.done == list(range(READ_MAX + 1, READ_MAX + 6))


async def test_followers_have_places_of_their_own(store: MemoryStore) -> None:
    await filled(store, first=1, last=3)
    first, second = Desk(), Desk()
    await Follower("pokes", store, store, first.work).catch_up(TENANT)
    await Follower("webhooks", store, store, second.work).catch_up(TENANT)
    assert first.done == second.done == [1, 2, 3]


async def test_an_empty_log_is_no_work(store: MemoryStore) -> None:
    desk = Desk()
    assert await Follower("pokes", store, store, desk.work).catch_up(TENANT) == 0
    assert desk.done == []
