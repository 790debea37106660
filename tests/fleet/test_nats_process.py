"""NATS as a process: it starts, answers, dies, freezes, and lives again on the same port."""

import asyncio

import nats as client
import pytest
from nats.aio.client import Client

from homeport_client.fleet.live.nats import RealNats
from homeport_client.fleet.live.process import ProcessFailed


async def _round_trip(server: RealNats) -> bytes:
    line: Client = await client.connect(server.url, allow_reconnect=False)
    heard = await line.subscribe("word")
    await line.publish("word", b"there")
    message = await heard.next_msg(timeout=5)
    await line.close()
    return message.data


async def test_it_starts_and_carries_a_message(nats: RealNats) -> None:
    assert await _round_trip(nats) == b"there"


async def test_killed_it_lives_again_on_the_same_port() -> None:
    async with RealNats() as own:
        url = own.url
        for _ in range(3):
            await own.kill()
            assert not own.running
            await own.start()
        assert own.url == url
        assert await _round_trip(own) == b"there"
        assert own.lives == 4


async def test_stopped_it_is_gone_and_starts_again() -> None:
    async with RealNats() as own:
        await own.stop()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", own._port)
        await own.start()
        assert await _round_trip(own) == b"there"


async def test_frozen_it_is_silent_and_thawed_it_goes_on() -> None:
    async with RealNats() as own:
        await own.freeze()
        asked = asyncio.create_task(_round_trip(own))
        await asyncio.sleep(0)
        assert not asked.done()
        own.thaw()
        assert await asked == b"there"


async def test_a_port_that_is_taken_is_told_with_the_last_words() -> None:
    async with RealNats() as own:
        other = RealNats()
        other._port = own._port
        with pytest.raises(ProcessFailed, match="address already in use"):
            await other.start()
        assert not other.running
