"""Questions of one turn of the loop go together, each key once, and fail together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from homeport_server.edge.batches import Batches


class Loads:
    """What was asked, at once; it knows every number but 7."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    async def __call__(self, keys: Sequence[int]) -> Mapping[int, str]:
        self.asked.append(list(keys))
        await asyncio.sleep(0)
        if 13 in keys:
            raise LookupError(13)
        return {key: str(key) for key in keys if key != 7}


async def test_what_is_asked_in_one_turn_is_loaded_at_once_and_each_key_once() -> None:
    batches, load = Batches(), Loads()
    found = await asyncio.gather(*(batches.ask("n", key, load, keys_max=9) for key in (1, 2, 1, 7)))
    assert found == ["1", "2", "1", None]
    assert load.asked == [[1, 2, 7]]


async def test_what_was_answered_is_asked_again() -> None:
    batches, load = Batches(), Loads()
    for _ in range(2):
        assert await batches.ask("n", 1, load, keys_max=9) == "1"
    assert load.asked == [[1], [1]]


async def test_more_keys_than_fit_make_another_batch() -> None:
    batches, load = Batches(), Loads()
    found = await asyncio.gather(*(batches.ask("n", key, load, keys_max=2) for key in range(5)))
    assert found == ["0", "1", "2", "3", "4"]
    assert load.asked == [[0, 1], [2, 3], [4]]


async def test_what_is_asked_of_another_is_another_batch() -> None:
    batches, load, other = Batches(), Loads(), Loads()
    await asyncio.gather(batches.ask("n", 1, load, keys_max=9), batches.ask("m", 1, other, keys_max=9))
    assert (load.asked, other.asked) == ([[1]], [[1]])


async def test_all_who_asked_are_told_of_a_failure_but_for_those_who_went() -> None:
    batches, load = Batches(), Loads()
    asked = [batches.ask("n", key, load, keys_max=9) for key in (12, 13, 14)]
    asked[0].cancel()
    for each in asked[1:]:
        with pytest.raises(LookupError):
            await each


async def test_who_went_takes_nothing_from_the_others() -> None:
    batches, load = Batches(), Loads()
    gone, stays = (batches.ask("n", key, load, keys_max=9) for key in (1, 2))
    gone.cancel()
    assert await stays == "2"


async def test_of_several_who_ask_for_one_thing_the_others_are_told_though_one_goes() -> None:
    batches, load = Batches(), Loads()

    async def one() -> object:
        return await batches.ask("n", 1, load, keys_max=9)

    gone, stays = asyncio.create_task(one()), asyncio.create_task(one())
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == "1"
    assert load.asked == [[1]]
