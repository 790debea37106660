"""Expansion: each address of an audience is in one chunk, whoever dies where."""

from __future__ import annotations

import pytest

from homeport_notify.address import Address
from homeport_notify.audience import Audience, ToAddresses, ToEveryone, ToScope, ToTopic, ToUsers
from homeport_notify.delivery import DeliveryState
from homeport_notify.limits import CHUNK_ADDRESSES_MAX
from homeport_notify.ports import Expanding, NotifyStore
from tests.contract.notify.samples import (
    ALL,
    NOW,
    TENANT,
    counted,
    crowd,
    expanded,
    ids,
    notification,
    phone,
    registered,
    submitted,
    told_to,
)


async def first_page(notify: NotifyStore) -> Expanding:
    found = await notify.expanding(TENANT, "bulk", NOW)
    assert found is not None
    return found


async def several(notify: NotifyStore) -> list[Address]:
    """Three users with one to three phones each, in the order of users and addresses."""
    phones = [
        phone(user, f"{user} {number}") for user, many in (("ann", 1), ("bob", 3), ("cem", 2)) for number in range(many)
    ]
    for each in phones:
        await notify.register(TENANT, each, NOW)
    return sorted(phones, key=lambda each: (each.user, each.id))


async def test_everyone_is_told_once_in_chunks_of_at_most_a_thousand(notify: NotifyStore) -> None:
    phones = await crowd(notify, CHUNK_ADDRESSES_MAX + 3)
    told = await submitted(notify)
    chunks = await notify.chunks(TENANT, told.id, -1, 10)
    assert [len(each.states) for each in chunks] == [CHUNK_ADDRESSES_MAX, 3]
    assert [each.number for each in chunks] == [0, 1]
    assert sorted(await told_to(notify, told)) == sorted(ids(phones))
    assert await counted(notify, told) == {DeliveryState.WAITING: len(phones)}


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
async def test_pages_of_any_size_come_to_the_same(notify: NotifyStore, limit: int) -> None:
    phones = await crowd(notify, 7)
    told = await submitted(notify, limit=limit)
    assert sorted(await told_to(notify, told)) == sorted(ids(phones))
    assert (await notify.progress(TENANT, told.id)).expanded


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 6, 100])
async def test_users_are_told_on_all_their_phones_whatever_the_pages(notify: NotifyStore, limit: int) -> None:
    phones = await several(notify)
    told = await submitted(notify, notification(audience=ToUsers(users=("cem", "nobody", "bob", "bob"))), limit=limit)
    assert await told_to(notify, told) == ids([each for each in phones if each.user != "ann"])


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_a_topic_is_told_to_those_who_subscribe(notify: NotifyStore, limit: int) -> None:
    phones = await several(notify)
    for user in ("cem", "nobody", "ann", "someone else without a phone"):
        await notify.subscribe(TENANT, user, "news", NOW)
    await notify.subscribe(TENANT, "bob", "sports", NOW)
    await notify.subscribe(TENANT, "bob", "news", NOW)
    await notify.unsubscribe(TENANT, "bob", "news")
    told = await submitted(notify, notification(audience=ToTopic(topic="news")), limit=limit)
    assert await told_to(notify, told) == ids([each for each in phones if each.user != "bob"])


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_addresses_are_told_by_their_ids_and_what_is_not_there_is_passed_over(
    notify: NotifyStore, limit: int
) -> None:
    phones = await several(notify)
    wanted = [phones[0].id, phones[3].id, phone("nobody").id]
    told = await submitted(notify, notification(audience=ToAddresses(addresses=tuple(wanted))), limit=limit)
    assert sorted(await told_to(notify, told)) == sorted(wanted[:2])


async def test_a_scopes_members_are_told_as_their_names_come_page_by_page(notify: NotifyStore) -> None:
    phones = await several(notify)
    told = notification(audience=ToScope(scope="s"))
    await notify.submit(told)
    await notify.expand_users(await first_page(notify), ["ann", "bob"], last=False)
    second = await first_page(notify)
    assert second.place == "bob"
    await notify.expand_users(second, ["cem", "dan"], last=True)
    assert await told_to(notify, told) == ids(phones)
    assert await notify.expanding(TENANT, "bulk", NOW) is None


async def test_of_a_scopes_members_some_are_left_out_and_the_place_goes_behind_them(notify: NotifyStore) -> None:
    phones = await several(notify)
    told = notification(audience=ToScope(scope="s", but=("bob",)))
    await notify.submit(told)
    await notify.expand_users(await first_page(notify), ["ann", "bob"], last=False, but=("bob",))
    assert (await first_page(notify)).place == "bob"
    await notify.expand_users(await first_page(notify), [], last=True)
    assert await told_to(notify, told) == ids(phones[:1])


@pytest.mark.parametrize("audience", [ToEveryone(), ToUsers(users=("ann", "bob", "cem"))])
async def test_two_who_expand_from_the_same_place_make_the_page_once(notify: NotifyStore, audience: Audience) -> None:
    phones = await several(notify)
    told = notification(audience=audience)
    await notify.submit(told)
    place = await first_page(notify)
    assert await notify.expand(place, 1) == 1
    once = await told_to(notify, told)
    assert await notify.expand(place, 1) is None
    assert await notify.expand(place, ALL) is None
    assert await told_to(notify, told) == once
    await expanded(notify)
    assert sorted(await told_to(notify, told)) == sorted(ids(phones))
    assert await notify.expand(place, ALL) is None
    assert await counted(notify, told) == {DeliveryState.WAITING: len(phones)}


async def test_two_who_expand_a_scope_from_the_same_place_make_the_page_once(notify: NotifyStore) -> None:
    await several(notify)
    told = notification(audience=ToScope(scope="s"))
    await notify.submit(told)
    place = await first_page(notify)
    await notify.expand_users(place, ["ann"], last=False)
    await notify.expand_users(place, ["ann"], last=True)
    assert len(await told_to(notify, told)) == 1
    assert not (await notify.progress(TENANT, told.id)).expanded


async def test_the_page_that_reaches_the_end_says_so_and_is_written(notify: NotifyStore) -> None:
    await registered(notify, "ann", "bob")
    told = notification()
    await notify.submit(told)
    assert await notify.expand(await first_page(notify), 2) is None
    progress = await notify.progress(TENANT, told.id)
    assert (progress.expanded, progress.notification.state) == (True, "running")
    assert len(await told_to(notify, told)) == 2


async def test_an_address_that_is_retired_gets_into_no_chunk(notify: NotifyStore) -> None:
    ann, bob = await registered(notify, "ann", "bob")
    await notify.retire(TENANT, "ann", ann.device, "signed_out")
    everyone = await submitted(notify, notification(1))
    users = await submitted(notify, notification(2, audience=ToUsers(users=("ann", "bob"))))
    chosen = await submitted(notify, notification(3, audience=ToAddresses(addresses=(ann.id, bob.id))))
    for told in (everyone, users, chosen):
        assert await told_to(notify, told) == [bob.id]


async def test_the_oldest_that_is_due_is_expanded_first_and_none_before_its_time(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    later, oldest = notification(1, due_at_ms=NOW), notification(2, due_at_ms=NOW - 5)
    other_lane, not_due = notification(3, lane="wake", due_at_ms=NOW - 9), notification(4, due_at_ms=NOW + 1)
    for each in (later, oldest, other_lane, not_due):
        await notify.submit(each)
    order = []
    while (found := await notify.expanding(TENANT, "bulk", NOW)) is not None:
        order.append(found.notification.id)
        await notify.expand(found, ALL)
    assert order == [oldest.id, later.id]


async def test_one_that_is_paused_or_over_is_not_expanded(notify: NotifyStore) -> None:
    await registered(notify, "ann", "bob", "cem")
    told = notification()
    await notify.submit(told)
    await notify.expand(await first_page(notify), 1)
    place = await first_page(notify)
    await notify.steer(TENANT, told.id, "pause", "lunch")
    assert await notify.expanding(TENANT, "bulk", NOW) is None
    assert await notify.expand(place, 1) is None
    assert len(await told_to(notify, told)) == 1
    await notify.steer(TENANT, told.id, "resume", "")
    assert await first_page(notify) == place
    await notify.steer(TENANT, told.id, "cancel", "enough")
    assert await notify.expanding(TENANT, "bulk", NOW) is None
    assert await notify.expand(place, 1) is None
    assert len(await told_to(notify, told)) == 1
