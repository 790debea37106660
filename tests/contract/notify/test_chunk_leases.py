"""Leases of chunks: one worker at a time works through a chunk, and whoever wakes too late writes nothing."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from homeport_notify.chunk import ChunkWrites, DeadLetter, Deferred
from homeport_notify.delivery import DeliveryState, unpack
from homeport_notify.errors import ChunkLost
from homeport_notify.limits import CHUNK_ADDRESSES_MAX
from homeport_notify.notification import About
from homeport_notify.ports import NotifyStore
from homeport_notify.preferences import NO_PREFERENCES, Preferences
from tests.contract.notify.samples import (
    ALL,
    LONG_MS,
    NOW,
    OVER_MS,
    TENANT,
    S,
    counted,
    crowd,
    expanded,
    leased,
    notification,
    phone,
    registered,
    submitted,
    written,
)


async def chunks_of_one(notify: NotifyStore, count: int) -> None:
    """A notification with this many chunks."""
    await crowd(notify, count)
    await submitted(notify, limit=1)


async def test_a_chunk_that_is_held_is_had_by_nobody_else(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    told = await submitted(notify)
    first = await leased(notify)
    assert (first.notification.id, first.notification.state, first.holder, first.fence) == (
        told.id,
        "running",
        "one",
        1,
    )
    assert (first.chunk.states, first.chunk.attempt, first.chunk.first_at_ms) == (bytes(1), 0, 0)
    assert unpack(first.chunk.addresses) == [phone("ann").id]
    assert await notify.lease(TENANT, "bulk", "two", LONG_MS, NOW) is None
    assert await notify.lease(TENANT, "bulk", "one", LONG_MS, NOW) is None


async def test_of_many_who_ask_at_once_each_gets_another(notify: NotifyStore) -> None:
    await chunks_of_one(notify, 6)
    asked = await asyncio.gather(*(notify.lease(TENANT, "bulk", f"worker {n}", LONG_MS, NOW) for n in range(8)))
    numbers = [each.chunk.number for each in asked if each is not None]
    assert sorted(numbers) == list(range(6))


async def test_the_chunk_that_has_been_due_longest_comes_first(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    for number, due_at_ms in ((1, NOW - 1), (2, NOW - 9), (3, NOW - 5)):
        await submitted(notify, notification(number, due_at_ms=due_at_ms))
    due = [(await leased(notify)).chunk.due_at_ms for _ in range(3)]
    assert due == [NOW - 9, NOW - 5, NOW - 1]


async def test_only_what_is_due_and_of_the_lane_is_had(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    await submitted(notify)
    assert await notify.lease(TENANT, "bulk", "one", LONG_MS, NOW - 1) is None
    assert await notify.lease(TENANT, "transactional", "one", LONG_MS, NOW) is None
    assert await notify.lease(TENANT, "bulk", "one", LONG_MS, NOW) is not None


async def test_a_lease_given_back_is_had_at_once_under_a_higher_fence_with_what_was_written(
    notify: NotifyStore,
) -> None:
    await registered(notify, "ann", "bob")
    await submitted(notify)
    first = await leased(notify)
    await notify.commit(first, ChunkWrites(states=bytes([S, 0])), LONG_MS)
    await notify.give_back(first)
    second = await leased(notify, "two")
    assert second.fence > first.fence
    assert second.chunk.states == bytes([S, 0])


async def test_a_lease_given_back_for_later_is_had_then_and_not_before(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    told = await submitted(notify)
    await notify.give_back(await leased(notify), due_at_ms=NOW + 60_000)
    assert await notify.lease(TENANT, "bulk", "two", LONG_MS, NOW + 59_999) is None
    assert await notify.next_due_ms(TENANT, "bulk") == NOW + 60_000
    again = await notify.lease(TENANT, "bulk", "two", LONG_MS, NOW + 60_000)
    assert again is not None
    assert again.chunk.due_at_ms == NOW + 60_000
    await notify.steer(TENANT, told.id, "pause", "")
    await notify.give_back(again, due_at_ms=NOW + 90_000)
    assert await notify.next_due_ms(TENANT, "bulk") is None, "while it does not run, nobody looks for it"
    await notify.steer(TENANT, told.id, "resume", "")
    assert await notify.next_due_ms(TENANT, "bulk") == NOW + 90_000


async def test_one_who_lost_its_lease_postpones_nothing(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    await submitted(notify)
    late = await leased(notify, "late", OVER_MS)
    await notify.give_back(await leased(notify, "newer"))
    await notify.give_back(late, due_at_ms=NOW + 60_000)
    assert await notify.lease(TENANT, "bulk", "third", LONG_MS, NOW) is not None


async def test_a_holder_that_wakes_after_its_lease_was_taken_writes_nothing(notify: NotifyStore) -> None:
    ann, bob = await registered(notify, "ann", "bob")
    told = await submitted(notify)
    late = await leased(notify, "late", OVER_MS)
    newer = await leased(notify, "newer")
    assert newer.fence > late.fence
    everything = ChunkWrites(
        states=bytes([S, DeliveryState.DEFERRED]),
        deferred=[Deferred(addresses=[bob.id], due_at_ms=NOW, attempt=1, first_at_ms=NOW)],
        dead=[DeadLetter(notification=told.id, address=ann.id, code="X", detail="", failed_at_ms=NOW)],
        retired=[(ann, "gone")],
        struck=[bob],
    )
    with pytest.raises(ChunkLost):
        await notify.commit(late, everything, LONG_MS)
    assert await counted(notify, told) == {DeliveryState.WAITING: 2}
    assert await notify.dead_letters(TENANT, told.id, "", ALL) == []
    assert [each.retired for each in await notify.addresses(TENANT, "ann", "", ALL)] == [None]
    assert [each.strikes for each in await notify.addresses(TENANT, "bob", "", ALL)] == [0]
    await notify.give_back(late)
    assert await notify.lease(TENANT, "bulk", "third", LONG_MS, NOW) is None, "what it gave back was not its own"
    await written(notify, newer)


async def test_the_fence_and_not_the_name_of_the_holder_is_the_right_to_write(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    await submitted(notify)
    first = await leased(notify, "one", OVER_MS)
    await notify.give_back(await leased(notify, "two"))
    second = await leased(notify, "one")
    with pytest.raises(ChunkLost):
        await written(notify, first)
    await notify.give_back(first)
    assert await notify.lease(TENANT, "bulk", "third", LONG_MS, NOW) is None
    await written(notify, second)


async def test_a_lease_that_has_run_out_and_was_taken_by_nobody_is_still_good(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    told = await submitted(notify)
    await written(notify, await leased(notify, "one", OVER_MS))
    assert await counted(notify, told) == {S: 1}


async def test_writing_under_a_lease_lets_it_run_anew(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    await submitted(notify)
    first = await leased(notify, "one", OVER_MS)
    again = await written(notify, first, DeliveryState.STARTED, ttl_ms=LONG_MS)
    assert again.until_ms > first.until_ms
    assert (again.fence, again.holder, again.chunk.states) == (first.fence, "one", bytes([DeliveryState.STARTED]))
    assert await notify.lease(TENANT, "bulk", "two", LONG_MS, NOW) is None


async def test_what_was_started_when_a_worker_died_is_seen_by_the_next(notify: NotifyStore) -> None:
    await registered(notify, "ann", "bob")
    await submitted(notify)
    died = await leased(notify, "one", OVER_MS)
    await notify.commit(died, ChunkWrites(states=bytes([DeliveryState.STARTED, 0])), OVER_MS)
    assert (await leased(notify, "two")).chunk.states == bytes([DeliveryState.STARTED, 0])


async def test_a_chunk_that_is_over_ends_its_lease_and_is_never_had_again(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    await submitted(notify)
    over = await written(notify, await leased(notify, "one"))
    assert await notify.lease(TENANT, "bulk", "two", LONG_MS, NOW) is None
    with pytest.raises(ChunkLost):
        await written(notify, over)


async def test_a_notification_is_done_when_all_its_chunks_are_over_and_it_is_expanded(notify: NotifyStore) -> None:
    await crowd(notify, 3)
    told = notification()
    await notify.submit(told)
    for _ in range(3):
        place = await notify.expanding(TENANT, "bulk", NOW)
        assert place is not None
        await notify.expand(place, 1)
        seen = await written(notify, await leased(notify))
        assert (await notify.progress(TENANT, told.id)).notification == seen.notification
    assert seen.notification.state == "done"
    assert await notify.expanding(TENANT, "bulk", NOW) is None


async def test_what_is_reachable_is_told_as_it_is_at_that_moment(notify: NotifyStore) -> None:
    ann, bob = await registered(notify, "ann", "bob")
    await notify.prefer(TENANT, "bob", Preferences(muted=frozenset({"news"})), NOW)
    await submitted(notify)
    chunk = await leased(notify)
    await notify.retire(TENANT, "ann", ann.device, "signed_out")
    found = await notify.reachable(chunk, [ann.id, bob.id, phone("nobody").id])
    assert set(found) == {ann.id, bob.id}
    assert found[ann.id].address.retired == "signed_out"
    assert found[ann.id].preferences == NO_PREFERENCES
    assert found[bob.id].address == bob
    assert found[bob.id].preferences.mutes("news")
    assert await notify.reachable(chunk, []) == {}


async def test_when_somebody_was_woken_is_told_of_who_is_told_of_a_change(notify: NotifyStore) -> None:
    ann, bob = await registered(notify, "ann", "bob")
    await notify.want(TENANT, {ann.id: 7}, NOW)
    (wanted,) = await notify.due(TENANT, NOW, ALL)
    assert await notify.settle(TENANT, NOW + 5, caught_up=[], later=[], woken=[wanted], notification=None)
    await notify.submit(replace(notification(1), about=About(position=7, author="x", accepted_at_ms=NOW)))
    await notify.submit(notification(2))
    await expanded(notify)
    for woken_at_ms in (NOW + 5, 0):
        found = await notify.reachable(await leased(notify), [ann.id, bob.id])
        assert (found[ann.id].woken_at_ms, found[bob.id].woken_at_ms) == (woken_at_ms, 0)


async def test_the_next_due_is_the_first_chunk_or_expansion(notify: NotifyStore) -> None:
    assert await notify.next_due_ms(TENANT, "bulk") is None
    await registered(notify, "ann")
    await notify.submit(notification(1, due_at_ms=NOW + 7))
    assert await notify.next_due_ms(TENANT, "bulk") == NOW + 7
    assert await notify.next_due_ms(TENANT, "wake") is None
    await submitted(notify, notification(2, due_at_ms=NOW - 3))
    assert await notify.next_due_ms(TENANT, "bulk") == NOW - 3
    held = await leased(notify, ttl_ms=10_000_000_000_000 - NOW)
    assert await notify.next_due_ms(TENANT, "bulk") == NOW + 7, "what somebody holds is not due"
    await written(notify, held)
    await notify.steer(TENANT, notification(1).id, "pause", "")
    assert await notify.next_due_ms(TENANT, "bulk") is None


async def test_a_chunk_that_is_held_is_due_when_its_lease_runs_out(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    await submitted(notify)
    held = await leased(notify)
    assert await notify.next_due_ms(TENANT, "bulk") == held.until_ms
    await notify.give_back(held)
    assert await notify.next_due_ms(TENANT, "bulk") == NOW


async def test_what_is_free_is_due_however_many_before_it_are_held(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    for number in range(1, 103):
        await notify.submit(notification(number))
    await expanded(notify)
    for _ in range(101):
        await leased(notify)
    assert await notify.next_due_ms(TENANT, "bulk") == NOW
    await leased(notify)
    assert (await notify.next_due_ms(TENANT, "bulk") or 0) > NOW


async def test_a_whole_chunk_of_a_thousand_comes_back_byte_by_byte(notify: NotifyStore) -> None:
    await crowd(notify, CHUNK_ADDRESSES_MAX)
    told = notification()
    await notify.submit(told)
    await expanded(notify)
    chunk = await leased(notify)
    states = bytes(number % 2 for number in range(CHUNK_ADDRESSES_MAX))
    await notify.commit(chunk, ChunkWrites(states=states), LONG_MS)
    await notify.give_back(chunk)
    again = await leased(notify)
    assert (again.chunk.states, again.chunk.addresses) == (states, chunk.chunk.addresses)
    assert len(await notify.reachable(again, unpack(again.chunk.addresses))) == CHUNK_ADDRESSES_MAX
