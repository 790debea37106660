"""A line tells of whatever travels on it, and once it is cut nothing does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest

from homeport_client import Unreachable
from homeport_client.transport import GoAway, introduce
from homeport_server.phones.happenings import Fate, Leg
from homeport_server.phones.line import Line
from homeport_sync.change import Outcome, Record
from homeport_sync.clock import make_stamp
from homeport_sync.introduction import Introduction
from homeport_sync.telling import Telling
from homeport_sync.wire import Page, PullMessage, PushAnswer, PushMessage

DEVICE = "01a22707-c6fa-7de9-b1b6-6c5503892b2b"
STAMP = make_stamp(1_795_000_000_000, 0, "01a22707c6fa")
RECORD = Record(id=DEVICE, kind="Card", scope=DEVICE, stamp=STAMP)
PAGE = Page(cursor="c", more=False, server_time_ms=1, records=[RECORD, RECORD])
PUSH = PushMessage(device=DEVICE, changes=[msgspec.Raw(b"{}")] * 3)


class Far:
    """The other end: answers when it is let, or fails."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.answers.set()
        self.fails = False
        self.token = ""
        self.closed = False

    async def push(self, message: PushMessage) -> PushAnswer:
        await self._reached()
        return PushAnswer(server_time_ms=1, outcomes=[Outcome(number=1, outcome="applied")], pull=PAGE)

    async def pull(self, message: PullMessage) -> Page:
        await self._reached()
        return PAGE

    async def tell(self, telling: Telling) -> None:
        await self._reached()

    @asynccontextmanager
    async def pokes(self, device: str) -> AsyncIterator[AsyncIterator[GoAway | None]]:
        async def poked() -> AsyncIterator[GoAway | None]:
            for each in (None, GoAway(within_ms=1), None):
                yield each

        yield poked()

    def renew(self, token: str) -> None:
        self.token = token

    async def close(self) -> None:
        self.closed = True

    async def _reached(self) -> None:
        await self.answers.wait()
        if self.fails:
            raise Unreachable


class Introduced(Far):
    """One that has a place for what a device says of itself."""

    said = Introduction()

    def introduce(self, says: Callable[[], Introduction]) -> None:
        self.said = says()


class Watch:
    """A line to a far end, and what it told."""

    def __init__(self) -> None:
        self.told: list[tuple[Leg, Fate, int]] = []
        self.far = Far()
        self.line = Line(self.far, lambda leg, fate, count: self.told.append((leg, fate, count)))


async def test_a_push_leaves_and_its_answer_and_page_arrive() -> None:
    watch = Watch()
    await watch.line.push(PUSH)
    assert watch.told == [("push", "left", 3), ("answer", "arrived", 1), ("page", "arrived", 2)]


async def test_a_push_or_a_page_that_is_not_answered_is_lost() -> None:
    watch = Watch()
    watch.far.fails = True
    with pytest.raises(Unreachable):
        await watch.line.push(PUSH)
    with pytest.raises(Unreachable):
        await watch.line.pull(PullMessage(device=DEVICE, cursor=None))
    assert watch.told == [("push", "left", 3), ("push", "lost", 3), ("page", "lost", 1)]


async def test_what_carries_nothing_is_not_told() -> None:
    watch = Watch()
    watch.far.fails = True
    with pytest.raises(Unreachable):
        await watch.line.push(PushMessage(device=DEVICE, changes=[]))
    with pytest.raises(Unreachable):
        await watch.line.tell(Telling())
    assert watch.told == []


async def test_a_poke_is_told_but_not_the_one_that_says_that_the_server_listens() -> None:
    watch = Watch()
    async with watch.line.pokes(DEVICE) as pokes:
        heard = [each async for each in pokes]
    assert heard == [None, GoAway(within_ms=1)], "two pokes at once are seen as one"
    assert watch.told == [("poke", "arrived", 1)]


async def test_cutting_the_line_ends_what_is_under_way_and_lets_nothing_more_through_until_it_is_open() -> None:
    watch = Watch()
    watch.far.answers.clear()
    pushing = asyncio.create_task(watch.line.push(PUSH))
    pulling = asyncio.create_task(watch.line.pull(PullMessage(device=DEVICE, cursor=None)))
    await asyncio.sleep(0)
    watch.line.cut()
    watch.line.cut()
    for each in (pushing, pulling):
        with pytest.raises(Unreachable):
            await each
    with pytest.raises(Unreachable):
        await watch.line.pull(PullMessage(device=DEVICE, cursor=None))
    with pytest.raises(Unreachable):
        async with watch.line.pokes(DEVICE):
            pytest.fail("there is no network")
    watch.line.open()
    watch.far.answers.set()
    assert await watch.line.pull(PullMessage(device=DEVICE, cursor=None)) == PAGE


async def test_a_new_token_and_the_end_reach_the_transport() -> None:
    watch = Watch()
    watch.line.renew("new")
    await watch.line.close()
    assert (watch.far.token, watch.far.closed) == ("new", True)


def test_what_the_device_says_of_itself_goes_on_to_whoever_has_a_place_for_it() -> None:
    said, far = Introduction(outbox=7), Introduced()
    introduce(Line(far, lambda *_: None), lambda: said)
    assert far.said == said
    introduce(Line(Far(), lambda *_: None), lambda: said)
