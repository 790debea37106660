"""Sightings and what is known of a device: the same from every store, and never of another tenant's device."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from homeport_sync.errors import Unavailable
from homeport_sync.ports import KnownDevice, Writes
from homeport_sync.quarantine import Replayed
from homeport_sync.sightings import REFUSED_SHOWN_MAX, Sighting
from tests.contract.samples import EPOCH, NOW, TENANT, all_of, grant, known, outcome, refused, stamp_of, write
from tests.contract.stores import Store

SEEN = Sighting(device="d", user="u", pushed_at_ms=5, pulled_at_ms=7, pulled_position=3)


async def sighted(store: Store, *heard: Sighting) -> Sighting | None:
    """What is kept of the device d after each of these was kept in turn."""
    for each in heard:
        await store.keep_sightings(TENANT, [each], now_ms=NOW)
    facts = await store.device(TENANT, "d")
    return facts.sighting if facts else None


async def test_a_device_that_nobody_heard_of_is_nothing(store: Store) -> None:
    await write(store, all_of())
    assert await store.device(TENANT, "nobody") is None


async def test_a_sighting_comes_back_as_it_was_kept(store: Store) -> None:
    assert await sighted(store, SEEN) == SEEN


async def test_what_a_sighting_says_nothing_of_stays(store: Store) -> None:
    failed = Sighting(device="d", user="u", refused_at_ms=9, refused_code="NUMBER_GAP")
    assert await sighted(store, SEEN, failed) == replace(SEEN, refused_at_ms=9, refused_code="NUMBER_GAP")
    pushed = Sighting(device="d", user="u", pushed_at_ms=11)
    assert await sighted(store, pushed) == replace(SEEN, refused_at_ms=9, refused_code="NUMBER_GAP", pushed_at_ms=11)


async def test_a_later_pull_moves_the_position_even_back_after_a_reset(store: Store) -> None:
    later = Sighting(device="d", user="u", pulled_at_ms=8, pulled_position=1)
    assert await sighted(store, SEEN, later) == replace(SEEN, pulled_at_ms=8, pulled_position=1)


async def test_times_never_go_back_when_processes_tell_in_another_order(store: Store) -> None:
    earlier = Sighting(
        device="d",
        user="u",
        pushed_at_ms=1,
        pulled_at_ms=1,
        pulled_position=1,
        refused_at_ms=1,
        refused_code="OLD",
    )
    newest = replace(SEEN, refused_at_ms=9, refused_code="NEW")
    assert await sighted(store, newest, earlier) == newest


async def test_several_of_one_device_in_one_go_are_added_one_after_the_other(store: Store) -> None:
    first = Sighting(device="d", user="u", pushed_at_ms=5)
    second = Sighting(device="d", user="u", pulled_at_ms=7, pulled_position=3)
    await store.keep_sightings(TENANT, [first, Sighting(device="e", user="v"), second], now_ms=NOW)
    assert await sighted(store) == SEEN


async def test_what_is_known_of_a_device_is_told_whole(store: Store) -> None:
    many = [refused(number) for number in range(1, REFUSED_SHOWN_MAX + 3)]
    last = KnownDevice(id="d", user="u", last_number=40, confirmed=4, last_stamp=stamp_of(40))
    await write(
        store, Writes(head=3, now_ms=NOW, devices=[known(last_number=9)], grants=[grant("s"), grant("t", until=2)])
    )
    await write(
        store,
        Writes(
            head=3,
            now_ms=NOW + 5,
            devices=[last],
            outcomes=[outcome(40)],
            quarantined=[*many, refused(7, device="e")],
            grants=[grant("s", user="v")],
        ),
    )
    facts = await store.device(TENANT, "d")
    assert facts is not None
    assert facts.known == last
    assert (facts.first_push_ms, facts.last_push_ms, facts.last_decided_ms) == (NOW, NOW + 5, NOW)
    assert list(facts.refused) == list(reversed(many))[:REFUSED_SHOWN_MAX]
    assert (facts.refused_count, facts.grants, facts.head, facts.sighting) == (len(many), 1, 3, None)


async def test_of_what_was_refused_only_what_waits_is_told(store: Store) -> None:
    made_good, waits, tried = refused(1), refused(2), msgspec.structs.replace(refused(3), replays="d/2")
    await write(store, Writes(head=0, now_ms=NOW, devices=[known()], quarantined=[made_good, waits, tried]))
    await write(store, Writes(head=0, now_ms=NOW, replayed=[Replayed(device="d", number=1, user="u", by="o/1")]))
    facts = await store.device(TENANT, "d")
    assert facts is not None
    assert ([each.number for each in facts.refused], facts.refused_count) == ([2], 1)


async def test_an_outcome_that_is_no_longer_kept_leaves_its_time_unknown(store: Store) -> None:
    await write(store, Writes(head=0, now_ms=NOW, devices=[known()]))
    facts = await store.device(TENANT, "d")
    assert facts is not None
    assert facts.last_decided_ms is None


async def test_a_device_that_only_pulls_is_known_by_its_sightings_and_its_users_grants(store: Store) -> None:
    await write(store, Writes(head=2, now_ms=NOW, grants=[grant("s"), grant("t")]))
    await sighted(store, SEEN)
    facts = await store.device(TENANT, "d")
    assert facts is not None
    assert (facts.known, facts.sighting, facts.grants, facts.head) == (None, SEEN, 2, 2)


async def test_nothing_of_a_device_is_seen_through_another_tenant(store: Store) -> None:
    await store.create("other", id="other", epoch=EPOCH, now_ms=0)
    await write(store, Writes(head=0, now_ms=NOW, devices=[known()], quarantined=[refused(1)]))
    await sighted(store, SEEN)
    assert await store.device("other", "d") is None


async def test_a_tenant_that_is_not_here_is_refused(store: Store) -> None:
    with pytest.raises(Unavailable):
        await store.keep_sightings("nobody", [SEEN], now_ms=NOW)
    with pytest.raises(Unavailable):
        await store.device("nobody", "d")
