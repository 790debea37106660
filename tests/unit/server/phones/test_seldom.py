"""Of many pokes that come soon after each other one is heard, and nothing of what they are about is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from homeport_client import Unreachable
from homeport_client.transport import GoAway
from homeport_server.phones.seldom import seldom

AT_ONCE = 0.0
NEVER_S = 3_600.0


class Poker:
    """Pokes as they are given."""

    def __init__(self) -> None:
        self.given: asyncio.Queue[GoAway | Exception | str | None] = asyncio.Queue()
        self.over = False

    async def pokes(self) -> AsyncIterator[GoAway | None]:
        try:
            while (each := await self.given.get()) != "over":
                if isinstance(each, Exception):
                    raise each
                yield each if isinstance(each, GoAway) else None
        finally:
            self.over = True

    async def give(self, *pokes: GoAway | Exception | str | None) -> None:
        for each in pokes:
            self.given.put_nowait(each)
        for _ in range(2 * len(pokes) + 2):
            await asyncio.sleep(0)


async def test_the_first_is_heard_at_once_and_the_rest_as_one() -> None:
    poker = Poker()
    async with seldom(poker.pokes(), AT_ONCE) as pokes:
        await poker.give(None)
        assert await anext(pokes) is None
        await poker.give(None, None, None, None, "over")
        assert [each async for each in pokes] == [None]


async def test_between_two_it_rests() -> None:
    poker = Poker()
    async with seldom(poker.pokes(), NEVER_S) as pokes:
        await poker.give(None)
        assert await anext(pokes) is None
        await poker.give(None)
        second = asyncio.ensure_future(anext(pokes))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not second.done()
        second.cancel()


async def test_that_one_has_to_go_away_is_heard_beside_pokes() -> None:
    poker = Poker()
    async with seldom(poker.pokes(), AT_ONCE) as pokes:
        await poker.give(None, GoAway(within_ms=5), None, "over")
        assert [each async for each in pokes] == [None, GoAway(within_ms=5)]


async def test_what_the_pokes_raise_is_raised_after_what_was_heard() -> None:
    poker = Poker()
    async with seldom(poker.pokes(), AT_ONCE) as pokes:
        await poker.give(None, Unreachable("gone"))
        assert await anext(pokes) is None
        with pytest.raises(Unreachable, match="gone"):
            await anext(pokes)


async def test_who_stops_listening_ends_the_hearing() -> None:
    poker = Poker()
    async with seldom(poker.pokes(), AT_ONCE):
        await asyncio.sleep(0)
    assert poker.over
