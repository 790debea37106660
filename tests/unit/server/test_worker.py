"""Workers: one at a time follows a tenant, whoever goes hands over at once, and trouble stays with its own tenant."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random

import pytest

from homeport_client.fleet import clock
from homeport_client.fleet.live import process
from homeport_server.followers.lag import Lag
from homeport_server.followers.worker import Worker
from homeport_server.observe import make_log
from homeport_server.observe.metrics import Metrics
from homeport_sync.errors import Unavailable
from homeport_sync.follow import Follower, Work, at_least_once
from homeport_sync.lease import Lease
from homeport_sync.memory import MemoryStore
from homeport_sync.ports import EVERY_TENANT, LogEntry, Wanted, Writes
from homeport_sync.signals import LocalSignals
from homeport_sync.usage import FOLLOWER, Heading, counting
from tests.contract.samples import NOW, entry

LONG_S = 20.0
NEVER_S = 3_600.0
LONG_MS = 600_000
NOTHING = Wanted(devices=frozenset(), outcomes=frozenset(), grants=frozenset(), records=frozenset())


class House:
    """A store in memory, one process's signals, and as many workers as a test wants."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.signals = LocalSignals()
        self.out = io.BytesIO()
        self.metrics = Metrics()
        self.now_ms = NOW + 5_000

    async def commit(self, tenant: str, *, signal: bool = True) -> None:
        async with self.store.transaction(tenant) as transaction:
            head = (await transaction.load(NOTHING)).head.position + 1
            await transaction.commit(Writes(head=head, now_ms=NOW, log=[entry(head)]))
        if signal:
            self.signals.publish(tenant, head)

    async def counted(self, tenant: str) -> int:
        return sum(count for _, count in await self.store.usage(tenant, Heading(day=""), 1_000))

    async def counts(self, tenant: str, position: int) -> None:
        """Wait until the usage follower has got there; then each position was counted once."""
        await process.until(
            lambda: self.store._place(tenant, FOLLOWER).position == position,
            within_s=LONG_S,
            awaited=f"{position} of {tenant} are counted",
        )
        assert await self.counted(tenant) == position

    def holder(self, tenant: str) -> str:
        return self.store._place(tenant, FOLLOWER).holder

    def make(self, name: str, work: Work | None = None, *, poll_s: float = NEVER_S, pace_s: float = 0.0) -> Worker:
        follower = Follower(
            FOLLOWER, self.store, self.store, work or counting(self.store), holder=name, ttl_ms=LONG_MS, now_s=lambda: 0
        )
        return Worker(
            [follower],
            self.store,
            self.signals,
            make_log("info", self.out),
            lag=Lag(self.store, self.store, self.metrics, lambda: self.now_ms),
            metrics=self.metrics,
            poll_s=poll_s,
            pace_s=pace_s,
            at_once_max=3,
            random=Random(1),
        )

    @asynccontextmanager
    async def worker(
        self, name: str, work: Work | None = None, *, poll_s: float = NEVER_S, pace_s: float = 0.0
    ) -> AsyncIterator[Worker]:
        """A worker at work, whose first round is over."""
        made = self.make(name, work, poll_s=poll_s, pace_s=pace_s)
        task = asyncio.create_task(made.run())
        await process.until(lambda: len(self.signals._listeners) > 0, within_s=LONG_S, awaited="it listens")
        await asyncio.sleep(0)
        try:
            yield made
        finally:
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()

    def said(self, event: str) -> list[dict[str, object]]:
        lines = [json.loads(line) for line in self.out.getvalue().splitlines()]
        return [line for line in lines if line["event"] == event]

    async def rests(self, worker: Worker) -> None:
        """Wait until a look at the worker finds nothing left open."""

        def looked() -> bool:
            worker.look()
            return self.age_s() == 0

        await process.until(looked, within_s=LONG_S, awaited="nothing is left open")

    def age_s(self) -> float:
        return self.reading("homeport_follower_age_seconds", follower=FOLLOWER)

    def reading(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
async def house() -> House:
    made = House()
    for tenant in ("acme", "other"):
        await made.store.create(tenant, id=tenant, epoch="first", now_ms=0)
    return made


async def test_a_signal_brings_the_worker_at_once(house: House) -> None:
    async with house.worker("one"):
        await house.commit("acme")
        await house.counts("acme", 1)
        await house.commit("acme")
        await house.commit("other")
        await house.counts("acme", 2)
        await house.counts("other", 1)


async def test_the_first_round_finds_what_was_committed_while_nobody_worked(house: House) -> None:
    for _ in range(3):
        await house.commit("other", signal=False)
    async with house.worker("one"):
        await house.counts("other", 3)


@pytest.mark.promise("I13")
async def test_the_poll_finds_what_no_signal_told_of(house: House) -> None:
    async with house.worker("one", poll_s=0.01):
        await house.counts("acme", 0)
        await house.commit("acme", signal=False)
        await house.counts("acme", 1)


async def test_a_hundred_tenants_and_three_workers_count_everything_once(house: House) -> None:
    tenants = [f"tenant {number}" for number in range(100)]
    for tenant in tenants:
        await house.store.create(tenant, id=tenant, epoch="first", now_ms=0)
    count = counting(house.store)

    async def as_over_a_network(lease: Lease, entries: Sequence[LogEntry]) -> Lease:
        await asyncio.sleep(0)
        return await count(lease, entries)

    works = (house.worker(name, as_over_a_network) for name in ("one", "two", "three"))
    async with AsyncExitStack() as stack:
        for work in works:
            await stack.enter_async_context(work)
        for _ in range(5):
            for tenant in tenants:
                await house.commit(tenant)
        for tenant in tenants:
            await house.counts(tenant, 5)
        assert len({house.holder(tenant) for tenant in tenants}) == 3, "the work is spread"


async def test_many_small_commits_become_one_piece_of_work(house: House) -> None:
    pieces: list[int] = []

    async def work(tenant: str, entries: Sequence[LogEntry]) -> None:
        pieces.append(len(entries))

    async with house.worker("one", at_least_once(house.store, work), pace_s=0.05):
        for _ in range(100):
            await house.commit("acme")
            await asyncio.sleep(0)
        await process.until(lambda: sum(pieces) == 100, within_s=LONG_S, awaited="all of them are done")
    assert len(pieces) < 50


async def test_a_worker_that_ends_gives_its_leases_back_and_the_next_goes_on_at_once(house: House) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()
    count = counting(house.store)

    async def slow(lease: Lease, entries: Sequence[LogEntry]) -> Lease:
        began.set()
        await go_on.wait()
        return await count(lease, entries)

    async with AsyncExitStack() as stays:
        async with house.worker("goes", slow):
            await house.commit("acme")
            await began.wait()
            await stays.enter_async_context(house.worker("stays"))
            await house.commit("other")
            await house.counts("other", 1)
            assert house.holder("acme") == "goes"
            go_on.set()
            await house.counts("acme", 1)
            await house.commit("acme", signal=False)
        await house.counts("acme", 2)
        assert house.holder("acme") == "stays"


async def test_a_worker_that_did_not_get_the_lease_leaves_the_tenant_alone_until_it_may_be_free(house: House) -> None:
    lease = await house.store.lease("acme", FOLLOWER, "another", 600_000)
    assert lease is not None
    asked: list[str] = []
    lease_of = house.store.lease

    async def counted(tenant: str, follower: str, holder: str, ttl_ms: int) -> Lease | None:
        asked.append(tenant)
        return await lease_of(tenant, follower, holder, ttl_ms)

    house.store.lease = counted  # type: ignore[method-assign]
    async with house.worker("one"):
        for _ in range(5):
            await house.commit("acme")
            await house.commit("other")
            await house.counts("other", house.store._log("other").head)
        assert asked.count("acme") == 1
        await house.store.give_back(lease)
        house.signals.publish(EVERY_TENANT, 0)
        await house.counts("acme", 5)


async def test_trouble_with_one_tenant_is_logged_counted_and_tried_again_and_stops_no_other(house: House) -> None:
    failing = True

    async def work(tenant: str, _entries: Sequence[LogEntry]) -> None:
        if failing and tenant == "acme":
            raise Unavailable

    follow = at_least_once(house.store, work)
    async with house.worker("one", follow):
        await house.commit("acme")
        await house.commit("other")
        await process.until(lambda: bool(house.said("follower failed")), within_s=LONG_S, awaited="the complaint")
        said = house.said("follower failed")[0]
        assert (said["tenant"], said["follower"], said["error"]) == ("acme", FOLLOWER, "UNAVAILABLE")
        await process.until(
            lambda: house.store._place("other", FOLLOWER).position == 1, within_s=LONG_S, awaited="the other tenant"
        )
        assert house.reading("homeport_follower_errors_total", follower=FOLLOWER, code="UNAVAILABLE") >= 1
        assert house.reading("homeport_follower_lag_positions", follower=FOLLOWER) == 1
        assert house.reading("homeport_follower_age_seconds", follower=FOLLOWER) == 5
        failing = False
        await process.until(
            lambda: house.store._place("acme", FOLLOWER).position == 1, within_s=LONG_S, awaited="the next try"
        )
        assert house.reading("homeport_follower_lag_positions", follower=FOLLOWER) == 0


async def test_a_worker_looks_by_itself_though_nothing_happens() -> None:
    house = House()
    async with house.worker("one"):
        assert house.metrics.registry.get_sample_value("homeport_follower_age_seconds", {"follower": FOLLOWER}) == 0


async def test_a_follower_that_hangs_grows_old_for_all_to_see_until_it_goes_on(house: House) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def hangs(_tenant: str, _entries: Sequence[LogEntry]) -> None:
        began.set()
        await go_on.wait()

    async with house.worker("one", at_least_once(house.store, hangs)) as worker:
        await house.commit("acme")
        await began.wait()
        for age_s in (0, 90, 180):
            worker.look()
            assert house.age_s() == age_s
            house.now_ms += 90_000
        go_on.set()
        await house.rests(worker)


async def test_a_follower_that_cannot_even_ask_where_it_stands_grows_old_too(house: House) -> None:
    answers = house.store.place

    async def fails(_tenant: str, _follower: str) -> int:
        raise ConnectionError

    async with house.worker("one") as worker:
        house.store.place = fails  # type: ignore[assignment,method-assign]
        await house.commit("acme")
        await process.until(lambda: bool(house.said("follower failed")), within_s=LONG_S, awaited="the complaint")
        worker.look()
        house.now_ms += 90_000
        worker.look()
        assert house.age_s() == 90
        house.store.place = answers  # type: ignore[method-assign]
        await house.counts("acme", 1)
        await house.rests(worker)


async def test_a_log_that_another_worker_follows_does_not_grow_old_here(house: House) -> None:
    assert await house.store.lease("acme", FOLLOWER, "another", LONG_MS)
    async with house.worker("one") as worker:
        await house.commit("acme")
        await house.commit("other")
        await house.counts("other", 1)
        for _ in range(2):
            worker.look()
            assert house.age_s() == 0
            house.now_ms += 90_000


async def test_what_is_under_way_when_it_ends_is_finished_first(house: House) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_tenant: str, _entries: Sequence[LogEntry]) -> None:
        began.set()
        await go_on.wait()

    async with house.worker("one", at_least_once(house.store, slow)):
        await house.commit("acme")
        await began.wait()
        asyncio.get_running_loop().call_later(0.01, go_on.set)
    assert house.store._place("acme", FOLLOWER).position == 1
    assert not house.holder("acme"), "and its lease is given back after that"


async def test_leases_that_cannot_be_given_back_are_told_of_and_run_out_by_themselves(house: House) -> None:
    async def fails(lease: Lease) -> None:
        raise Unavailable(f"not even {lease.tenant}")

    async with house.worker("one"):
        await house.commit("acme")
        await house.counts("acme", 1)
        house.store.give_back = fails  # type: ignore[method-assign]
    assert house.said("leases not given back")[0]["error"] == "UNAVAILABLE"


async def test_a_roster_that_cannot_be_read_is_read_again(house: House) -> None:
    broken = house.store.tenants

    async def fails(after: str, limit: int) -> Sequence[object]:
        house.store.tenants = broken  # type: ignore[method-assign]
        raise ConnectionError

    house.store.tenants = fails  # type: ignore[assignment,method-assign]
    await house.commit("acme", signal=False)
    async with house.worker("one", poll_s=0.01):
        await house.counts("acme", 1)
    assert house.said("work delayed")


def test_a_hand_that_something_else_cancels_ends_the_worker() -> None:
    async def scene() -> None:
        house = House()
        await house.store.create("acme", id="acme", epoch="first", now_ms=0)
        await house.commit("acme", signal=False)

        async def work(tenant: str, entries: Sequence[LogEntry]) -> None:
            raise asyncio.CancelledError

        with pytest.raises(ExceptionGroup, match="TaskGroup") as told:
            async with asyncio.timeout(LONG_S):
                await house.make("one", at_least_once(house.store, work)).run()
        assert "cancelled" in str(told.value.exceptions[0])

    clock.run(scene())
