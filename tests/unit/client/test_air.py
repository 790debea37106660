"""Where there is no air a call fails at once, and one that is under way when it goes gets no answer."""

from __future__ import annotations

import asyncio

import pytest

from homeport_client import Unreachable
from homeport_client.fleet.live.air import Air


class Called:
    """A call that is answered when the test says so."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()
        self.begun = 0
        self.ended = 0

    async def __call__(self) -> str:
        self.begun += 1
        try:
            await self.answered.wait()
        finally:
            self.ended += 1
        return "answer"


async def under_way(air: Air, call: Called) -> asyncio.Task[str]:
    task = asyncio.create_task(air.through(call))
    await asyncio.sleep(0)
    assert (call.begun, call.ended) == (1, 0)
    return task


async def test_a_call_brings_its_answer_as_long_as_there_is_air() -> None:
    air, call = Air(), Called()
    task = await under_way(air, call)
    call.answered.set()
    assert await task == "answer"
    air.go()
    air.come()
    assert await air.through(call) == "answer"


async def test_what_is_under_way_gets_no_answer_and_is_over_when_that_is_told() -> None:
    air, calls = Air(), [Called(), Called()]
    tasks = [await under_way(air, call) for call in calls]
    air.go()
    air.go()
    for task in tasks:
        with pytest.raises(Unreachable):
            await task
    assert [call.ended for call in calls] == [1, 1]
    nothing = Called()
    with pytest.raises(Unreachable):
        await air.through(nothing)
    assert nothing.begun == 0, "nothing is sent"


async def test_what_is_called_after_a_drop_goes_through() -> None:
    air, call = Air(), Called()
    task = await under_way(air, call)
    air.drop()
    with pytest.raises(Unreachable):
        await task
    call.answered.set()
    assert await air.through(call) == "answer"
