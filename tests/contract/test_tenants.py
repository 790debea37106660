"""Tenants are made once by name, and nothing of one is ever seen through another."""

from __future__ import annotations

import asyncio

import pytest

from homeport_sync.ports import Head, Tenant, Writes
from tests.contract.samples import (
    EPOCH,
    NOTHING,
    NOW,
    TENANT,
    all_of,
    entry,
    forgotten,
    grant,
    keep,
    known,
    load,
    outcome,
    refused,
    stored,
    write,
)
from tests.contract.stores import Store

OTHER = "other"


async def test_making_a_tenant_twice_gives_the_first_and_leaves_its_log(store: Store) -> None:
    await write(store, all_of())
    made = await store.create("beta", id="b", epoch="one", now_ms=5)
    assert made == Tenant(id="b", name="beta", created_at_ms=5)
    assert await store.create("beta", id="c", epoch="two", now_ms=9) == made
    assert (await store.standing("b", "u", "d")).head == Head(position=0, epoch="one")
    assert await store.find("c") is None
    assert await store.create(TENANT, id="x", epoch="two", now_ms=9) == await store.find(TENANT)
    assert (await store.standing(TENANT, "u", "d")).head == Head(position=1, epoch=EPOCH)


async def test_making_a_tenant_from_many_places_at_once_makes_one(store: Store) -> None:
    made = await asyncio.gather(
        *(store.create("beta", id=f"b{index}", epoch=f"e{index}", now_ms=index) for index in range(8))
    )
    assert len(set(made)) == 1
    assert len(await store.tenants("", 100)) == 2


async def test_a_tenant_is_found_by_id_or_name(store: Store) -> None:
    made = await store.create("beta", id="b", epoch="one", now_ms=5)
    assert await store.find("b") == await store.find("beta") == made
    assert await store.find("nobody") is None
    assert await store.find("") is None


async def test_tenants_are_paged_in_the_order_of_their_ids(store: Store) -> None:
    for id in ("c", "a", "d", "b"):
        await store.create(f"name of {id}", id=id, epoch="one", now_ms=0)
    paged: list[str] = []
    while page := await store.tenants(paged[-1] if paged else "", 2):
        assert len(page) <= 2
        paged += [tenant.id for tenant in page]
        assert len(paged) <= 5, "the pages do not end"
    assert paged == ["a", TENANT, "b", "c", "d"]


@pytest.fixture
async def two(store: Store) -> Store:
    """Two tenants in which everything has the same ids, and only the titles and positions differ."""
    await store.create(OTHER, id=OTHER, epoch="second", now_ms=0)
    await write(store, all_of(3, title="of acme"))
    await write(store, all_of(5, title="of other"), tenant=OTHER)
    await keep(store, "pokes", 3)
    return store


@pytest.mark.promise("I8")
async def test_two_tenants_with_equal_ids_read_only_their_own(two: Store) -> None:
    for tenant, at, title, epoch in ((TENANT, 3, "of acme", EPOCH), (OTHER, 5, "of other", "second")):
        found = await load(two, tenant=tenant)
        assert found.head == Head(position=at, epoch=epoch)
        assert found.records == {"r": stored("r", at, title=title)}
        assert found.devices == {"d": known(last_number=at)}
        assert found.outcomes == {("d", at): outcome(at)}
        assert found.grants == {("u", "s"): grant()}
        assert await two.read(tenant, 0, 10) == [entry(at)]
        page = await two.page(tenant, "u", "d", None, 10)
        assert [position for rows in page.ranges for position, _ in rows] == [at]
        assert title in page.ranges[0][0][1]
        assert page.standing == await two.standing(tenant, "u", "d")
        assert (page.standing.head, page.standing.last_number) == (found.head, at)


async def test_what_one_tenant_writes_begins_or_forgets_leaves_the_other_as_it_was(two: Store) -> None:
    before = await load(two, tenant=OTHER)
    await write(
        two,
        Writes(
            head=4,
            now_ms=NOW,
            records=[stored("r", 4, deleted=True), stored("new", 4)],
            quarantined=[refused(4, record="q")],
            devices=[known(last_number=4, confirmed=4)],
            grants=[grant(until=4), grant("t")],
        ),
    )
    await two.begin_epoch(TENANT, EPOCH)
    await two.begin_epoch(OTHER, EPOCH)
    assert await forgotten(two, NOW + 1) == 1
    assert await forgotten(two, NOW + 1, OTHER) == 0
    await keep(two, "pokes", 9)
    assert await load(two, tenant=OTHER) == before
    assert await two.place(OTHER, "pokes") == 0
    assert (await two.standing(OTHER, "u", "d")).grants == [grant()]
    assert await two.read(OTHER, 0, 10) == [entry(5)]


async def test_one_tenants_open_transaction_holds_nothing_of_anothers_reads(two: Store) -> None:
    async with two.transaction(TENANT) as transaction:
        await transaction.load(NOTHING)
        assert (await two.standing(OTHER, "u", "d")).head.position == 5
        assert await two.read(OTHER, 0, 10) == [entry(5)]
