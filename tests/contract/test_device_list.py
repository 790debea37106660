"""The list of a tenant's devices: the one heard of last first, page by page, with what a list shows of each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeport_sync.errors import Unavailable
from homeport_sync.ports import Writes
from homeport_sync.quarantine import Replayed
from homeport_sync.sightings import DEVICES_START, LISTED_ANEW_MS, REFUSED_COUNTED_MAX, DevicePage, Sighting
from homeport_sync.writer_ids import writer_device
from tests.contract.samples import EPOCH, NOW, TENANT, known, refused, write
from tests.contract.stores import Store


async def hear(store: Store, device: str, at_ms: int) -> Sighting:
    """The device pulled at that time, and it was kept at once."""
    seen = Sighting(device=device, user="u", pulled_at_ms=at_ms, pulled_position=1)
    await store.keep_sightings(TENANT, [seen], now_ms=at_ms)
    return seen


async def listed(store: Store, limit: int = 10) -> DevicePage:
    return await store.devices(TENANT, DEVICES_START, limit)


def names(page: DevicePage) -> list[str]:
    return [each.sighting.device for each in page.devices]


async def test_a_tenant_without_devices_has_an_empty_list(store: Store) -> None:
    assert await listed(store) == DevicePage(devices=[], head=0, next=None)


async def test_the_device_heard_of_last_comes_first(store: Store) -> None:
    for device, at_ms in (("a", 1_000), ("b", 3_000), ("c", 2_000)):
        await hear(store, device, at_ms)
    assert names(await listed(store)) == ["b", "c", "a"]
    await hear(store, "a", 4_000)  # within the minute: it keeps its place, and a page is sorted all the same
    assert names(await listed(store)) == ["a", "b", "c"]


async def test_pages_follow_each_other_and_the_last_one_says_so(store: Store) -> None:
    for at in range(5):
        await hear(store, f"d{at}", 1_000 if at < 3 else 2_000)  # several stand at one time
    pages, place = [], DEVICES_START
    while True:
        page = await store.devices(TENANT, place, 2)
        pages.append(names(page))
        if page.next is None:
            break
        place = page.next
    assert pages == [["d4", "d3"], ["d2", "d1"], ["d0"]]


async def test_a_device_that_speaks_all_the_time_moves_once_a_minute(store: Store) -> None:
    await hear(store, "a", NOW)
    await hear(store, "b", NOW + 1)
    await hear(store, "a", NOW + LISTED_ANEW_MS - 1)
    first = await store.devices(TENANT, DEVICES_START, 1)
    assert names(first) == ["b"]
    await hear(store, "a", NOW + LISTED_ANEW_MS)
    first = await store.devices(TENANT, DEVICES_START, 1)
    assert (names(first), first.next) == (["a"], (NOW + LISTED_ANEW_MS, "a"))


async def test_a_device_is_listed_with_what_is_known_of_it(store: Store) -> None:
    seen = Sighting(
        device="a",
        user="u",
        pushed_at_ms=5,
        pulled_at_ms=6,
        pulled_position=3,
        introduced_at_ms=6,
        outbox=12,
        app_version=3,
        sdk="0.1.0",
    )
    await store.keep_sightings(TENANT, [seen], now_ms=NOW)
    await hear(store, "b", NOW - 1)
    waits = [refused(1, device="a"), refused(2, device="a"), refused(3, device="a", replays="a/2")]
    await write(store, Writes(head=7, now_ms=NOW, devices=[known("a")], quarantined=[*waits, refused(1)]))
    await write(store, Writes(head=7, now_ms=NOW, replayed=[Replayed(device="a", number=1, user="u", by="a/9")]))
    page = await listed(store)
    assert (names(page), page.head, page.next) == (["b", "a"], 7, None)
    bare, whole = page.devices
    assert (bare.known, bare.refused_count) == (None, 0)
    assert (whole.sighting, whole.known, whole.refused_count, whole.place) == (seen, known("a"), 1, (NOW, "a"))


async def test_what_waits_of_a_device_is_counted_to_a_bound(store: Store) -> None:
    await hear(store, "d", NOW)
    many = [refused(number) for number in range(1, REFUSED_COUNTED_MAX + 3)]
    await write(store, Writes(head=0, now_ms=NOW, devices=[known()], quarantined=many))
    assert (await listed(store)).devices[0].refused_count == REFUSED_COUNTED_MAX


async def test_a_write_without_a_device_is_none(store: Store) -> None:
    for device in (writer_device("u", "key"), "77726973-ffff", "77726975-0000"):
        await hear(store, device, NOW)
    assert names(await listed(store)) == ["77726975-0000", "77726973-ffff"]


async def test_a_tenant_sees_its_own_devices_alone(store: Store) -> None:
    await store.create("other", id="other", epoch=EPOCH, now_ms=0)
    await hear(store, "a", NOW)
    assert (await store.devices("other", DEVICES_START, 10)).devices == []
    with pytest.raises(Unavailable):
        await store.devices("nobody", DEVICES_START, 10)


async def test_what_a_device_said_of_itself_stays_until_it_says_it_anew(store: Store) -> None:
    said = Sighting(device="d", user="u", pushed_at_ms=5, introduced_at_ms=5, outbox=12, app_version=3, sdk="0.1.0")
    older = replace(said, pushed_at_ms=4, introduced_at_ms=4, outbox=99, app_version=2, sdk="0.0.9")
    for each in (said, Sighting(device="d", user="u", pushed_at_ms=7), older):
        await store.keep_sightings(TENANT, [each], now_ms=NOW)
    (kept,) = (await listed(store)).devices
    assert kept.sighting == replace(said, pushed_at_ms=7)
    less = Sighting(device="d", user="u", pushed_at_ms=8, introduced_at_ms=8, outbox=0)
    await store.keep_sightings(TENANT, [less], now_ms=NOW)
    (kept,) = (await listed(store)).devices
    assert kept.sighting == less
