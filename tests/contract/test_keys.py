"""Keys and links: who holds a value, who refers to a record, and all that goes with it."""

from __future__ import annotations

from dataclasses import replace

from homeport_sync.keys import Key, Link
from homeport_sync.ports import Wanted, Writes
from tests.contract.samples import NOTHING, NOW, TENANT, load, stored, write
from tests.contract.stores import Store

KEY = Key("s", "Task", "code", "0" * 32)
OTHERS = [KEY._replace(scope="t"), KEY._replace(kind="Note"), KEY._replace(field="name"), KEY._replace(digest="1" * 32)]


def link(target: str, record: str, *, field: str = "parent", cascades: bool = True) -> Link:
    return Link(target=target, record=record, kind="Task", field=field, cascades=cascades)


def keys(*asked: Key) -> Wanted:
    return replace(NOTHING, keys=frozenset(asked))


def targets(*asked: str, links_max: int = 10) -> Wanted:
    return replace(NOTHING, targets=frozenset(asked), links_max=links_max)


async def put(store: Store, *links: Link, cut: tuple[Link, ...] = ()) -> None:
    """Records for all that is linked, and the links."""
    ids = sorted({id for each in links for id in (each.target, each.record)})
    records = [stored(id, position) for position, id in enumerate(ids, 1)]
    written = [*((each, True) for each in links), *((each, False) for each in cut)]
    await write(store, Writes(head=len(ids), now_ms=NOW, records=records, links=written))


async def test_a_key_is_held_by_whom_it_was_last_given_until_nobody_has_it(store: Store) -> None:
    assert (await load(store, keys(KEY))).keys == {}
    await write(store, Writes(head=0, now_ms=NOW, keys=[(KEY, "a")]))
    assert (await load(store, keys(KEY, *OTHERS))).keys == {KEY: "a"}
    await write(store, Writes(head=0, now_ms=NOW, keys=[(KEY, "b"), *((each, "c") for each in OTHERS)]))
    assert (await load(store, keys(KEY, *OTHERS))).keys == {KEY: "b"} | dict.fromkeys(OTHERS, "c")
    await write(store, Writes(head=0, now_ms=NOW, keys=[(KEY, None), (OTHERS[0], None), (OTHERS[1], "d")]))
    assert (await load(store, keys(KEY, *OTHERS[:2]))).keys == {OTHERS[1]: "d"}
    assert (await load(store, keys(*OTHERS[2:]))).keys == dict.fromkeys(OTHERS[2:], "c")


async def test_what_was_asked_is_told_with_it(store: Store) -> None:
    assert (await load(store, keys(KEY))).wanted == keys(KEY)


async def test_the_links_of_a_record_and_of_all_that_goes_with_it_come_with_what_goes(store: Store) -> None:
    down = [link("a", "b"), link("b", "c"), link("b", "c", field="other"), link("c", "a")]
    beside = [link("a", "x", cascades=False), link("x", "y"), link("z", "a")]
    await put(store, *down, *beside)
    found = await load(store, targets("a", "q"))
    assert {target: list(links) for target, links in found.links.items()} == {
        "a": [down[0], beside[0]],
        "b": [down[2], down[1]],
        "c": [down[3]],
        "q": [],
    }
    assert found.records.keys() == {"a", "b", "c"}
    assert found.overfull == frozenset()


async def test_a_link_that_was_cut_is_not_there_and_the_others_are(store: Store) -> None:
    links = [link("a", "b"), link("a", "b", field="other"), link("a", "c"), link("b", "c")]
    await put(store, *links)
    await put(store, cut=(links[0],))
    assert (await load(store, targets("a"))).links == {"a": links[1:3], "b": [links[3]], "c": []}
    await put(store, cut=tuple(links[1:]))
    assert (await load(store, targets("a"))).links == {"a": []}


async def test_a_link_says_what_it_was_last_told(store: Store) -> None:
    await put(store, link("a", "b"))
    await put(store, link("a", "b", cascades=False))
    assert (await load(store, targets("a"))).links == {"a": [link("a", "b", cascades=False)]}


async def test_more_links_than_may_be_are_told_and_not_given(store: Store) -> None:
    wide = [link("wide", f"w{number}") for number in range(4)]
    deep = [link("deep", "d0"), *(link(f"d{number}", f"d{number + 1}") for number in range(3))]
    await put(store, *wide, *deep)
    found = await load(store, targets("wide", "deep", links_max=3))
    assert (set(found.overfull), dict(found.links)) == ({"wide", "deep"}, {})
    found = await load(store, targets("wide", "d0", links_max=3))
    assert (set(found.overfull), set(found.links)) == ({"wide"}, {"d0", "d1", "d2", "d3"})
    found = await load(store, targets("wide", "deep", links_max=4))
    assert (set(found.overfull), len(found.links)) == (set(), 10)


async def test_a_ring_of_links_comes_to_an_end(store: Store) -> None:
    await put(store, link("a", "b"), link("b", "a"), link("a", "a"))
    assert (await load(store, targets("a"))).links == {"a": [link("a", "a"), link("a", "b")], "b": [link("b", "a")]}


async def test_another_tenants_are_not_among_them(store: Store) -> None:
    await store.create("other", id="other", epoch="first", now_ms=NOW)
    writes = Writes(head=0, now_ms=NOW, keys=[(KEY, "a")], links=[(link("a", "b"), True)])
    await write(store, writes, tenant="other")
    await write(store, Writes(head=0, now_ms=NOW, keys=[(KEY, None)], links=[(link("a", "b"), False)]))
    asked = replace(keys(KEY), targets=frozenset({"a"}))
    found = await load(store, asked, tenant=TENANT)
    assert (found.keys, found.links) == ({}, {"a": []})
    found = await load(store, asked, tenant="other")
    assert (found.keys, found.links) == ({KEY: "a"}, {"a": [link("a", "b")], "b": []})


async def test_a_batch_may_load_again_under_the_same_lock(store: Store) -> None:
    await write(store, Writes(head=1, now_ms=NOW, records=[stored("a", 1)], keys=[(KEY, "a")]))
    async with store.transaction(TENANT) as transaction:
        assert (await transaction.load(NOTHING)).keys == {}
        found = await transaction.load(replace(keys(KEY), records=frozenset({"a"})))
        assert (found.keys, list(found.records)) == ({KEY: "a"}, ["a"])
        await transaction.commit(Writes(head=2, now_ms=NOW, keys=[(KEY, "b")]))
    assert (await load(store, keys(KEY))).keys == {KEY: "b"}
