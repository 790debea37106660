"""Signals within a process: to all who listen, never waiting, and only the newest position for who is slow."""

from __future__ import annotations

import asyncio

from homeport_sync.signals import LocalSignals


async def test_every_listener_hears_what_is_published_from_now_on() -> None:
    signals = LocalSignals()
    signals.publish("acme", 1)
    async with signals.listen() as first, signals.listen() as second:
        signals.publish("acme", 2)
        assert await anext(first) == await anext(second) == ("acme", 2)


async def test_a_slow_listener_hears_only_the_newest_position_of_each_tenant() -> None:
    signals = LocalSignals()
    async with signals.listen() as heard:
        for position in (1, 3, 2):
            signals.publish("acme", position)
        signals.publish("other", 7)
        assert [await anext(heard), await anext(heard)] == [("acme", 3), ("other", 7)]


async def test_a_listener_that_waits_is_woken() -> None:
    signals = LocalSignals()
    async with signals.listen() as heard:
        waiting = asyncio.ensure_future(anext(heard))
        asyncio.get_running_loop().call_soon(signals.publish, "acme", 5)
        assert await waiting == ("acme", 5)
        asyncio.get_running_loop().call_soon(signals.publish, "acme", 6)
        assert await anext(heard) == ("acme", 6)


async def test_publishing_to_nobody_is_fine_also_after_a_listener_has_left() -> None:
    signals = LocalSignals()
    async with signals.listen():
        signals.publish("acme", 1)
    signals.publish("acme", 2)
    async with signals.listen() as heard:
        signals.publish("acme", 3)
        assert await anext(heard) == ("acme", 3)


async def test_a_listener_that_leaves_by_an_error_is_forgotten_and_the_others_stay() -> None:
    signals = LocalSignals()
    async with signals.listen() as stays:
        try:
            async with signals.listen():
                raise ConnectionError
        except ConnectionError:
            signals.publish("acme", 1)
        assert await anext(stays) == ("acme", 1)
