"""What the app does after a write, in a process's workers: beside each other, told of in metrics and log, in its time.

In virtual time: an hour of pauses and schedules costs what happens in it.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise

import pytest

from homeport_client.fleet import clock
from homeport_server.followers.app_work import PAUSE_LONGEST_S, SCHEDULE_POLL_S, AppWork
from homeport_server.observe import make_log
from homeport_server.observe.metrics import Metrics
from homeport_server.settings import Settings
from homeport_sync import App, Entry, Moment
from homeport_sync.errors import Unavailable
from homeport_sync.memory import MemoryStore
from homeport_sync.signals import LocalSignals
from tests.unit.sync.afterwards import OTHER, TENANT, commit, logged, new_app, new_store

HOUR_S = 3_600.0
SOON_S = 5.0
SECRET = "milk for Ana"


class House:
    """One process that works for an app, on a store in memory."""

    def __init__(self, app: App, store: MemoryStore) -> None:
        self.app = app
        self.store = store
        self.signals = LocalSignals()
        self.out = io.BytesIO()
        self.metrics = Metrics()
        self.heads: dict[str, int] = {}

    async def write(self, tenant: str = TENANT) -> None:
        head = self.heads.get(tenant, 0) + 1
        self.heads[tenant] = await commit(self.store, [logged(head, at_ms=clock.now_ms())], tenant)
        self.signals.publish(tenant, head)

    @asynccontextmanager
    async def working(self, holder: str = "one") -> AsyncIterator[None]:
        """All of the app's work runs."""
        work = AppWork(
            app=self.app,
            settings=Settings(),
            store=self.store,
            signals=self.signals,
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

    def said(self, event: str) -> list[dict[str, object]]:
        lines = [json.loads(line) for line in self.out.getvalue().splitlines()]
        return [line for line in lines if line["event"] == event]

    def reading(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"homeport_{name}", labels) or 0.0


def play(scene: Callable[[House], Awaitable[None]]) -> None:
    """In virtual time, with an app of its own."""

    async def main() -> None:
        await scene(House(new_app(), await new_store(TENANT, OTHER)))

    clock.run(main())


def test_a_write_is_told_at_once_in_the_process_that_has_just_begun() -> None:
    async def scene(house: House) -> None:
        given: list[str] = []

        @house.app.follower
        async def tell(entry: Entry) -> None:
            given.append(f"{entry.tenant} {entry.position}")

        async with house.working():
            await house.write()
            await asyncio.sleep(SOON_S)
            await house.write(OTHER)
            await house.write()
            await asyncio.sleep(SOON_S)
        assert sorted(given) == ["acme 1", "acme 2", "other 1"]
        assert house.reading("follower_done_total", follower="app:tell", result="done") == 3
        assert house.reading("follower_success_time_seconds", follower="app:tell") > clock.START_MS / 1_000
        assert house.reading("follower_lag_positions", follower="app:tell") == 0

    play(scene)


def test_a_new_follower_is_not_told_of_the_past_unless_it_asks_for_it() -> None:
    async def scene(house: House) -> None:
        new: list[int] = []
        whole: list[int] = []

        @house.app.follower
        async def from_now(entry: Entry) -> None:
            new.append(entry.position)

        @house.app.follower(from_start=True)
        async def from_the_start(entry: Entry) -> None:
            whole.append(entry.position)

        for _ in range(3):
            await house.write()
        await asyncio.sleep(1)
        async with house.working():
            await house.write()
            await asyncio.sleep(SOON_S)
        await house.write()  # while nobody works
        async with house.working("two"):
            await asyncio.sleep(SOON_S)
        assert (new, whole) == ([4, 5], [1, 2, 3, 4, 5])

    play(scene)


def test_what_was_written_while_no_worker_ran_is_not_skipped_even_if_the_follower_had_done_nothing_yet() -> None:
    async def scene(house: House) -> None:
        given: list[int] = []

        @house.app.follower
        async def tell(entry: Entry) -> None:
            given.append(entry.position)

        async with house.working():
            pass
        await house.store.create("late", id="late", epoch="first", now_ms=clock.now_ms())
        await house.write("late")
        await asyncio.sleep(HOUR_S)
        async with house.working("two"):
            await asyncio.sleep(SOON_S)
        assert given == [1]

    play(scene)


@pytest.mark.promise("I13")
def test_one_that_fails_or_hangs_for_every_tenant_blocks_no_other_follower() -> None:
    async def scene(house: House) -> None:
        given: list[str] = []

        @house.app.follower
        async def fails(_entry: Entry) -> None:
            raise ConnectionError(SECRET)

        @house.app.follower
        async def hangs(_entry: Entry) -> None:
            await asyncio.Event().wait()

        @house.app.follower
        async def tell(entry: Entry) -> None:
            given.append(f"{entry.tenant} {entry.position}")

        tenants = [f"tenant {number}" for number in range(10)]
        for tenant in tenants:
            await house.store.create(tenant, id=tenant, epoch="first", now_ms=0)
        async with house.working():
            for tenant in tenants:
                await house.write(tenant)
            await asyncio.sleep(SOON_S)
            assert sorted(given) == [f"{tenant} 1" for tenant in tenants]

    play(scene)


def test_a_failing_entry_is_shown_and_told_of_once_in_full_without_what_is_in_it() -> None:
    async def scene(house: House) -> None:
        times: list[float] = []
        broken = True

        @house.app.follower
        async def tell(entry: Entry) -> None:
            if entry.tenant == TENANT:
                times.append(asyncio.get_running_loop().time())
                if broken:
                    raise ConnectionError("the other system is away")

        async with house.working():
            await house.write()
            await house.write(OTHER)
            await asyncio.sleep(HOUR_S)
            first, *others = house.said("follower failed")
            where = {"follower": "app:tell", "tenant": TENANT, "position": 1, "request_id": "request 1"}
            assert where.items() <= first.items()
            assert "ConnectionError: the other system is away" in str(first["exception"])
            assert others
            assert not any("exception" in each for each in others)
            assert b"title 1" not in house.out.getvalue()
            failures = house.reading("follower_errors_total", follower="app:tell", code="FOLLOWER_FAILED")
            assert failures == len(times) == 1 + len(others)
            assert house.reading("follower_lag_positions", follower="app:tell") == 1
            assert house.reading("follower_age_seconds", follower="app:tell") == pytest.approx(HOUR_S, rel=0.1)
            pauses = [b - a for a, b in pairwise(times)]
            assert max(pauses) <= PAUSE_LONGEST_S + 1
            assert pauses[0] < 1 < PAUSE_LONGEST_S / 2 < pauses[-1]
            broken = False
            await asyncio.sleep(PAUSE_LONGEST_S)
            assert await house.store.place(TENANT, "app:tell") == 1
            assert house.reading("follower_lag_positions", follower="app:tell") == 0
            assert house.reading("follower_age_seconds", follower="app:tell") == 0

    play(scene)


def test_one_that_gets_on_between_its_failures_does_not_wait_longer_and_longer() -> None:
    async def scene(house: House) -> None:
        tries: list[int] = []

        @house.app.follower
        async def tell(entry: Entry) -> None:
            tries.append(entry.position)
            if tries.count(entry.position) == 1:
                raise ConnectionError

        async with house.working():
            for _ in range(60):
                await house.write()
            await asyncio.sleep(60)
            assert await house.store.place(TENANT, "app:tell") == 60

    play(scene)


def test_what_is_given_up_is_counted_and_logged() -> None:
    async def scene(house: House) -> None:
        @house.app.follower(give_up_after=2)
        async def tell(entry: Entry) -> None:
            if entry.position == 1:
                raise ConnectionError

        async with house.working():
            await house.write()
            await house.write()
            await asyncio.sleep(SOON_S)
        (said,) = house.said("follower gave up")
        assert {"follower": "app:tell", "tenant": TENANT, "position": 1, "tries": 2}.items() <= said.items()
        assert "ConnectionError" in str(said["exception"])
        assert house.reading("follower_done_total", follower="app:tell", result="given_up") == 1
        assert house.reading("follower_done_total", follower="app:tell", result="done") == 1
        assert house.reading("follower_errors_total", follower="app:tell", code="FOLLOWER_FAILED") == 2

    play(scene)


def test_a_store_that_is_away_at_the_start_costs_no_entry() -> None:
    async def scene(house: House) -> None:
        given: list[int] = []
        began_ms = house.store.began_ms

        @house.app.follower
        async def tell(entry: Entry) -> None:
            given.append(entry.position)

        async def away(follower: str, now_ms: int) -> int:
            house.store.began_ms = began_ms  # type: ignore[method-assign]
            raise Unavailable

        house.store.began_ms = away  # type: ignore[method-assign]
        async with house.working():
            await house.write()
            await asyncio.sleep(SOON_S)
        assert given == [1]
        assert house.said("work delayed")

    play(scene)


def test_a_schedule_is_called_for_each_tenant_in_time_by_one_of_two_processes() -> None:
    async def scene(house: House) -> None:
        called: list[str] = []
        late_s: list[float] = []

        @house.app.schedule(every=timedelta(hours=1))
        async def hourly(moment: Moment) -> None:
            called.append(f"{moment.tenant} {moment.due:%H:%M}")
            late_s.append(clock.now_ms() / 1_000 - moment.due.timestamp())

        async with house.working(), house.working("two"):
            await asyncio.sleep(2.5 * HOUR_S)
        await asyncio.sleep(3 * HOUR_S)
        async with house.working("three"):
            await asyncio.sleep(SCHEDULE_POLL_S)
        assert sorted(called) == [f"{tenant} {at}:00" for tenant in (TENANT, OTHER) for at in ("01", "02", "05")]
        assert max(late_s[:4]) <= SCHEDULE_POLL_S + 1
        assert house.reading("follower_done_total", follower="schedule:hourly", result="done") == 6

    play(scene)


def test_a_schedule_that_fails_is_shown_grows_old_and_is_called_again() -> None:
    async def scene(house: House) -> None:
        tries: list[str] = []
        failing = True

        @house.app.schedule(every=timedelta(hours=1))
        async def hourly(moment: Moment) -> None:
            tries.append(f"{moment.due:%H:%M}")
            if failing and moment.tenant == TENANT:
                raise ConnectionError

        async with house.working():
            await asyncio.sleep(1.5 * HOUR_S)
            first = house.said("follower failed")[0]
            assert {"follower": "schedule:hourly", "tenant": TENANT, "tries": 1}.items() <= first.items()
            assert str(first["due"]).endswith("01:00:00+00:00")
            assert house.reading("follower_age_seconds", follower="schedule:hourly") > HOUR_S / 3
            failing = False
            await asyncio.sleep(PAUSE_LONGEST_S + SOON_S)
            assert house.reading("follower_age_seconds", follower="schedule:hourly") == 0
            assert set(tries) == {"01:00"}

    play(scene)


def test_the_leases_of_all_followers_are_added() -> None:
    async def scene(house: House) -> None:
        @house.app.follower
        async def one(_entry: Entry) -> None: ...

        @house.app.follower
        async def two(_entry: Entry) -> None: ...

        async with house.working():
            await house.write()
            await house.write(OTHER)
            await asyncio.sleep(SOON_S)
            assert house.reading("leases_held") == 4

    play(scene)
