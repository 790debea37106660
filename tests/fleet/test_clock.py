"""Virtual time: it jumps, it never stands still unnoticed, and streams of a seed do not disturb each other."""

import asyncio

import pytest

from homeport_client.fleet.clock import DAY_MS, START_MS, Deadlock, WallClock, now_ms, run
from homeport_client.fleet.seed import Seed, happens


def test_a_year_passes_at_once_and_in_order() -> None:
    seen: list[int] = []

    async def sleeper(days: int) -> None:
        await asyncio.sleep(days * 86_400)
        seen.append(days)

    async def year() -> int:
        await asyncio.gather(*(sleeper(days) for days in (365, 7, 30)))
        return now_ms()

    assert run(year()) == START_MS + 365 * DAY_MS
    assert seen == [7, 30, 365]


def test_what_is_due_at_the_same_moment_comes_in_the_order_in_which_it_was_set() -> None:
    async def due_at_once(others: int) -> list[int]:
        loop, seen = asyncio.get_running_loop(), list[int]()
        for number in range(others):
            loop.call_at(1 + number / 10, list)
        for number in range(20):
            loop.call_at(5.0, seen.append, number)
        await asyncio.sleep(10)
        return seen

    assert all(run(due_at_once(others)) == list(range(20)) for others in range(30))


def test_waiting_for_nothing_is_told_with_the_name_of_who_waits() -> None:
    async def wait_for_nothing() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Deadlock, match=r"wait for ever: .*wait_for_nothing"):
        run(wait_for_nothing())


def test_a_wall_clock_is_wrong_by_its_skew_and_jumps_when_it_is_set() -> None:
    wall = WallClock(skew_ms=-5_000, true_ms=lambda: 1_000_000)
    assert wall() == 995_000
    wall.jump(DAY_MS)
    assert wall() == 995_000 + DAY_MS


def test_a_stream_is_the_same_whatever_else_is_drawn_from_the_seed() -> None:
    alone = Seed(7).stream("phone", 3).random()
    seed = Seed(7)
    seed.stream("phone", 2).random()
    assert seed.stream("phone", 3).random() == alone
    assert Seed(8).stream("phone", 3).random() != alone
    assert seed.stream("phone", 31).random() != alone


def test_a_rate_of_nothing_never_strikes_and_one_of_all_always_does() -> None:
    chance = Seed(1).stream("rates")
    assert not any(happens(chance, 0.0) for _ in range(1_000))
    assert all(happens(chance, 1.0) for _ in range(1_000))
