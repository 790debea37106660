"""What a worker writes: states, what goes on later, dead letters, and what it learnt of addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from homeport_notify.address import Address, Retired
from homeport_notify.chunk import ChunkWrites, DeadLetter, Deferred, LeasedChunk
from homeport_notify.delivery import DeliveryState, unpack
from homeport_notify.errors import NotificationOver, NotificationUnknown
from homeport_notify.limits import RETRY_WITHIN_MS, STRIKES_MAX
from homeport_notify.ports import NotifyStore
from tests.contract.notify.samples import (
    ALL,
    LONG_MS,
    NOW,
    TENANT,
    S,
    W,
    counted,
    crowd,
    leased,
    notification,
    notification_id,
    phone,
    registered,
    submitted,
    written,
)

D, F = DeliveryState.DEFERRED, DeliveryState.FAILED


def letter(told_id: str, address: str, *, code: str = "X") -> DeadLetter:
    return DeadLetter(notification=told_id, address=address, code=code, detail="ä sentence", failed_at_ms=NOW)


async def failed(notify: NotifyStore, *users: str) -> tuple[str, list[str]]:
    """A notification all of whose deliveries were given up, and the addresses in order."""
    await registered(notify, *users)
    told = await submitted(notify)
    held = await leased(notify)
    addresses = unpack(held.chunk.addresses)
    writes = ChunkWrites(states=bytes([F] * len(users)), dead=[letter(told.id, each) for each in addresses])
    await notify.commit(held, writes, LONG_MS)
    return told.id, sorted(addresses)


async def the_only(notify: NotifyStore, user: str) -> Address:
    (found,) = await notify.addresses(TENANT, user, "", ALL)
    return found


async def test_what_is_deferred_comes_back_at_its_time_in_a_chunk_that_remembers_its_tries(notify: NotifyStore) -> None:
    await registered(notify, "ann", "bob", "cem")
    told = await submitted(notify)
    held = await leased(notify)
    first, second, third = unpack(held.chunk.addresses)
    later = [
        Deferred(addresses=[third, first], due_at_ms=NOW + 10, attempt=1, first_at_ms=NOW - 1),
        Deferred(addresses=[second], due_at_ms=NOW + 20, attempt=0, first_at_ms=0),
    ]
    seen = await notify.commit(held, ChunkWrites(states=bytes([D, D, D]), deferred=later), LONG_MS)
    assert seen.notification.state == "running"
    assert await counted(notify, told) == {W: 3}
    assert await notify.next_due_ms(TENANT, "bulk") == NOW + 10
    assert await notify.lease(TENANT, "bulk", "one", LONG_MS, NOW + 9) is None
    again = await leased(notify, now_ms=NOW + 10)
    assert (again.chunk.attempt, again.chunk.first_at_ms, again.chunk.due_at_ms) == (1, NOW - 1, NOW + 10)
    assert unpack(again.chunk.addresses) == [third, first]
    last = await leased(notify, now_ms=NOW + 20)
    assert (last.chunk.attempt, last.chunk.first_at_ms) == (0, 0)
    await written(notify, last)
    assert (await written(notify, again)).notification.state == "done"
    assert await counted(notify, told) == {S: 3}


async def test_dead_letters_are_listed_in_order_page_by_page(notify: NotifyStore) -> None:
    told, addresses = await failed(notify, "ann", "bob", "cem")
    found = await notify.dead_letters(TENANT, told, "", 2)
    assert [each.address for each in found] == addresses[:2]
    assert found[0] == letter(told, addresses[0])
    assert [each.address for each in await notify.dead_letters(TENANT, told, addresses[1], 9)] == addresses[2:]
    assert await notify.dead_letters(TENANT, notification_id(9), "", 9) == []


async def test_dead_letters_are_replayed_once_in_a_chunk_of_their_own_and_counted_once(notify: NotifyStore) -> None:
    told, _ = await failed(notify, "ann", "bob", "cem")
    later_ms = NOW + 10**9
    assert (await notify.progress(TENANT, told)).notification.state == "done"
    assert await notify.replay(TENANT, told, 2, later_ms) == 2
    progress = await notify.progress(TENANT, told)
    assert (progress.notification.state, progress.counts) == ("running", {W: 2, F: 1})
    assert progress.notification.expires_at_ms == later_ms + RETRY_WITHIN_MS
    assert [each.replayed for each in await notify.dead_letters(TENANT, told, "", 9)] == [True, True, False]
    assert await notify.replay(TENANT, told, 9, later_ms) == 1
    assert await notify.replay(TENANT, told, 9, later_ms) == 0
    for _ in range(2):
        seen = await written(notify, await leased(notify, now_ms=later_ms))
    assert seen.notification.state == "done"
    assert (await notify.progress(TENANT, told)).counts == {S: 3}


async def test_what_fails_again_while_others_are_replayed_is_not_replayed_with_them(notify: NotifyStore) -> None:
    told, addresses = await failed(notify, "ann", "bob")
    assert await notify.replay(TENANT, told, 1, NOW) == 1
    again = replace(letter(told, addresses[0]), failed_at_ms=NOW + 1)
    await notify.commit(await leased(notify), ChunkWrites(states=bytes([F]), dead=[again]), LONG_MS)
    assert await notify.replay(TENANT, told, ALL, NOW) == 1
    assert await notify.replay(TENANT, told, ALL, NOW) == 0
    assert await notify.replay(TENANT, told, ALL, NOW + 1) == 1


async def test_what_failed_again_after_a_replay_can_be_replayed_again(notify: NotifyStore) -> None:
    told, _ = await failed(notify, "ann", "bob")
    assert await notify.replay(TENANT, told, 9, NOW) == 2
    held = await leased(notify)
    writes = ChunkWrites(states=bytes([S, F]), dead=[letter(told, unpack(held.chunk.addresses)[1], code="Y")])
    await notify.commit(held, writes, LONG_MS)
    assert [each.code for each in await notify.dead_letters(TENANT, told, "", 9) if not each.replayed] == ["Y"]
    assert await notify.replay(TENANT, told, 9, NOW) == 1
    assert (await notify.progress(TENANT, told)).counts == {S: 1, W: 1}


async def test_what_lies_in_a_chunk_that_is_worked_on_is_not_replayed(notify: NotifyStore) -> None:
    await registered(notify, "ann", "bob")
    told = await submitted(notify)
    held = await leased(notify)
    first = unpack(held.chunk.addresses)[0]
    held = await notify.commit(held, ChunkWrites(states=bytes([F, W]), dead=[letter(told.id, first)]), LONG_MS)
    assert await notify.replay(TENANT, told.id, 9, NOW) == 0
    await notify.commit(held, ChunkWrites(states=bytes([F, S])), LONG_MS)
    assert await notify.replay(TENANT, told.id, 9, NOW) == 1
    assert await counted(notify, told) == {S: 1, W: 1}


async def test_what_was_cancelled_is_not_replayed(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    told = await submitted(notify)
    await notify.steer(TENANT, told.id, "cancel", "")
    with pytest.raises(NotificationOver):
        await notify.replay(TENANT, told.id, 9, NOW)
    with pytest.raises(NotificationUnknown):
        await notify.replay(TENANT, notification_id(9), 9, NOW)


async def test_an_address_that_is_gone_is_retired_and_one_that_is_malformed_is_struck(notify: NotifyStore) -> None:
    ann, bob, _ = await registered(notify, "ann", "bob", "cem")
    await submitted(notify)
    held = await leased(notify)
    await notify.commit(held, ChunkWrites(states=bytes([S, S, W]), retired=[(ann, "gone")], struck=[bob]), LONG_MS)
    assert [(await the_only(notify, user)).retired for user in ("ann", "bob", "cem")] == ["gone", None, None]
    assert (await the_only(notify, "bob")).strikes == 1
    for _ in range(STRIKES_MAX - 1):
        await notify.commit(held, ChunkWrites(states=bytes([S, S, W]), struck=[bob]), LONG_MS)
    assert (await the_only(notify, "bob")).retired == "malformed"


async def test_word_of_a_token_that_was_renewed_meanwhile_touches_nobody(notify: NotifyStore) -> None:
    (sent,) = await registered(notify, "ann")
    await submitted(notify)
    held = await leased(notify)
    await notify.register(TENANT, phone("ann", target="renewed"), NOW)
    await notify.commit(held, ChunkWrites(states=bytes([W]), retired=[(sent, "gone")], struck=[sent]), LONG_MS)
    found = await the_only(notify, "ann")
    assert (found.target, found.retired, found.strikes) == ("renewed", None, 0)


async def test_why_an_address_was_retired_first_stays(notify: NotifyStore) -> None:
    (ann,) = await registered(notify, "ann")
    await submitted(notify)
    held = await leased(notify)
    await notify.retire(TENANT, "ann", ann.device, "signed_out")
    await notify.commit(held, ChunkWrites(states=bytes([W]), retired=[(ann, "gone")]), LONG_MS)
    assert (await the_only(notify, "ann")).retired == "signed_out"


async def test_two_workers_learn_of_the_same_addresses_in_whatever_order_they_sent_to_them(notify: NotifyStore) -> None:
    phones = await crowd(notify, 200)
    for number in (1, 2):
        await submitted(notify, notification(number))
    chunks = [await leased(notify, holder) for holder in ("one", "two")]
    orders = [phones, phones[::-1]]

    async def learn(chunk: LeasedChunk, order: Sequence[Address]) -> None:
        retired: list[tuple[Address, Retired]] = [(each, "gone") for each in order[:100]]
        writes = ChunkWrites(states=chunk.chunk.states, retired=retired, struck=order[100:])
        await notify.commit(chunk, writes, LONG_MS)

    for _ in range(3):
        await asyncio.gather(*(learn(chunk, order) for chunk, order in zip(chunks, orders, strict=True)))
        assert not any(each.retired is None for each in await notify.of_users(TENANT, [phones[0].user]))
        for each in phones:
            await notify.register(TENANT, each, NOW)
