"""Long pushes are read in turn: the loop is free again after so many changes, and nobody waits for a flood's bytes."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from homeport_sync.change import encode
from homeport_sync.errors import TooLarge
from homeport_sync.limits import Limits
from homeport_sync.pace import Pace
from homeport_sync.reading import Reading
from homeport_sync.wire import read_changes
from tests.unit.sync.tasks import Phone

LIMITS = Limits(read_changes_max=10, read_at_once_max=2)


def raw(index: int, changes: int) -> list[msgspec.Raw]:
    phone = Phone(user="x", index=index)
    return [msgspec.Raw(encode(phone.make_root()).encode()) for _ in range(changes)]


class Watched(Reading):
    """Remembers in which turn of the loop each tenant's pushes were read to their end."""

    def __init__(self) -> None:
        super().__init__(LIMITS)
        self.turn = 0
        self.ended: list[tuple[str, int]] = []

    async def count(self) -> None:
        while True:
            self.turn += 1
            await asyncio.sleep(0)

    async def read(self, tenant: str, changes: list[msgspec.Raw]) -> None:
        began = self.turn
        assert await self.changes(tenant, changes) == read_changes(changes, LIMITS)
        self.ended.append((tenant, self.turn - began))


async def watched(*pushes: tuple[str, int]) -> list[tuple[str, int]]:
    """Which tenant's push was read when: all arrive in one turn of the loop."""
    reading = Watched()
    counting = asyncio.create_task(reading.count())
    await asyncio.sleep(0)
    arrived = [(tenant, raw(index, changes)) for index, (tenant, changes) in enumerate(pushes, 1)]
    await asyncio.gather(*(reading.read(tenant, changes) for tenant, changes in arrived))
    counting.cancel()
    return reading.ended


async def test_a_lone_push_is_read_at_once() -> None:
    assert await watched(("a", 10)) == [("a", 0)]


async def test_a_short_push_never_waits_behind_long_ones() -> None:
    ended = await watched(*[("flood", 40)] * 32, ("b", 2))
    assert ended[0] == ("b", 0)


async def test_a_turn_of_the_loop_reads_so_many_changes_and_no_more() -> None:
    ended = await watched(*[("a", 20)] * 8)
    assert ended[-1][1] >= 8 * 20 / LIMITS.read_changes_max


async def test_what_fits_into_the_turn_is_read_in_it_and_the_rest_waits() -> None:
    assert [turn > 0 for _, turn in await watched(("a", 6), ("b", 4), ("c", 4))] == [False, False, True]


async def test_tenants_take_turns_and_one_long_push_does_not_wait_for_all_of_a_flood() -> None:
    ended = await watched(*[("flood", 40)] * 10, ("b", 40))
    assert ended.index(next(each for each in ended if each[0] == "b")) <= 1


async def test_a_part_is_charged_once_and_leaves_the_other_half_of_its_turn_to_a_newcomer() -> None:
    reading = Reading(LIMITS)
    long = asyncio.create_task(reading.changes("a", raw(1, 15)))
    rooms = []
    while not long.done():
        await asyncio.sleep(0)
        rooms.append(reading._room)
    half = LIMITS.read_changes_max // 2
    assert rooms.count(half) >= 3
    assert min(rooms) == half


async def test_a_push_that_leaves_while_it_waits_takes_no_turn() -> None:
    reading = Reading(LIMITS)
    leaves = asyncio.create_task(reading.changes("a", raw(1, 40)))
    stays = asyncio.create_task(reading.changes("a", raw(2, 40)))
    await asyncio.sleep(0)
    leaves.cancel()
    assert len(await stays) == 40
    assert leaves.cancelled()
    assert not reading._waiting


async def test_a_push_over_its_limit_is_refused_before_it_is_read() -> None:
    reading = Reading(Limits(push_changes_max=3))
    with pytest.raises(TooLarge):
        await reading.changes("a", raw(1, 4))
    assert not reading._resets


def test_a_pace_is_learnt_from_whole_windows_of_work_and_not_from_idle_time() -> None:
    pace = Pace()
    pace.begin(100.0)
    for _ in range(10):
        pace.finished(1, 100.01)
    assert pace.each_s is None
    pace.finished(10, 100.1)
    assert pace.each_s == pytest.approx(0.005)
    pace.begin(200.0)
    pace.finished(2, 200.9)
    assert pace.each_s == pytest.approx(0.005)
    pace.finished(8, 201.0)
    assert pace.each_s == pytest.approx(0.005 + (0.1 - 0.005) * 0.3)
