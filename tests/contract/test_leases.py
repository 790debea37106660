"""Leases: one worker at a time moves a follower's place, and whoever wakes too late writes nothing."""

from __future__ import annotations

import asyncio

import pytest

from homeport_sync.errors import LeaseLost, Unavailable
from homeport_sync.lease import Lease
from homeport_sync.usage import Heading
from tests.contract.samples import EPOCH, TENANT
from tests.contract.stores import Store

LONG_MS = 600_000
OVER_MS = 0  # a lease that has run out when it begins


async def taken(store: Store, holder: str, ttl_ms: int = LONG_MS, *, tenant: str = TENANT) -> Lease:
    lease = await store.lease(tenant, "usage", holder, ttl_ms)
    assert lease is not None
    return lease


async def test_a_follower_that_is_held_is_had_by_nobody_else(store: Store) -> None:
    lease = await taken(store, "one")
    assert lease == Lease(tenant=TENANT, follower="usage", holder="one", fence=1, position=0, ttl_ms=LONG_MS)
    assert await store.lease(TENANT, "usage", "two", LONG_MS) is None
    assert await store.lease(TENANT, "webhooks", "two", LONG_MS) is not None


async def test_of_many_who_ask_at_once_one_gets_it(store: Store) -> None:
    asked = await asyncio.gather(*(store.lease(TENANT, "usage", f"worker {n}", LONG_MS) for n in range(8)))
    assert len([lease for lease in asked if lease is not None]) == 1


async def test_who_holds_it_takes_it_again_under_the_same_fence_with_the_place_of_now(store: Store) -> None:
    first = await taken(store, "one")
    await store.keep_place(first, 7)
    again = await taken(store, "one")
    assert (again.fence, again.position) == (first.fence, 7)
    await store.keep_place(first, 8)
    await store.keep_place(again, 9)
    assert await store.place(TENANT, "usage") == 9


async def test_a_lease_given_back_is_had_at_once_under_a_higher_fence(store: Store) -> None:
    first = await taken(store, "one")
    await store.keep_place(first, 3)
    await store.give_back(first)
    second = await taken(store, "two")
    assert second.fence > first.fence
    assert second.position == 3
    await store.give_back(second)
    assert (await taken(store, "two")).fence > second.fence


@pytest.mark.promise("I13")
async def test_a_holder_that_wakes_after_its_lease_has_run_out_and_was_taken_writes_nothing(store: Store) -> None:
    late = await taken(store, "late", OVER_MS)
    next_one = await taken(store, "next")
    assert next_one.fence > late.fence
    with pytest.raises(LeaseLost):
        await store.add_usage(late, 9, {Heading(day="2026-01-31"): 9})
    await store.keep_place(next_one, 5)
    with pytest.raises(LeaseLost):
        await store.keep_place(late, 9)
    with pytest.raises(LeaseLost):
        await store.add_usage(late, 9, {Heading(day="2026-01-31"): 9})
    await store.give_back(late)
    assert await store.lease(TENANT, "usage", "third", LONG_MS) is None, "what the late one gave back was not its own"
    assert await store.place(TENANT, "usage") == 5
    assert await store.usage(TENANT, Heading(day=""), 10) == []


async def test_the_fence_and_not_the_name_of_the_holder_is_the_right_to_write(store: Store) -> None:
    """A worker that comes back to a follower which another one held meanwhile has nothing under its first lease."""
    first = await taken(store, "one", OVER_MS)
    await store.give_back(await taken(store, "two"))
    second = await taken(store, "one")
    with pytest.raises(LeaseLost):
        await store.keep_place(first, 9)
    with pytest.raises(LeaseLost):
        await store.add_usage(first, 9, {Heading(day="2026-01-31"): 9})
    await store.give_back(first)
    assert await store.lease(TENANT, "usage", "third", LONG_MS) is None
    assert (await store.keep_place(second, 4)).position == 4


async def test_a_lease_that_has_run_out_and_was_taken_by_nobody_is_still_good(store: Store) -> None:
    lease = await taken(store, "one", OVER_MS)
    assert (await store.keep_place(lease, 4)).position == 4
    assert await store.place(TENANT, "usage") == 4


async def test_writing_under_a_lease_lets_it_run_anew(store: Store) -> None:
    over = await taken(store, "one", OVER_MS)
    lease = Lease(
        tenant=TENANT, follower="usage", holder="one", fence=over.fence, position=over.position, ttl_ms=LONG_MS
    )
    await store.keep_place(lease, 1)
    assert await store.lease(TENANT, "usage", "two", LONG_MS) is None


async def test_a_lease_given_back_is_no_right_to_write(store: Store) -> None:
    lease = await taken(store, "one")
    await store.give_back(lease)
    with pytest.raises(LeaseLost):
        await store.keep_place(lease, 1)
    assert await store.place(TENANT, "usage") == 0


async def test_a_place_never_goes_back(store: Store) -> None:
    lease = await taken(store, "one")
    for position, kept in ((5, 5), (3, 5), (5, 5), (8, 8)):
        assert (await store.keep_place(lease, position)).position == kept
        assert await store.place(TENANT, "usage") == kept


async def test_leases_of_two_tenants_have_nothing_to_do_with_each_other(store: Store) -> None:
    await store.create("other", id="other", epoch=EPOCH, now_ms=0)
    mine, other = await taken(store, "one"), await taken(store, "two", tenant="other")
    await store.keep_place(mine, 3)
    await store.give_back(other)
    assert await store.place("other", "usage") == 0
    assert await store.lease(TENANT, "usage", "two", LONG_MS) is None


async def test_there_is_no_lease_in_a_tenant_that_is_not_there(store: Store) -> None:
    with pytest.raises(Unavailable):
        await store.lease("nobody", "usage", "one", LONG_MS)


async def test_a_place_begins_once_and_where_the_first_one_says(store: Store) -> None:
    assert await store.begin(TENANT, "webhooks", 7) == 7
    assert await store.begin(TENANT, "webhooks", 9) == 7
    assert await store.place(TENANT, "webhooks") == 7
    lease = await store.lease(TENANT, "webhooks", "one", LONG_MS)
    assert lease is not None
    assert lease.position == 7
    await store.keep_place(lease, 8)
    assert await store.begin(TENANT, "webhooks", 9) == 8


async def test_a_place_that_a_lease_made_has_begun_at_the_start(store: Store) -> None:
    await taken(store, "one")
    assert await store.begin(TENANT, "usage", 9) == 0


async def test_of_many_who_begin_a_place_at_once_all_are_told_the_same(store: Store) -> None:
    told = await asyncio.gather(*(store.begin(TENANT, "webhooks", n) for n in range(1, 9)))
    assert len(set(told)) == 1
    assert await store.place(TENANT, "webhooks") == told[0]


async def test_a_follower_begins_once_in_a_store_and_apart_from_its_places(store: Store) -> None:
    told = await asyncio.gather(*(store.began_ms("webhooks", n) for n in range(1, 9)))
    assert len(set(told)) == 1
    assert await store.began_ms("webhooks", 2**50) == told[0]
    assert await store.began_ms("mails", 2**50) == 2**50
    assert await store.place(TENANT, "webhooks") == 0
    assert [each.id for each in await store.tenants("", 10)] == [TENANT]


async def test_no_place_begins_in_a_tenant_that_is_not_there(store: Store) -> None:
    with pytest.raises(Unavailable):
        await store.begin("nobody", "usage", 1)
