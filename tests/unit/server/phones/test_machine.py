"""The machine waits for what writes into its directory, however it is told to stop."""

from __future__ import annotations

import asyncio

import pytest

from homeport_server.phones.machine import _to_its_end


async def test_a_program_that_writes_is_waited_for_also_when_we_are_cancelled() -> None:
    over, done = asyncio.Event(), list[str]()

    async def program() -> str:
        await over.wait()
        done.append("written")
        return "made"

    waiting = asyncio.create_task(_to_its_end(program()))
    await asyncio.sleep(0)
    waiting.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    over.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert done == ["written"]
    assert await _to_its_end(program()) == "made"
