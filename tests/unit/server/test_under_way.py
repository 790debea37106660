"""The chunks in one worker's hand: none waits for another, no tenant has more than its part, and the end is orderly."""

from __future__ import annotations

import asyncio

import pytest

from homeport_server.notify.under_way import FINISH_S, Room, UnderWay

ONE, TWO = "tenant one", "tenant two"


class Chunk:
    """In hand until it is let go."""

    def __init__(self, error: Exception | None = None) -> None:
        self.go = asyncio.Event()
        self.begun = asyncio.Event()
        self.cut = False
        self._error = error

    async def work(self) -> None:
        self.begun.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cut = True
            raise
        if self._error:
            raise self._error


class Lane:
    """Chunks that wait for each tenant, and what was said of the tenants."""

    def __init__(self, room: Room) -> None:
        self.waiting: dict[str, list[Chunk]] = {}
        self.wanted: asyncio.Queue[str] = asyncio.Queue()
        self.stopped = False
        self.under_way = UnderWay(self.take, self.stop, room)
        self.under_way.tell(self.wanted.put_nowait)

    async def take(self, tenant: str) -> Chunk | None:
        chunks = self.waiting.get(tenant, [])
        return chunks.pop(0) if chunks else None

    def stop(self) -> None:
        self.stopped = True


async def test_a_chunk_whose_provider_is_slow_does_not_hold_up_the_next() -> None:
    lane, slow, next_one = Lane(Room(2, 4)), Chunk(), Chunk()
    lane.waiting[ONE] = [slow, next_one]
    assert await lane.under_way.begin(ONE)
    assert await lane.under_way.begin(ONE)
    await next_one.begun.wait()
    assert not slow.go.is_set()
    await lane.under_way.end()


async def test_no_tenant_has_more_than_its_part_and_is_told_when_there_is_room_again() -> None:
    lane, first = Lane(Room(1, 4)), Chunk()
    lane.waiting = {ONE: [first, Chunk()], TWO: [Chunk()]}
    assert await lane.under_way.begin(ONE)
    assert lane.under_way.is_full(ONE)
    assert not await lane.under_way.begin(ONE)
    assert await lane.under_way.begin(TWO)
    first.go.set()
    await _until_wanted(lane, ONE)
    assert await lane.under_way.begin(ONE)
    await lane.under_way.end()


async def test_all_together_have_a_limit_and_whoever_was_refused_is_told() -> None:
    lane, first = Lane(Room(1, 1)), Chunk()
    lane.waiting = {ONE: [first], TWO: [Chunk()]}
    assert await lane.under_way.begin(ONE)
    assert not await lane.under_way.begin(TWO)
    first.go.set()
    await _until_wanted(lane, TWO)
    assert await lane.under_way.begin(TWO)
    await lane.under_way.end()


async def test_what_fails_is_raised_when_the_tenant_has_its_next_turn() -> None:
    lane, fails = Lane(Room(1, 1)), Chunk(OSError("the disk"))
    lane.waiting[ONE] = [fails]
    assert await lane.under_way.begin(ONE)
    fails.go.set()
    await _until_wanted(lane, ONE)
    with pytest.raises(OSError, match="the disk"):
        await lane.under_way.begin(ONE)
    assert not await lane.under_way.begin(ONE)


async def test_at_the_end_what_is_on_its_way_is_waited_for_and_no_more_is_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert FINISH_S < 5  # the worker's own patience
    monkeypatch.setattr("homeport_server.notify.under_way.FINISH_S", 0.01)
    lane, ends, hangs = Lane(Room(3, 3)), Chunk(), Chunk()
    lane.waiting[ONE] = [ends, hangs, Chunk()]
    assert await lane.under_way.begin(ONE)
    assert await lane.under_way.begin(ONE)
    ends.go.set()
    await hangs.begun.wait()
    await lane.under_way.end()
    assert lane.stopped
    assert (ends.cut, hangs.cut) == (False, True)
    assert not await lane.under_way.begin(ONE)


async def _until_wanted(lane: Lane, tenant: str) -> None:
    async with asyncio.timeout(5):
        while await lane.wanted.get() != tenant:
            pass
