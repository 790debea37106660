"""A follower misses nothing and repeats at most what it had not finished."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from homeport_sync.clock import make_stamp
from homeport_sync.errors import Unavailable
from homeport_sync.follow import LEASE_MS, READ_MAX, TURN_READS_MAX, Follower, Turn, at_least_once
from homeport_sync.lease import Lease
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
        await self.anywhere(tenant, entries)

    async def anywhere(self, _tenant: str, entries: Sequence[LogEntry]) -> None:
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


class Clock:
    """A worker's clock, in seconds."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def follower(
    store: MemoryStore,
    desk: Desk,
    name: str = "pokes",
    *,
    holder: str = "one",
    ttl_ms: int = LEASE_MS,
    clock: Clock | None = None,
) -> Follower:
    work = at_least_once(store, desk.work)
    return Follower(name, store, store, work, holder=holder, ttl_ms=ttl_ms, now_s=clock or Clock())


async def test_a_follower_works_through_the_whole_log_in_order_and_keeps_its_place(store: MemoryStore) -> None:
    await filled(store, first=1, last=READ_MAX * 2 + 3)
    desk = Desk()
    assert await follower(store, desk).catch_up(TENANT) is Turn.DONE
    assert desk.done == list(range(1, READ_MAX * 2 + 4))
    assert await store.place(TENANT, "pokes") == READ_MAX * 2 + 3


async def test_a_follower_that_has_caught_up_is_given_only_what_is_new(store: MemoryStore) -> None:
    await filled(store, first=1, last=3)
    desk = Desk()
    one = follower(store, desk)
    await one.catch_up(TENANT)
    assert await one.catch_up(TENANT) is Turn.DONE
    await filled(store, first=4, last=5)
    await one.catch_up(TENANT)
    assert desk.done == [1, 2, 3, 4, 5]


@pytest.mark.promise("I13")
async def test_a_crash_in_the_work_repeats_it_and_skips_nothing(store: MemoryStore) -> None:
    await filled(store, first=1, last=READ_MAX + 5)
    desk = Desk()
    desk.crash_at = READ_MAX + 1
    with pytest.raises(Crash):
        await follower(store, desk).catch_up(TENANT)
    assert await store.place(TENANT, "pokes") == READ_MAX
    restarted = Desk()
    await follower(store, restarted).catch_up(TENANT)
    assert restarted.done == list(range(READ_MAX + 1, READ_MAX + 6))


async def test_work_that_failed_is_tried_again_from_the_place_that_was_kept(store: MemoryStore) -> None:
    await filled(store, first=1, last=3)
    desk = Desk()
    one = follower(store, desk)
    await one.catch_up(TENANT)
    await filled(store, first=4, last=5)
    desk.crash_at = 5
    with pytest.raises(Crash):
        await one.catch_up(TENANT)
    desk.crash_at = 0
    await one.catch_up(TENANT)
    assert desk.done == [1, 2, 3, 4, 5, 4, 5]


async def test_work_that_was_written_though_its_answer_was_lost_is_not_done_again(store: MemoryStore) -> None:
    await filled(store, first=1, last=3)
    done: list[int] = []
    losing = False

    async def work(lease: Lease, entries: Sequence[LogEntry]) -> Lease:
        done.extend(each.position for each in entries)
        kept = await store.keep_place(lease, entries[-1].position)
        if losing:
            raise Unavailable
        return kept

    one = Follower("pokes", store, store, work, holder="one", now_s=Clock())
    await one.catch_up(TENANT)
    await filled(store, first=4, last=5)
    losing = True
    with pytest.raises(Unavailable):
        await one.catch_up(TENANT)
    losing = False
    await one.catch_up(TENANT)
    assert done == [1, 2, 3, 4, 5]


async def test_followers_have_places_of_their_own(store: MemoryStore) -> None:
    await filled(store, first=1, last=3)
    first, second = Desk(), Desk()
    await follower(store, first).catch_up(TENANT)
    await follower(store, second, "webhooks").catch_up(TENANT)
    assert first.done == second.done == [1, 2, 3]


async def test_an_empty_log_is_no_work_and_takes_no_lease(store: MemoryStore) -> None:
    desk = Desk()
    one = follower(store, desk)
    assert await one.catch_up(TENANT) is Turn.DONE
    assert desk.done == []
    assert await one.give_back() == 0


async def test_a_log_without_end_is_left_after_a_turn_for_the_next_tenant(store: MemoryStore) -> None:
    await filled(store, first=1, last=READ_MAX * TURN_READS_MAX + 1)
    desk = Desk()
    one = follower(store, desk)
    assert await one.catch_up(TENANT) is Turn.MORE
    assert len(desk.done) == READ_MAX * TURN_READS_MAX
    assert await one.catch_up(TENANT) is Turn.DONE
    assert desk.done[-1] == READ_MAX * TURN_READS_MAX + 1


async def test_of_two_workers_one_does_the_work_and_the_other_learns_that_it_is_held(store: MemoryStore) -> None:
    await filled(store, first=1, last=3)
    first, second = Desk(), Desk()
    one, two = follower(store, first), follower(store, second, holder="two")
    assert await one.catch_up(TENANT) is Turn.DONE
    assert await two.catch_up(TENANT) is Turn.DONE, "there is nothing to do, so it does not matter who holds it"
    await filled(store, first=4, last=4)
    assert await two.catch_up(TENANT) is Turn.HELD
    assert await one.give_back() == 1
    assert await two.catch_up(TENANT) is Turn.DONE
    assert (first.done, second.done) == ([1, 2, 3], [4])


async def test_a_lease_that_cannot_be_given_back_keeps_no_other_from_it(store: MemoryStore) -> None:
    one = follower(store, Desk())
    one._work = at_least_once(store, Desk().anywhere)
    for tenant in ("a", "b", "c"):
        await store.create(tenant, id=tenant, epoch="first", now_ms=0)
        async with store.transaction(tenant) as transaction:
            await transaction.load(NOTHING)
            await transaction.commit(Writes(head=1, now_ms=NOW, log=[entry(1)]))
        await one.catch_up(tenant)
    give_back = store.give_back

    async def fails(lease: Lease) -> None:
        if lease.tenant != "b":
            raise Unavailable(lease.tenant)
        await give_back(lease)

    store.give_back = fails  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="a"):
        await one.give_back()
    assert not store._place("b", "pokes").holder
    assert one.leases() == 0


async def test_a_worker_that_lost_its_lease_while_it_worked_moves_nothing_and_goes_on_when_it_may(
    store: MemoryStore,
) -> None:
    await filled(store, first=1, last=3)
    first, second = Desk(), Desk()
    two = follower(store, second, holder="two")

    async def slow(tenant: str, entries: Sequence[LogEntry]) -> None:
        await first.work(tenant, entries)
        await two.catch_up(TENANT)

    one = Follower("pokes", store, store, at_least_once(store, slow), holder="one", ttl_ms=0, now_s=Clock())
    assert await one.catch_up(TENANT) is Turn.LOST
    assert second.done == [1, 2, 3]
    assert await store.place(TENANT, "pokes") == 3
    await filled(store, first=4, last=4)
    assert await one.catch_up(TENANT) is Turn.HELD
    await two.give_back()
    first.done.clear()
    await follower(store, first).catch_up(TENANT)
    assert first.done == [4]


async def test_a_worker_that_was_away_for_longer_than_its_lease_asks_where_the_place_is(store: MemoryStore) -> None:
    await filled(store, first=1, last=3)
    first, second, clock = Desk(), Desk(), Clock()
    one = follower(store, first, clock=clock)
    await one.catch_up(TENANT)
    await filled(store, first=4, last=6)
    await one.give_back()
    await follower(store, second, holder="two").catch_up(TENANT)
    clock.now_s = LEASE_MS / 1_000
    assert await one.catch_up(TENANT) is Turn.DONE
    assert (first.done, second.done) == ([1, 2, 3], [4, 5, 6])


async def test_leases_that_have_run_out_are_not_remembered(store: MemoryStore) -> None:
    clock = Clock()
    one = follower(store, Desk(), clock=clock)
    for index in range(5):
        tenant = f"tenant {index}"
        await store.create(tenant, id=tenant, epoch="first", now_ms=0)
        async with store.transaction(tenant) as transaction:
            await transaction.load(NOTHING)
            await transaction.commit(Writes(head=1, now_ms=NOW, log=[entry(1)]))
        one._work = at_least_once(store, Desk().anywhere)
        await one.catch_up(tenant)
        clock.now_s += LEASE_MS / 1_000
    assert one.leases() <= 2
