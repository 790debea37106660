"""A schedule's times: each once for each tenant, whoever works; of those that were missed the last, once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from homeport_client.fleet import clock
from homeport_sync import Moment
from homeport_sync.errors import FollowerFailed, FollowerTooSlow
from homeport_sync.follow import Turn
from homeport_sync.memory import MemoryStore
from homeport_sync.schedule import Schedule
from homeport_sync.timekeeper import MOMENT_LONGEST_S, Timekeeper
from tests.unit.sync.afterwards import OTHER, TENANT, Board, new_store

HOUR_MS = 3_600_000
START_MS = 1_795_000_000_000 // HOUR_MS * HOUR_MS + 1_234  # a moment after the hour
LONG_MS = 600_000


class Scene:
    """A store, a clock, and what the schedule was called for."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.board = Board()
        self.now_ms = START_MS
        self.called: list[Moment] = []
        self.failing = False

    async def run(self, moment: Moment) -> None:
        self.called.append(moment)
        if self.failing:
            raise ConnectionError
        await asyncio.sleep(0)

    def keeper(self, holder: str = "one", every: timedelta = timedelta(hours=1)) -> Timekeeper:
        schedule = Schedule(name="hourly", every=every, function=self.run)
        return Timekeeper(schedule, self.store, self.board, holder=holder, ttl_ms=LONG_MS, wall_ms=lambda: self.now_ms)

    def due(self) -> list[datetime]:
        return [each.due for each in self.called]


@pytest.fixture
async def scene() -> Scene:
    return Scene(await new_store(TENANT, OTHER))


def hour(after: int) -> datetime:
    """So many hours after the one in which the scene begins."""
    return datetime.fromtimestamp((START_MS - 1_234) / 1_000, UTC) + timedelta(hours=after)


async def test_it_begins_with_its_next_time_and_is_called_at_each_once(scene: Scene) -> None:
    keeper = scene.keeper()
    for _ in range(8):
        assert await keeper.catch_up(TENANT) is Turn.DONE
        scene.now_ms += HOUR_MS // 4
    assert scene.due() == [hour(1)]
    await keeper.catch_up(TENANT)
    assert scene.due() == [hour(1), hour(2)]
    assert scene.board.well == ["schedule:hourly"] * 2


async def test_each_tenant_has_its_own(scene: Scene) -> None:
    keeper = scene.keeper()
    for tenant in (TENANT, OTHER):
        await keeper.catch_up(tenant)
    scene.now_ms += HOUR_MS
    for tenant in (TENANT, OTHER):
        await keeper.catch_up(tenant)
    assert [each.tenant for each in scene.called] == [TENANT, OTHER]
    assert len({each.key for each in scene.called}) == 2


async def test_times_that_went_by_while_nobody_worked_are_made_up_for_once(scene: Scene) -> None:
    await scene.keeper().catch_up(TENANT)
    scene.now_ms += 5 * HOUR_MS
    restarted = scene.keeper()
    for _ in range(3):
        await restarted.catch_up(TENANT)
    assert scene.due() == [hour(5)]


async def test_a_restart_repeats_nothing(scene: Scene) -> None:
    await scene.keeper().catch_up(TENANT)
    scene.now_ms += HOUR_MS
    for _ in range(3):
        await scene.keeper().catch_up(TENANT)
    assert scene.due() == [hour(1)]


async def test_of_two_workers_one_does_it(scene: Scene) -> None:
    one, two = scene.keeper("one"), scene.keeper("two")
    await one.catch_up(TENANT)
    for after in range(1, 4):
        scene.now_ms += HOUR_MS
        turns = await asyncio.gather(one.catch_up(TENANT), two.catch_up(TENANT))
        assert sorted(turn.name for turn in turns) in (["DONE", "HELD"], ["DONE", "DONE"])
        assert scene.due()[-1] == hour(after)
    assert len(scene.called) == 3
    assert await two.catch_up(TENANT) is Turn.DONE


async def test_what_another_did_between_the_look_and_the_lease_is_not_done_again(scene: Scene) -> None:
    one, two = scene.keeper("one"), scene.keeper("two")
    await one.catch_up(TENANT)
    scene.now_ms += HOUR_MS
    place_of = scene.store.place

    async def overtaken(tenant: str, follower: str) -> int:
        place = await place_of(tenant, follower)
        scene.store.place = place_of  # type: ignore[method-assign]
        await one.catch_up(TENANT)
        return place

    scene.store.place = overtaken  # type: ignore[method-assign]
    assert await two.catch_up(TENANT) is Turn.DONE
    assert scene.due() == [hour(1)]


async def test_what_fails_is_called_again_until_it_goes_well(scene: Scene) -> None:
    keeper = scene.keeper()
    await keeper.catch_up(TENANT)
    scene.now_ms += HOUR_MS
    scene.failing = True
    for tries in (1, 2):
        with pytest.raises(FollowerFailed) as failed:
            await keeper.catch_up(TENANT)
        assert failed.value.values == {"due": hour(1).isoformat(), "tries": tries}
    scene.failing = False
    await keeper.catch_up(TENANT)
    assert scene.due() == [hour(1)] * 3
    assert len({each.key for each in scene.called}) == 1
    await keeper.catch_up(TENANT)
    assert len(scene.called) == 3


async def test_what_fails_past_its_next_time_is_called_for_that_one(scene: Scene) -> None:
    keeper = scene.keeper()
    await keeper.catch_up(TENANT)
    scene.now_ms += HOUR_MS
    scene.failing = True
    with pytest.raises(FollowerFailed):
        await keeper.catch_up(TENANT)
    scene.failing = False
    scene.now_ms += HOUR_MS
    await keeper.catch_up(TENANT)
    assert scene.due() == [hour(1), hour(2)]


async def test_another_interval_goes_on_from_the_same_place(scene: Scene) -> None:
    await scene.keeper().catch_up(TENANT)
    scene.now_ms += HOUR_MS
    await scene.keeper().catch_up(TENANT)
    quarters = scene.keeper(every=timedelta(minutes=15))
    await quarters.catch_up(TENANT)
    assert scene.due() == [hour(1)]
    scene.now_ms += HOUR_MS // 4
    await quarters.catch_up(TENANT)
    assert scene.due()[1:] == [hour(1) + timedelta(minutes=15)]


async def test_a_clock_that_is_set_back_calls_nothing_twice(scene: Scene) -> None:
    keeper = scene.keeper()
    await keeper.catch_up(TENANT)
    scene.now_ms += HOUR_MS
    await keeper.catch_up(TENANT)
    scene.now_ms -= HOUR_MS
    await keeper.catch_up(TENANT)
    assert scene.due() == [hour(1)]


def test_a_run_that_hangs_is_cancelled_and_its_lease_kept_until_then() -> None:
    async def play() -> None:
        scene = Scene(await new_store(TENANT))

        async def hangs(_moment: Moment) -> None:
            await asyncio.Event().wait()

        scene.run = hangs  # type: ignore[assignment,method-assign]
        keeper = scene.keeper()
        await keeper.catch_up(TENANT)
        scene.now_ms += HOUR_MS
        with pytest.raises(FollowerTooSlow):
            await keeper.catch_up(TENANT)
        assert asyncio.get_running_loop().time() == pytest.approx(MOMENT_LONGEST_S)
        assert keeper.leases() == 0

    clock.run(play())
