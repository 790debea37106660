"""Errands: each waits once, is never lost, and never runs twice at once."""

from __future__ import annotations

import asyncio

from homeport_client.fleet.live import process
from homeport_server.followers.errands import WAITING_MAX, Errands

LONG_S = 3_600.0


async def waiting(errands: Errands[str]) -> list[str]:
    """All that can be had now; they are done at once."""
    found: list[str] = []
    while errands._waiting:
        found.append(await errands.next())
        errands.done(found[-1])
    return found


async def test_errands_are_handed_out_in_their_order_and_each_once() -> None:
    errands = Errands[str]()
    for name in ("b", "a", "b", "c", "a"):
        errands.want(name)
    assert await waiting(errands) == ["b", "a", "c"]


async def test_a_hand_that_waits_is_woken() -> None:
    errands = Errands[str]()
    hands = [asyncio.ensure_future(errands.next()) for _ in range(2)]
    await asyncio.sleep(0)
    errands.want("a")
    errands.want("b")
    assert sorted(await asyncio.gather(*hands)) == ["a", "b"]


async def test_what_is_wanted_while_it_is_under_way_is_done_once_more_and_not_meanwhile() -> None:
    errands = Errands[str]()
    errands.want("a")
    assert await errands.next() == "a"
    errands.want("a")
    errands.want("a")
    assert not errands._waiting
    errands.done("a")
    assert await waiting(errands) == ["a"]


async def test_what_rests_is_looked_at_again_when_its_rest_is_over_and_not_before() -> None:
    errands = Errands[str]()
    errands.want("a")
    errands.done(await errands.next(), rest_s=0.001, again=True)
    errands.want("a")
    assert not errands._waiting
    assert await waiting_after_rest(errands) == ["a"]


async def test_what_rests_and_is_asked_for_by_nobody_is_let_be() -> None:
    errands = Errands[str]()
    for name in ("asked", "quiet"):
        errands.want(name)
        errands.done(await errands.next(), rest_s=0.001)
    errands.want("asked")
    assert await waiting_after_rest(errands) == ["asked"]


async def test_waking_ends_every_rest() -> None:
    errands = Errands[str]()
    for name in ("a", "b", "quiet"):
        errands.want(name)
        errands.done(await errands.next(), rest_s=LONG_S, again=name != "quiet")
    errands.wake()
    assert await waiting(errands) == ["a", "b"]
    assert not errands._resting


async def waiting_after_rest(errands: Errands[str]) -> list[str]:
    await process.until(lambda: not errands._resting, within_s=LONG_S, awaited="the rests are over")
    return await waiting(errands)


async def test_who_goes_round_waits_for_room() -> None:
    errands = Errands[str]()
    for number in range(WAITING_MAX):
        errands.want(str(number))
    room = asyncio.ensure_future(errands.room())
    await asyncio.sleep(0)
    assert not room.done()
    await errands.next()
    await room


async def test_the_end_lets_what_is_under_way_finish_and_nothing_begin() -> None:
    errands = Errands[str]()
    for name in ("busy", "resting", "waiting"):
        errands.want(name)
    busy = await errands.next()
    errands.done(await errands.next(), rest_s=LONG_S)
    errands.end()
    idle = asyncio.ensure_future(errands.idle())
    await asyncio.sleep(0)
    assert not idle.done()
    errands.want("late")
    errands.want(busy)
    errands.done(busy, rest_s=LONG_S)
    await idle
    assert not errands._waiting
    assert not errands._resting
