"""Lookups: records, members and presences as they are by now, the same from every store and of one tenant alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeport_sync.errors import Unavailable
from homeport_sync.ports import Writes
from homeport_sync.sightings import Sighting
from tests.contract.samples import EPOCH, NOW, TENANT, all_of, grant, stored, write
from tests.contract.stores import Store

SEEN = Sighting(device="d", user="u", pulled_at_ms=7, pulled_position=3, connected_at_ms=9, connected=True)


async def test_records_are_told_as_they_are_by_now_with_tombstones(store: Store) -> None:
    live, dead = stored("r", 2, title="eggs"), stored("q", 3, deleted=True)
    await write(store, all_of())
    await write(store, Writes(head=3, now_ms=NOW, records=[live, dead]))
    assert await store.records(TENANT, ["r", "nobody", "q"]) == {"r": live.record, "q": dead.record}
    assert await store.records(TENANT, []) == {}


async def test_what_was_written_in_a_scope_is_told_in_its_order_with_tombstones_and_once(store: Store) -> None:
    first, dead, last = stored("a", 5), stored("q", 3, deleted=True), stored("r", 4, title="eggs")
    await write(store, Writes(head=2, now_ms=NOW, records=[stored("r", 1), stored("a", 2), stored("x", 9, scope="t")]))
    await write(store, Writes(head=5, now_ms=NOW, records=[first, dead, last]))
    assert await store.written(TENANT, "s", 0, 10) == [dead.record, last.record, first.record]
    assert await store.written(TENANT, "s", 3, 1) == [last.record]
    assert await store.written(TENANT, "s", 5, 10) == await store.written(TENANT, "nowhere", 0, 10) == []


async def test_members_are_those_whose_grant_holds_page_by_page_by_their_names(store: Store) -> None:
    grants = [grant("s", user=user) for user in ("b", "a", "ä", "Z", "*", "c")]
    grants += [grant("s", user="gone", until=2), grant("t", user="other")]
    await write(store, Writes(head=2, now_ms=NOW, grants=grants))
    assert await store.members(TENANT, "s", "", 2) == ["Z", "a"]
    assert await store.members(TENANT, "s", "a", 10) == ["b", "c", "ä"]
    assert await store.members(TENANT, "s", "ä", 10) == []
    assert await store.members(TENANT, "nowhere", "", 10) == []
    await write(store, Writes(head=3, now_ms=NOW, grants=[grant("s", user="b", until=3)]))
    assert await store.members(TENANT, "s", "a", 10) == ["c", "ä"]


async def test_presences_are_sightings_and_who_was_never_heard_of_is_absent(store: Store) -> None:
    await store.keep_sightings(TENANT, [SEEN, Sighting(device="e", user="v")], now_ms=NOW)
    found = await store.presences(TENANT, ["d", "nobody", "e"])
    assert found == {"d": SEEN, "e": Sighting(device="e", user="v")}
    assert await store.presences(TENANT, []) == {}


async def test_the_last_word_on_whether_a_device_listens_counts(store: Store) -> None:
    await store.keep_sightings(TENANT, [SEEN], now_ms=NOW)
    await store.keep_sightings(TENANT, [Sighting(device="d", user="u", pushed_at_ms=99)], now_ms=NOW)
    assert (await store.presences(TENANT, ["d"]))["d"] == replace(SEEN, pushed_at_ms=99)
    for at_ms, connected in ((8, False), (10, False), (11, True)):
        heard = Sighting(device="d", user="u", connected_at_ms=at_ms, connected=connected)
        await store.keep_sightings(TENANT, [heard], now_ms=NOW)
        found = (await store.presences(TENANT, ["d"]))["d"]
        assert (found.connected, found.connected_at_ms) == ((True, 9) if at_ms == 8 else (connected, at_ms))


async def test_nothing_is_looked_up_through_another_tenant(store: Store) -> None:
    await store.create("other", id="other", epoch=EPOCH, now_ms=0)
    await write(store, all_of())
    await store.keep_sightings(TENANT, [SEEN], now_ms=NOW)
    assert await store.records("other", ["r"]) == {}
    assert await store.written("other", "s", 0, 10) == []
    assert await store.members("other", "s", "", 10) == []
    assert await store.presences("other", ["d"]) == {}


async def test_a_tenant_that_is_not_here_is_refused(store: Store) -> None:
    for asked in (
        store.records("no", ["r"]),
        store.written("no", "s", 0, 9),
        store.members("no", "s", "", 9),
        store.presences("no", ["d"]),
    ):
        with pytest.raises(Unavailable):
            await asked
