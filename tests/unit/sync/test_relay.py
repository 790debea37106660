"""The relay over a wire made by hand: one text at a time, the newest wins, and what was lost is made good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from random import Random

import msgspec
import pytest

from homeport_sync.ports import EVERY_TENANT
from homeport_sync.relay import Hear, Relay, Wire, unheard

LONG_S = 20.0


class Cable:
    """A wire that takes one text when it is let, and breaks when it is told to."""

    def __init__(self) -> None:
        self.sent: list[dict[str, int]] = []
        self.under_way = 0
        self.most_under_way = 0
        self.may_send = asyncio.Event()
        self.may_send.set()
        self.broken = asyncio.Event()
        self.refusing = 0
        self.hear: Hear = lambda _: None

    @asynccontextmanager
    async def connect(self, hear: Hear) -> AsyncIterator[Wire]:
        if self.refusing:
            self.refusing -= 1
            raise ConnectionRefusedError
        self.hear = hear
        self.broken.clear()
        yield self

    async def send(self, text: bytes) -> None:
        self.under_way += 1
        self.most_under_way = max(self.under_way, self.most_under_way)
        try:
            await self.may_send.wait()
            if self.broken.is_set():
                raise ConnectionResetError
        finally:
            self.under_way -= 1
        assert len(text) <= 200
        self.sent.append(msgspec.json.decode(text)[1])
        self.hear(text)  # a wire brings one's own words too

    async def lost(self) -> None:
        await self.broken.wait()


def made(changed: Callable[[bool], None] = unheard) -> Relay:
    return Relay("me", 200, Random(1), changed)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG_S):
        while not condition():  # noqa: ASYNC110  # what makes it true tells nobody
            await asyncio.sleep(0)


async def test_one_text_is_under_way_and_what_comes_meanwhile_is_the_next() -> None:
    cable = Cable()
    cable.may_send.clear()
    async with made().over(cable.connect) as relay:
        relay.publish("acme", 1)
        await until(lambda: cable.under_way == 1)
        for position in range(2, 50):
            relay.publish("acme", position)
        relay.publish("other", 3)
        cable.may_send.set()
        await until(lambda: len(cable.sent) == 2)
    assert cable.sent == [{"acme": 1}, {"acme": 49, "other": 3}]
    assert cable.most_under_way == 1


async def test_ones_own_echo_is_no_news_and_anothers_word_is() -> None:
    cable = Cable()
    async with made().over(cable.connect) as relay, relay.listen() as heard:
        await until(relay.connected)
        assert await anext(heard) == (EVERY_TENANT, 0)
        relay.publish("acme", 1)
        assert await anext(heard) == ("acme", 1)
        await until(lambda: bool(cable.sent))
        cable.hear(b'["another",{"other":2}]')
        assert await anext(heard) == ("other", 2)


async def test_words_that_are_none_of_ours_are_passed_over() -> None:
    cable = Cable()
    async with made().over(cable.connect) as relay, relay.listen() as heard:
        await until(relay.connected)
        assert await anext(heard) == (EVERY_TENANT, 0)
        for text in (
            b"",
            b"hello",
            b"[]",
            b'["another"]',
            b'["another",{"acme":"x"}]',
            b"\xff",
            b'["another",{},' + b"[" * 5_000,
        ):
            cable.hear(text)
        cable.hear(b'["another",{"acme":2}]')
        assert await anext(heard) == ("acme", 2)


async def test_a_text_that_was_under_way_when_the_wire_broke_is_sent_again() -> None:
    cable = Cable()
    cable.may_send.clear()
    changes: list[bool] = []
    async with made(changes.append).over(cable.connect) as relay:
        relay.publish("acme", 7)
        await until(lambda: cable.under_way == 1)
        cable.broken.set()
        await until(lambda: not relay.connected())
        relay.publish("other", 1)
        cable.may_send.set()
        await until(lambda: bool(cable.sent))
    assert dict(each for sent in cable.sent for each in sent.items()) == {"acme": 7, "other": 1}
    assert changes == [True, False, True]


async def test_a_wire_is_tried_for_ever_and_its_listeners_are_told_each_time_it_is_up() -> None:
    cable = Cable()
    cable.refusing = 2
    async with made().over(cable.connect) as relay, relay.listen() as heard:
        assert not relay.connected()
        assert await anext(heard) == (EVERY_TENANT, 0)
        assert relay.connected()
        cable.broken.set()
        assert await anext(heard) == (EVERY_TENANT, 0)


async def test_a_wire_that_was_never_up_is_told_once_and_its_loss_each_time() -> None:
    told: list[bool] = []
    cable, relay = Cable(), made(told.append)
    cable.refusing = 3
    async with relay.over(cable.connect), relay.listen() as heard:
        assert await anext(heard) == (EVERY_TENANT, 0)
        assert told == [False, True]
        cable.broken.set()
        assert await anext(heard) == (EVERY_TENANT, 0)
        assert told == [False, True, False, True]


async def test_leaving_says_what_is_left_but_waits_for_no_broken_wire() -> None:
    cable = Cable()
    async with made().over(cable.connect) as relay:
        await until(relay.connected)
        relay.publish("acme", 1)
    assert cable.sent == [{"acme": 1}]
    cable.refusing = 1_000
    async with made().over(cable.connect) as relay:
        relay.publish("acme", 2)
    assert cable.sent == [{"acme": 1}]


async def test_leaving_waits_for_the_text_that_is_under_way_and_for_all_behind_it() -> None:
    class Slow(Cable):
        async def send(self, text: bytes) -> None:
            await asyncio.sleep(0)
            await super().send(text)

    cable = Slow()
    cable.may_send.clear()
    told = {f"tenant {index:02}": index for index in range(1, 31)}  # more than two texts hold

    async def leave() -> None:
        async with made().over(cable.connect) as relay:
            relay.publish("tenant 00", 1)
            await until(lambda: cable.under_way == 1)
            for tenant, position in told.items():
                relay.publish(tenant, position)

    leaving = asyncio.create_task(leave())
    await until(lambda: cable.under_way == 1)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not leaving.done()
    cable.may_send.set()
    await leaving
    assert len(cable.sent) > 3
    assert dict(each for sent in cable.sent for each in sent.items()) == {"tenant 00": 1, **told}


async def test_leaving_waits_for_the_last_text_though_nothing_is_behind_it() -> None:
    cable = Cable()
    cable.may_send.clear()

    async def leave() -> None:
        async with made().over(cable.connect) as relay:
            relay.publish("acme", 1)
            await until(lambda: cable.under_way == 1)

    leaving = asyncio.create_task(leave())
    await until(lambda: cable.under_way == 1)
    for _ in range(10):
        await asyncio.sleep(0)
    cable.may_send.set()
    await leaving
    assert cable.sent == [{"acme": 1}]


@pytest.mark.parametrize("comes_up", [True, False])
async def test_it_ends_though_the_library_of_its_wire_has_lost_that_it_was_told_to(comes_up: bool) -> None:
    connecting, ups = asyncio.Event(), list[bool]()

    @asynccontextmanager
    async def connect(_hear: Hear) -> AsyncIterator[Wire]:
        connecting.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        if not comes_up:
            raise ConnectionRefusedError
        yield Cable()

    async with asyncio.timeout(LONG_S), made(ups.append).over(connect):
        await connecting.wait()
    assert ups == []
