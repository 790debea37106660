"""Wakes: one row an address, coalesced, and never backwards."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from homeport_notify.audience import ToAddresses
from homeport_notify.errors import KeyReused
from homeport_notify.ports import NotifyStore
from homeport_notify.wake import HOUR_MS, Wanted
from tests.contract.notify.samples import ALL, NOW, TENANT, notification, phone, registered


async def wanted(notify: NotifyStore, *users: str, position: int = 5, due_at_ms: int = NOW) -> list[Wanted]:
    """Each of these users has a phone for which there is something."""
    phones = await registered(notify, *users)
    await notify.want(TENANT, {each.id: position for each in phones}, due_at_ms)
    return list(await notify.due(TENANT, due_at_ms, ALL))


async def settled(
    notify: NotifyStore,
    *,
    caught_up: Wanted | None = None,
    later: tuple[Wanted, int] | None = None,
    woken: Wanted | None = None,
    now_ms: int = NOW,
) -> bool:
    return await notify.settle(
        TENANT,
        now_ms,
        caught_up=[caught_up] if caught_up else [],
        later=[later] if later else [],
        woken=[woken] if woken else [],
        notification=None,
    )


async def test_what_is_wanted_is_looked_at_when_it_is_due_with_all_that_the_wake_needs(notify: NotifyStore) -> None:
    (ann,) = await registered(notify, "ann")
    assert await notify.next_wake_ms(TENANT) is None
    await notify.want(TENANT, {ann.id: 5}, NOW)
    assert await notify.next_wake_ms(TENANT) == NOW
    assert await notify.due(TENANT, NOW - 1, ALL) == []
    expected = Wanted(address=ann.id, device=ann.device, platform="android", position=5, woken_ms=())
    assert await notify.due(TENANT, NOW, ALL) == [expected]


async def test_however_much_comes_it_is_one_wake_with_the_furthest_place_at_the_first_time(notify: NotifyStore) -> None:
    (ann,) = await registered(notify, "ann")
    for position, due_at_ms in ((5, NOW + 7), (9, NOW + 9), (3, NOW + 8)):
        await notify.want(TENANT, {ann.id: position}, due_at_ms)
    assert await notify.next_wake_ms(TENANT) == NOW + 7
    assert [each.position for each in await notify.due(TENANT, NOW + 7, ALL)] == [9]


async def test_those_that_do_not_live_are_passed_over(notify: NotifyStore) -> None:
    ann, bob = await registered(notify, "ann", "bob")
    await notify.retire(TENANT, "ann", ann.device, "signed_out")
    await notify.want(TENANT, {ann.id: 5, bob.id: 5, phone("nobody").id: 5}, NOW)
    await notify.want(TENANT, {}, NOW)
    assert [each.address for each in await notify.due(TENANT, NOW, ALL)] == [bob.id]


async def test_one_that_is_retired_is_woken_no_more(notify: NotifyStore) -> None:
    (ann,) = await wanted(notify, "ann")
    await notify.retire(TENANT, "ann", ann.device, "signed_out")
    assert await notify.next_wake_ms(TENANT) is None
    await registered(notify, "ann")
    assert await notify.due(TENANT, NOW, ALL) == []


async def test_those_due_longest_come_first_and_so_many(notify: NotifyStore) -> None:
    ann, bob, cem = await registered(notify, "ann", "bob", "cem")
    for each, due_at_ms in ((ann, NOW - 1), (bob, NOW - 3), (cem, NOW - 2)):
        await notify.want(TENANT, {each.id: 1}, due_at_ms)
    assert [each.address for each in await notify.due(TENANT, NOW, 2)] == [bob.id, cem.id]


async def test_one_that_has_caught_up_needs_nothing_unless_there_is_more_by_now(notify: NotifyStore) -> None:
    (ann,) = await wanted(notify, "ann")
    await notify.want(TENANT, {ann.address: 6}, NOW)
    await settled(notify, caught_up=ann)
    (more,) = await notify.due(TENANT, NOW, ALL)
    assert more.position == 6
    await settled(notify, caught_up=more)
    assert await notify.due(TENANT, NOW, ALL) == []
    await notify.want(TENANT, {ann.address: 7}, NOW + 5)
    assert await notify.next_wake_ms(TENANT) == NOW + 5


async def test_one_for_later_is_due_then(notify: NotifyStore) -> None:
    (ann,) = await wanted(notify, "ann")
    await settled(notify, later=(ann, NOW + 60))
    assert await notify.due(TENANT, NOW + 59, ALL) == []
    assert await notify.due(TENANT, NOW + 60, ALL) == [ann]


async def test_one_that_was_woken_remembers_it_for_an_hour(notify: NotifyStore) -> None:
    (ann,) = await wanted(notify, "ann")
    await settled(notify, woken=ann)
    assert await notify.next_wake_ms(TENANT) is None
    times = []
    for at_ms in (NOW + 10, NOW + HOUR_MS + 5):
        await notify.want(TENANT, {ann.address: 9}, at_ms)
        (again,) = await notify.due(TENANT, at_ms, ALL)
        times.append(tuple(again.woken_ms))
        await settled(notify, woken=again, now_ms=at_ms)
    assert times == [(NOW,), (NOW, NOW + 10)]
    await notify.want(TENANT, {ann.address: 10}, NOW)
    assert [tuple(each.woken_ms) for each in await notify.due(TENANT, NOW, ALL)] == [(NOW + 10, NOW + HOUR_MS + 5)]


async def test_of_two_workers_that_look_at_one_moment_one_wakes(notify: NotifyStore) -> None:
    (ann,) = await wanted(notify, "ann")
    (bob,) = [each for each in await wanted(notify, "bob") if each.address != ann.address]
    looked = [ann, bob]
    first, second = (
        notification(number, key=str(number), audience=ToAddresses((ann.address, bob.address))) for number in (1, 2)
    )
    assert await notify.settle(TENANT, NOW, caught_up=(), later=(), woken=looked, notification=first)
    assert not await notify.settle(TENANT, NOW, caught_up=(), later=(), woken=looked, notification=second)
    assert [each.id for each in await notify.notifications(TENANT, "", ALL, lane=None)] == [first.id]
    await notify.want(TENANT, {ann.address: 9}, NOW)
    assert [tuple(each.woken_ms) for each in await notify.due(TENANT, NOW, ALL)] == [(NOW,)]


async def test_one_that_was_woken_stays_due_if_there_is_more_by_now(notify: NotifyStore) -> None:
    (ann,) = await wanted(notify, "ann")
    await notify.want(TENANT, {ann.address: 6}, NOW)
    await settled(notify, woken=ann)
    assert [(each.position, tuple(each.woken_ms)) for each in await notify.due(TENANT, NOW, ALL)] == [(6, (NOW,))]


async def test_the_notification_is_submitted_with_what_it_wakes_or_neither_is_kept(notify: NotifyStore) -> None:
    (ann,) = await wanted(notify, "ann")
    told = notification(lane="wake", audience=ToAddresses(addresses=(ann.address,)))
    await notify.submit(replace(told, message=replace(told.message, title="Another")))
    with pytest.raises(KeyReused):
        await notify.settle(TENANT, NOW, caught_up=[], later=[], woken=[ann], notification=told)
    assert await notify.due(TENANT, NOW, ALL) == [ann]
    other = replace(told, key="another")
    other = replace(other, id=notification(2).id)
    await notify.settle(TENANT, NOW, caught_up=[], later=[], woken=[ann], notification=other)
    assert await notify.due(TENANT, NOW, ALL) == []
    assert (await notify.progress(TENANT, other.id)).notification == other


async def test_who_lives_again_within_the_hour_was_woken_as_often_as_before(notify: NotifyStore) -> None:
    (each,) = await wanted(notify, "ann")
    await settled(notify, woken=each)
    await notify.retire(TENANT, "ann", each.device, "signed_out")
    await wanted(notify, "ann", position=9)
    assert [again.woken_ms for again in await notify.due(TENANT, NOW, ALL)] == [(NOW,)]
