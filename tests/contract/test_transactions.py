"""A commit batch: all or nothing, one at a time in a tenant, and it loads exactly what it wanted."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from homeport_sync.clock import LAST
from homeport_sync.errors import Unavailable
from homeport_sync.ports import BEFORE_ALL_OUTCOMES, FORMER_IDS_MAX, Head, Loaded, Wanted, Writes
from tests.contract.samples import (
    EPOCH,
    EVERYTHING,
    NOTHING,
    NOW,
    TENANT,
    all_of,
    cancelled_inside,
    entry,
    grant,
    known,
    load,
    outcome,
    refused,
    stamp_of,
    stored,
    wanted,
    write,
)
from tests.contract.stores import Store

EMPTY = Loaded(head=Head(position=0, epoch=EPOCH))


async def test_a_new_tenant_knows_nothing(store: Store) -> None:
    assert await load(store) == EMPTY


async def test_what_was_committed_is_there_as_it_was_written(store: Store) -> None:
    await write(store, all_of())
    assert await load(store) == Loaded(
        head=Head(position=1, epoch=EPOCH),
        devices={"d": known(last_number=1)},
        outcomes={("d", 1): outcome(1)},
        grants={("u", "s"): grant()},
        records={"r": stored("r", 1)},
    )
    assert await store.read(TENANT, 0, 10) == [entry(1)]


async def test_leaving_without_a_commit_writes_nothing(store: Store) -> None:
    async with store.transaction(TENANT) as transaction:
        await transaction.load(EVERYTHING)
    assert await load(store) == EMPTY


async def test_leaving_by_an_error_writes_nothing_and_frees_the_head(store: Store) -> None:
    async def fail_inside() -> None:
        async with store.transaction(TENANT) as transaction:
            await transaction.load(EVERYTHING)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_inside()
    await write(store, all_of())
    assert (await load(store)).head.position == 1


async def test_being_cancelled_inside_writes_nothing_and_frees_the_head(store: Store) -> None:
    await cancelled_inside(store, TENANT, EVERYTHING)
    await write(store, all_of())
    assert (await load(store)).head.position == 1


async def test_load_gives_what_was_wanted_and_nothing_more(store: Store) -> None:
    await write(
        store,
        Writes(
            head=4,
            now_ms=NOW,
            records=[stored("r", 1), stored("q", 2, scope="t"), stored("p", 3)],
            outcomes=[outcome(number, device=device) for device in ("d", "e") for number in (1, 2)],
            devices=[known("d", last_number=2), known("e", user="v", last_number=2)],
            grants=[grant("s"), grant("t", until=3), grant("s", user="v", maker=True)],
        ),
    )
    asked = wanted(
        devices=["e", "nobody"],
        numbers=[("d", 2), ("e", 1), ("e", 3), ("nobody", 1)],
        grants=[("u", "t"), ("v", "t"), ("v", "s")],
        records=["q", "p", "nothing"],
    )
    found = await load(store, asked)
    assert found.head == Head(position=4, epoch=EPOCH)
    assert found.devices == {"e": known("e", user="v", last_number=2)}
    assert found.outcomes.get(("e", 1)) == outcome(1, device="e")
    assert found.outcomes.keys() <= {("d", 2), ("e", 1)}
    assert found.grants == {("u", "t"): grant("t", until=3), ("v", "s"): grant("s", user="v", maker=True)}
    assert found.records == {"q": stored("q", 2, scope="t"), "p": stored("p", 3)}
    assert found.rejected_creates == frozenset()


async def test_every_number_known_of_a_wanted_device_is_loaded_when_it_is_wanted(store: Store) -> None:
    numbers = range(1, 300)
    await write(
        store,
        Writes(head=0, now_ms=NOW, outcomes=[outcome(each) for each in numbers], devices=[known(last_number=299)]),
    )
    asked = wanted(devices=["d"], numbers=[("d", each) for each in range(1, 350)])
    assert sorted((await load(store, asked)).outcomes) == [("d", each) for each in numbers]


async def test_a_number_asked_for_with_another_stamp_is_not_known(store: Store) -> None:
    await write(store, Writes(head=0, now_ms=NOW, outcomes=[outcome(1), outcome(2)], devices=[known(last_number=2)]))
    named = frozenset({(stamp_of(1), "d", 1), (stamp_of(9), "d", 2)})
    asked = Wanted(devices=frozenset({"d"}), outcomes=named, grants=frozenset(), records=frozenset())
    assert (await load(store, asked)).outcomes == {("d", 1): outcome(1)}


async def test_refused_creates_are_told_for_wanted_devices_and_records_that_are_not_there(store: Store) -> None:
    await write(
        store,
        Writes(
            head=1,
            now_ms=NOW,
            records=[stored("there", 1)],
            quarantined=[
                refused(1, record="missing"),
                refused(2, record="there"),
                refused(3, record="updated", created=False),
                refused(4, record="unasked"),
                refused(5, record="", created=False),
                refused(1, device="e", record="missing"),
            ],
            devices=[known(last_number=4), known("e", last_number=1)],
        ),
    )
    asked = wanted(devices=["d"], records=["missing", "there", "updated"])
    assert (await load(store, asked)).rejected_creates == {("d", "missing")}
    other = replace(wanted(devices=["d", "e"], records=["missing"]), creates=frozenset({("e", "missing")}))
    assert (await load(store, other)).rejected_creates == {("e", "missing")}


async def test_of_a_stamp_that_came_under_very_many_ids_some_outcomes_are_loaded_and_not_all(store: Store) -> None:
    devices = [f"d{each}" for each in range(3 * FORMER_IDS_MAX)]
    many = [outcome(1, device=each) for each in devices]
    await write(
        store, Writes(head=0, now_ms=NOW, outcomes=[*many, outcome(2)], devices=[*map(known, devices), known()])
    )
    found = await load(store, replace(NOTHING, stamps=frozenset({stamp_of(1), stamp_of(2)})))
    assert len(found.outcomes) == FORMER_IDS_MAX + 1
    assert found.outcomes["d", 2] == outcome(2)


async def test_a_second_write_of_a_record_a_device_or_a_grant_replaces_the_first(store: Store) -> None:
    await write(store, all_of())
    await write(
        store,
        Writes(
            head=2,
            now_ms=NOW,
            records=[stored("r", 2, deleted=True)],
            devices=[known(last_number=2, confirmed=1)],
            grants=[grant(until=2)],
        ),
    )
    found = await load(store)
    assert found.records == {"r": stored("r", 2, deleted=True)}
    assert found.devices == {"d": known(last_number=2, confirmed=1)}
    assert found.grants == {("u", "s"): grant(until=2)}
    assert found.outcomes == {("d", 1): outcome(1)}


async def others_ran() -> None:
    """Every task that was ready has had its turn."""
    loop = asyncio.get_running_loop()
    turn = loop.create_future()
    loop.call_soon(turn.set_result, None)
    await turn


@pytest.mark.promise("I4")
async def test_transactions_of_a_tenant_are_one_at_a_time_and_none_overwrites_another(store: Store) -> None:
    async def one_more() -> None:
        async with store.transaction(TENANT) as transaction:
            head = (await transaction.load(NOTHING)).head.position
            await others_ran()
            await transaction.commit(Writes(head=head + 1, now_ms=NOW, log=[entry(head + 1)]))

    await asyncio.gather(*(one_more() for _ in range(25)))
    assert [each.position for each in await store.read(TENANT, 0, 100)] == list(range(1, 26))
    assert (await load(store)).head.position == 25


async def test_a_transaction_that_waited_sees_what_the_one_before_it_committed(store: Store) -> None:
    async with store.transaction(TENANT) as transaction:
        await transaction.load(NOTHING)
        waits = asyncio.create_task(load(store))
        await others_ran()
        await transaction.commit(all_of())
    assert (await waits).head.position == 1


async def test_a_reader_does_not_see_a_transaction_that_is_not_committed(store: Store) -> None:
    async with store.transaction(TENANT) as transaction:
        await transaction.load(NOTHING)
        assert (await store.standing(TENANT, "u", "d")).head.position == 0
        await transaction.commit(all_of())
    assert (await store.standing(TENANT, "u", "d")).head.position == 1


async def test_a_tenant_that_is_not_here_is_unavailable(store: Store) -> None:
    with pytest.raises(Unavailable, match="no tenant nobody"):
        await load(store, tenant="nobody")
    with pytest.raises(Unavailable, match="no tenant nobody"):
        await store.standing("nobody", "u", "d")
    with pytest.raises(Unavailable, match="no tenant nobody"):
        await store.page("nobody", "u", "d", None, 10)
    with pytest.raises(Unavailable, match="no tenant nobody"):
        await store.read("nobody", 0, 10)
    with pytest.raises(Unavailable, match="no tenant nobody"):
        await store.begin_epoch("nobody", EPOCH)
    with pytest.raises(Unavailable, match="no tenant nobody"):
        await store.prune_outcomes("nobody", NOW, BEFORE_ALL_OUTCOMES, LAST, 10)
    await write(store, all_of())
