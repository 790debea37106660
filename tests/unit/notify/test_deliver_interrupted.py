"""A chunk in a worker's hand that is interrupted: by whoever ends the worker, by a channel that is broken, by few
answers that come late."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from homeport_client.fleet import clock
from homeport_notify import limits
from homeport_notify.answer import SENT, Answer, Fate
from homeport_notify.channel import Answered, Recipient
from homeport_notify.chunk import ChunkWrites, LeasedChunk
from homeport_notify.delivery import DeliveryState
from homeport_notify.in_hand import SENDS_WITHIN
from homeport_notify.memory import MemoryNotifyStore
from homeport_notify.message import Message
from homeport_notify.passage import Passage
from tests.unit.notify.samples import TENANT, a_notification
from tests.unit.notify.test_deliver import House

S = DeliveryState
LATER = Answer(fate=Fate.UNAVAILABLE, code="UNAVAILABLE")


class SlowCommits:
    """A store's commit, which from `after` on waits for its turn before it does anything."""

    def __init__(self, house: House, after: int) -> None:
        self._commit = house.store.commit
        self._left = after
        self.waits, self.turn = asyncio.Event(), asyncio.Event()

    async def __call__(self, leased: LeasedChunk, writes: ChunkWrites, ttl_ms: int) -> LeasedChunk:
        self._left -= 1
        if self._left < 0:
            self.waits.set()
            await self.turn.wait()
        return await self._commit(leased, writes, ttl_ms)


class Breaks:
    """A channel that answers the first half, and raises then."""

    name = "fcm"

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def send(
        self, message: Message, to: Sequence[Recipient], answered: Answered, *, until_s: float, dry_run: bool = False
    ) -> None:
        """See `channel.Channel`."""
        del message, until_s, dry_run
        self.asked += [each.target for each in to]
        for index in range(len(to) // 2):
            answered(index, SENT)
        raise ZeroDivisionError

    async def close(self) -> None:
        """See `channel.Channel`."""


class Straggles(Breaks):
    """A channel that accepts all but the last, and refuses that when what it said before is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = asyncio.Event()

    async def send(
        self, message: Message, to: Sequence[Recipient], answered: Answered, *, until_s: float, dry_run: bool = False
    ) -> None:
        """See `channel.Channel`."""
        del message, until_s, dry_run
        for index in range(len(to) - 1):
            answered(index, SENT)
        self.written.clear()
        await self.written.wait()
        answered(len(to) - 1, Answer(fate=Fate.BAD_MESSAGE, code="INVALID_ARGUMENT"))


async def test_whoever_is_cancelled_while_it_writes_loses_nothing_of_what_goes_on_later() -> None:
    house = House()
    note = await house.told_to(4, a_notification(state="waiting"))
    house.channel.says = lambda _: LATER
    house.store.commit = commit = SlowCommits(house, after=1)  # type: ignore[method-assign,method-assign]
    works = asyncio.create_task(house.worker().step(TENANT, "bulk"))
    await commit.waits.wait()
    works.cancel()
    await asyncio.sleep(0)
    commit.turn.set()
    with pytest.raises(asyncio.CancelledError):
        await works
    assert await house.counts(note) == {S.WAITING: 4}


async def test_the_time_to_send_in_runs_from_before_the_lease_was_written() -> None:
    house = House()
    await house.told_to(1, a_notification(state="waiting"))
    house.store.commit = commit = SlowCommits(house, after=0)  # type: ignore[method-assign]
    loop, untils = asyncio.get_running_loop(), list[float]()
    send = house.channel.send

    async def noted(*args: object, until_s: float, dry_run: bool) -> None:
        untils.append(until_s)
        await send(*args, until_s=until_s, dry_run=dry_run)  # type: ignore[arg-type]

    house.channel.send = noted  # type: ignore[method-assign,assignment]
    works = asyncio.create_task(house.worker().step(TENANT, "bulk"))
    await commit.waits.wait()
    written_s = loop.time()
    commit.turn.set()
    await works
    assert untils[0] <= written_s + limits.CHUNK_LEASE_MS * SENDS_WITHIN / 1_000


def test_when_a_seconds_share_is_used_up_it_is_asked_again_in_the_next_second() -> None:
    async def scene() -> None:
        passage = Passage(MemoryNotifyStore(), {}, clock.now_ms)
        await asyncio.sleep(0.3)
        await passage.wait()
        assert clock.now_ms() % 1_000 == 0
        await passage.wait()
        assert clock.now_ms() % 1_000 == 0

    clock.run(scene())


@pytest.mark.parametrize(("at_least_once", "rest"), [(False, S.UNKNOWN), (True, S.WAITING)])
async def test_a_channel_that_raises_costs_no_answer_that_came_and_is_not_tried_again_at_once(
    at_least_once: bool, rest: DeliveryState
) -> None:
    house, broken = House(), Breaks()
    note = await house.told_to(4, a_notification(state="waiting", at_least_once=at_least_once))
    house.channel = broken  # type: ignore[assignment]
    worker = house.worker()
    with pytest.raises(ZeroDivisionError):
        await worker.step(TENANT, "bulk")
    assert await house.counts(note) == {S.SENT: 2, rest: 2}
    assert not await worker.step(TENANT, "bulk")
    assert len(broken.asked) == 4


async def test_one_refusal_that_comes_after_all_others_were_accepted_stops_no_campaign() -> None:
    house, straggles = House(), Straggles()
    note = await house.told_to(30, a_notification(state="waiting"))
    house.channel = straggles  # type: ignore[assignment]
    commit = house.store.commit

    async def written(leased: LeasedChunk, writes: ChunkWrites, ttl_ms: int) -> LeasedChunk:
        straggles.written.set()
        return await commit(leased, writes, ttl_ms)

    house.store.commit = written  # type: ignore[method-assign]
    await house.run(note, house.worker(ttl_ms=30))
    assert await house.counts(note) == {S.SENT: 29, S.FAILED: 1}
    assert (await house.store.progress(TENANT, note.id)).notification.state == "done"
