"""All records of a kind in a scope, as a command reads them: those that live, in the order of their ids, bounded."""

from __future__ import annotations

from homeport_sync.ports import KIND_RECORDS_MAX, Wanted, Writes
from tests.contract.samples import NOW, TENANT, load, stored, write
from tests.contract.stores import Store


def listing(*kinds: tuple[str, str]) -> Wanted:
    return Wanted(
        devices=frozenset(), outcomes=frozenset(), grants=frozenset(), records=frozenset(), kinds=frozenset(kinds)
    )


async def test_the_live_records_of_a_kind_in_a_scope_come_in_the_order_of_their_ids(store: Store) -> None:
    records = [
        stored("b", 1),
        stored("a", 2),
        stored("c", 3, deleted=True),
        stored("d", 4, scope="t"),
    ]
    await write(store, Writes(head=4, now_ms=NOW, records=records))
    found = await load(store, listing(("s", "Task"), ("s", "Note"), ("t", "Task"), ("u", "Task")))
    assert {each: list(ids) for each, ids in found.of_kind.items()} == {("s", "Task"): ["a", "b"], ("t", "Task"): ["d"]}
    assert found.records == {each.record.id: each for each in (records[0], records[1], records[3])}


async def test_another_tenants_records_are_not_among_them(store: Store) -> None:
    await store.create("other", id="other", epoch="first", now_ms=NOW)
    await write(store, Writes(head=1, now_ms=NOW, records=[stored("a", 1)]), tenant="other")
    assert (await load(store, listing(("s", "Task")))).of_kind == {}
    assert (await load(store, listing(("s", "Task")), tenant="other")).of_kind == {("s", "Task"): ["a"]}


async def test_a_record_that_was_deleted_since_is_not_among_them(store: Store) -> None:
    await write(store, Writes(head=2, now_ms=NOW, records=[stored("a", 1), stored("b", 2)]))
    await write(store, Writes(head=3, now_ms=NOW, records=[stored("b", 3, deleted=True)]))
    assert (await load(store, listing(("s", "Task")))).of_kind == {("s", "Task"): ["a"]}


async def test_there_are_no_more_of_them_than_a_command_can_be_told(store: Store) -> None:
    ids = [f"{number:05}" for number in range(KIND_RECORDS_MAX + 5)]
    records = [stored(id, position) for position, id in enumerate(ids, 1)]
    await write(store, Writes(head=len(ids), now_ms=NOW, records=records))
    found = await load(store, listing(("s", "Task")), tenant=TENANT)
    assert list(found.of_kind["s", "Task"]) == ids[:KIND_RECORDS_MAX]
