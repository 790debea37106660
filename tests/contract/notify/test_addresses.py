"""Addresses: a phone is one address however often it is installed again, and one user's at a time."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from homeport_notify.address import make_address
from homeport_notify.audience import ToAddresses
from homeport_notify.errors import BadAddress
from homeport_notify.limits import ADDRESSES_A_USER_MAX, TARGET_LENGTH_MAX
from homeport_notify.ports import NotifyStore
from tests.contract.notify.samples import (
    ALL,
    NOW,
    TENANT,
    ids,
    leased,
    notification,
    phone,
    registered,
    submitted,
    told_to,
)


async def living(notify: NotifyStore, user: str) -> list[str]:
    return [each.target for each in await notify.addresses(TENANT, user, "", ALL) if each.retired is None]


async def test_an_address_comes_back_as_it_was_registered(notify: NotifyStore) -> None:
    (ann,) = await registered(notify, "ann")
    assert await notify.addresses(TENANT, "ann", "", ALL) == [ann]


async def test_a_new_token_takes_the_place_of_the_former(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    newer = replace(phone("ann", target="newer"), locale="de-DE", timezone="Europe/Berlin", seen_at_ms=NOW + 5)
    await notify.register(TENANT, newer, NOW + 5)
    assert await notify.addresses(TENANT, "ann", "", ALL) == [newer]


async def test_a_phone_that_changes_hands_is_the_new_users(notify: NotifyStore) -> None:
    await notify.register(TENANT, phone("ann", "d"), NOW)
    await notify.register(TENANT, phone("bob", "d"), NOW)
    assert await living(notify, "ann") == []
    assert await notify.addresses(TENANT, "ann", "", ALL) == []
    assert len(await living(notify, "bob")) == 1


async def test_a_phone_that_was_installed_again_is_not_told_twice(notify: NotifyStore) -> None:
    await notify.register(TENANT, phone("ann", "first", target="same"), NOW)
    await notify.register(TENANT, phone("ann", "second", target="same"), NOW)
    assert await living(notify, "ann") == ["same"]
    retired = [each.retired for each in await notify.addresses(TENANT, "ann", "", ALL) if each.device == "first"]
    assert retired == ["replaced"]


async def test_the_same_target_of_another_channel_is_another(notify: NotifyStore) -> None:
    await notify.register(TENANT, phone("ann", "d", target="ab"), NOW)
    apns = make_address(user="ann", device="d", channel="apns", target="ab", platform="ios", seen_at_ms=NOW)
    await notify.register(TENANT, apns, NOW)
    assert len(await living(notify, "ann")) == 2


async def test_registered_again_it_lives_again_without_strikes(notify: NotifyStore) -> None:
    (ann,) = await registered(notify, "ann")
    assert await notify.retire(TENANT, "ann", ann.device, "signed_out") == 1
    assert [each.retired for each in await notify.addresses(TENANT, "ann", "", ALL)] == ["signed_out"]
    await notify.register(TENANT, replace(ann, strikes=1, retired="gone"), NOW)
    assert await notify.addresses(TENANT, "ann", "", ALL) == [ann]


async def test_only_that_users_device_is_retired_and_once(notify: NotifyStore) -> None:
    for each in (phone("ann", "one"), phone("ann", "two"), phone("bob", "three")):
        await notify.register(TENANT, each, NOW)
    assert await notify.retire(TENANT, "bob", "one", "signed_out") == 0
    assert await notify.retire(TENANT, "ann", "one", "signed_out") == 1
    assert await notify.retire(TENANT, "ann", "one", "gone") == 0
    assert len(await living(notify, "ann")) == 1
    assert len(await living(notify, "bob")) == 1


async def test_a_user_has_so_many_living_addresses_and_no_more(notify: NotifyStore) -> None:
    for number in range(ADDRESSES_A_USER_MAX):
        await notify.register(TENANT, phone("ann", f"d{number}"), NOW)
    with pytest.raises(BadAddress, match="retire one"):
        await notify.register(TENANT, phone("ann", "one more"), NOW)
    await notify.register(TENANT, phone("ann", "d3", target="renewed"), NOW)
    await notify.register(TENANT, phone("ann", "installed again", target="token-d5"), NOW)
    await notify.retire(TENANT, "ann", "d7", "signed_out")
    await notify.register(TENANT, phone("ann", "one more"), NOW)
    assert len(await living(notify, "ann")) == ADDRESSES_A_USER_MAX
    await notify.register(TENANT, phone("bob", "d1"), NOW)


async def test_addresses_are_listed_page_by_page_retired_ones_too(notify: NotifyStore) -> None:
    phones = sorted((phone("ann", f"d{number}") for number in range(5)), key=lambda each: each.id)
    for each in phones:
        await notify.register(TENANT, each, NOW)
    await notify.retire(TENANT, "ann", phones[1].device, "signed_out")
    first = await notify.addresses(TENANT, "ann", "", 2)
    assert ids(first) == ids(phones[:2])
    assert ids(await notify.addresses(TENANT, "ann", first[-1].id, ALL)) == ids(phones[2:])


async def test_the_living_addresses_of_devices_and_of_users_are_found(notify: NotifyStore) -> None:
    ann, bob, _ = await registered(notify, "ann", "bob", "cem")
    both = make_address(user="ann", device=ann.device, channel="apns", target="ab", seen_at_ms=NOW)
    await notify.register(TENANT, both, NOW)
    await notify.retire(TENANT, "bob", bob.device, "signed_out")
    found = await notify.of_devices(TENANT, [ann.device, bob.device, "nobody"])
    assert sorted(ids(found)) == sorted([ann.id, both.id])
    assert sorted(ids(await notify.of_users(TENANT, ["bob", "ann", "ann"]))) == sorted([ann.id, both.id])
    assert await notify.of_devices(TENANT, []) == []
    assert await notify.of_users(TENANT, []) == []


async def test_those_that_were_not_seen_for_long_age_out_oldest_first(notify: NotifyStore) -> None:
    for number in range(4):
        await notify.register(TENANT, phone(f"user {number}", seen_at_ms=NOW + number), NOW)
    assert await notify.age_out(TENANT, NOW + 3, 2) == 2
    retired = [(await notify.addresses(TENANT, f"user {number}", "", 1))[0].retired for number in range(4)]
    assert retired == ["aged", "aged", None, None]
    assert await notify.age_out(TENANT, NOW + 3, 9) == 1
    assert await notify.age_out(TENANT, NOW + 3, 9) == 0


async def test_what_was_retired_long_ago_is_forgotten_with_its_wakes_and_what_lives_stays(notify: NotifyStore) -> None:
    for number in range(4):
        await notify.register(TENANT, phone(f"user {number}", seen_at_ms=NOW + number), NOW)
    gone = phone("user 1")
    await notify.want(TENANT, {gone.id: 7}, NOW)
    for number in (1, 2, 3):
        await notify.retire(TENANT, f"user {number}", phone(f"user {number}").device, "signed_out")
    told = await submitted(notify, notification(audience=ToAddresses((phone("user 0").id,))))
    assert await notify.forget_addresses(TENANT, NOW + 3, 1) == 1
    assert await notify.forget_addresses(TENANT, NOW + 3, 9) == 1
    assert await notify.forget_addresses(TENANT, NOW + 3, 9) == 0
    kept = [len(await notify.addresses(TENANT, f"user {number}", "", 1)) for number in range(4)]
    assert kept == [1, 0, 0, 1]
    assert set(await notify.reachable(await leased(notify), [gone.id, *await told_to(notify, told)])) == {
        phone("user 0").id
    }
    await notify.register(TENANT, gone, NOW)
    await notify.want(TENANT, {gone.id: 3}, NOW)
    assert [each.position for each in await notify.due(TENANT, NOW, 9)] == [3]


async def test_the_longest_target_is_kept_whole(notify: NotifyStore) -> None:
    long = phone("ann", target="x" * TARGET_LENGTH_MAX)
    await notify.register(TENANT, long, NOW)
    await notify.register(TENANT, phone("bob", target="x" * TARGET_LENGTH_MAX), NOW)
    assert await living(notify, "ann") == []
    assert await living(notify, "bob") == [long.target]
