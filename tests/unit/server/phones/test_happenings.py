"""What happens is told to whoever listens, in order, within bounds, and each changed region once."""

from __future__ import annotations

import asyncio

import pytest

from homeport_server.phones.happenings import (
    LISTENERS_MAX,
    TRAVELS_MAX,
    Changed,
    Happenings,
    Listener,
    TooManyListeners,
    Travel,
    regions_of,
)


async def test_a_listener_hears_journeys_in_order_and_each_region_once() -> None:
    happenings = Happenings()
    with happenings.listen() as listener:
        happenings.changed("log", "a-state")
        happenings.travel("a", "push", "left", 2)
        happenings.changed("log")
        happenings.travel("b", "poke", "arrived")
        assert await listener.next() == [
            Travel(phone="a", leg="push", count=2, fate="left"),
            Travel(phone="b", leg="poke", count=1, fate="arrived"),
            Changed(region="log"),
            Changed(region="a-state"),
        ]
        assert listener.now() == []


async def test_who_waits_is_woken_by_what_comes_and_only_by_that() -> None:
    happenings = Happenings()
    with happenings.listen() as listener:
        waiting = asyncio.create_task(listener.next())
        await asyncio.sleep(0)
        assert not waiting.done()
        happenings.changed("crowd")
        assert await waiting == [Changed(region="crowd")]


async def test_a_listener_that_is_slow_keeps_the_newest_journeys_and_every_changed_region() -> None:
    happenings = Happenings()
    with happenings.listen() as listener:
        happenings.changed("server")
        for count in range(TRAVELS_MAX + 5):
            happenings.travel("a", "page", "arrived", count)
        heard = listener.now()
    assert len(heard) == TRAVELS_MAX + 1
    assert heard[0] == Travel(phone="a", leg="page", count=5, fate="arrived")
    assert heard[-1] == Changed(region="server")


async def test_who_has_left_hears_nothing_and_there_is_an_end_to_how_many_listen() -> None:
    happenings = Happenings()
    with happenings.listen() as gone:
        pass
    happenings.changed("log")
    assert gone.now() == []
    many = [Listener(happenings) for _ in range(LISTENERS_MAX)]
    for each in many:
        happenings.add(each)
    with pytest.raises(TooManyListeners), happenings.listen():
        pytest.fail("there are too many")
    happenings.remove(many[0])
    with happenings.listen() as one:
        happenings.changed("log")
        assert one.now() == [Changed(region="log")]


def test_each_phone_has_regions_of_its_own() -> None:
    assert regions_of("b") == ("b-screen", "b-outbox", "b-told", "b-state")
