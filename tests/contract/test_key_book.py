"""Filling keys and links for an app that declares them later, and what keeps a server from starting without that."""

from __future__ import annotations

from dataclasses import replace as with_more

import pytest
from msgspec.structs import replace

from homeport_sync.errors import KeysForeign
from homeport_sync.key_book import UNFINISHED, check_keys, declaration_of, rebuild
from homeport_sync.keys import Link, key_of
from homeport_sync.ports import StoredRecord, Writes
from tests.contract.samples import NOTHING, NOW, TENANT, load, stored, write
from tests.contract.stores import Store
from tests.unit.sync.projects import app
from tests.unit.sync.tasks import CATALOG

DECLARED = (
    "Issue.blocks restrict, Issue.project cascade, Project.code unique, Project.parent cascade, Project.weight unique"
)


def project(id: str, position: int, *, deleted: bool = False, **fields: str | float | None) -> StoredRecord:
    made = stored(id, position, deleted=deleted)
    record = replace(made.record, kind="Project", fields={} if deleted else dict(fields))
    return replace(made, record=record)


async def test_a_new_database_takes_what_the_app_declares(store: Store) -> None:
    assert declaration_of(app.catalog) == DECLARED
    await check_keys(store, CATALOG)
    await check_keys(store, app.catalog)
    assert await store.declared_keys() == DECLARED
    await write(store, Writes(head=1, now_ms=NOW, records=[project("a", 1)]))
    await check_keys(store, app.catalog)
    with pytest.raises(KeysForeign, match=r"declares the keys \[\], and the database has those for \[Issue"):
        await check_keys(store, CATALOG)


async def test_a_database_with_records_is_filled_before_a_server_starts(store: Store) -> None:
    records = [
        project("a", 1, code="x", weight=1),
        project("b", 2, code=None, parent="a"),
        project("c", 3, deleted=True),
        stored("d", 4),
    ]
    stale, old = Link("d", "a", "Task", "gone", True), key_of("s", "Task", "t", 1)
    await write(store, Writes(head=4, now_ms=NOW, records=records, links=[(stale, True)], keys=[(old, "d")]))
    with pytest.raises(KeysForeign, match="run `homeport keys APP --rebuild`"):
        await check_keys(store, app.catalog)
    assert await rebuild(store, app.catalog, NOW) == []
    await check_keys(store, app.catalog)
    code, weight = key_of("s", "Project", "code", "x"), key_of("s", "Project", "weight", 1)
    asked = with_more(NOTHING, keys=frozenset({code, weight, old}), targets=frozenset({"a", "d"}))
    found = await load(store, asked)
    assert found.keys == {code: "a", weight: "a"}
    assert found.links == {"a": [Link("a", "b", "Project", "parent", True)], "b": [], "d": []}
    assert found.head.position == 4


async def test_records_that_share_a_value_are_named_and_nothing_starts_until_they_do_not(store: Store) -> None:
    await write(store, Writes(head=2, now_ms=NOW, records=[project("a", 1, code="x"), project("b", 2, code="x")]))
    (clash,) = await rebuild(store, app.catalog, NOW)
    assert (clash.tenant, clash.kind, clash.field, clash.record, clash.holder) == (TENANT, "Project", "code", "b", "a")
    assert await store.declared_keys() == UNFINISHED
    for catalog in (app.catalog, CATALOG):
        with pytest.raises(KeysForeign):
            await check_keys(store, catalog)
    await write(store, Writes(head=3, now_ms=NOW, records=[project("b", 3, code="y")]))
    assert await rebuild(store, app.catalog, NOW) == []
    await check_keys(store, app.catalog)


async def test_keys_and_links_are_forgotten_a_page_at_a_time_and_those_of_another_tenant_stay(store: Store) -> None:
    """All at once a large tenant's would take longer than a database lets a statement run."""
    keys = [(key_of("s", "Task", "title", at), f"r{at}") for at in range(5)]
    links = [(Link("a", f"r{at}", "Task", "parent", False), True) for at in range(3)]
    await store.create("other", id="other", epoch="first", now_ms=NOW)
    for tenant in (TENANT, "other"):
        await write(store, Writes(head=1, now_ms=NOW, keys=keys, links=links), tenant)
    told = [await store.clear_keys(TENANT, 2) for _ in range(4)]
    assert told == [True, True, True, False]
    asked = with_more(NOTHING, keys=frozenset(key for key, _ in keys), targets=frozenset({"a"}))
    found = await load(store, asked)
    assert (found.keys, found.links) == ({}, {"a": []})
    kept = await load(store, asked, "other")
    assert (len(kept.keys), len(kept.links["a"])) == (5, 3)


async def test_records_come_in_the_order_of_their_ids_page_by_page(store: Store) -> None:
    await write(store, Writes(head=3, now_ms=NOW, records=[stored(id, at) for at, id in enumerate("cab", 1)]))
    assert [each.id for each in await store.records_after(TENANT, "", 2)] == ["a", "b"]
    assert [each.id for each in await store.records_after(TENANT, "b", 2)] == ["c"]
    assert await store.records_after(TENANT, "c", 2) == []


async def test_of_a_record_that_was_moved_there_is_one(store: Store) -> None:
    left = replace(stored("a", 2, scope="t", deleted=True), left=True)
    await write(store, Writes(head=4, now_ms=NOW, records=[stored("a", 1, scope="t"), stored("b", 4)]))
    await write(store, Writes(head=4, now_ms=NOW, records=[left, stored("a", 3)]))
    assert [(each.id, each.scope) for each in await store.records_after(TENANT, "", 1)] == [("a", "s")]
    assert [(each.id, each.scope) for each in await store.records_after(TENANT, "a", 9)] == [("b", "s")]
    found = await load(store, with_more(NOTHING, records=frozenset({"a"}), kinds=frozenset({("t", "Task")})))
    assert (found.records["a"].record.scope, found.of_kind) == ("s", {})
