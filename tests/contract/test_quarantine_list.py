"""What lies in quarantine can be listed, found by its name and followed: the same from every store."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from homeport_sync.errors import Unavailable
from homeport_sync.ports import Writes
from homeport_sync.quarantine import QUARANTINE_START, Chosen, Held, Quarantined, QuarantinePlace, Replayed
from tests.contract.samples import EPOCH, NOW, TENANT, known, refused, write
from tests.contract.stores import Store

OPEN = Chosen()
ALL = Chosen(closed=True)


def at(ms: int, number: int, *, device: str = "d", record: str = "r") -> Quarantined:
    return replace(refused(number, device=device, record=record), rejected_at_ms=ms)


async def fill(store: Store, *changes: Quarantined, tenant: str = TENANT) -> None:
    """These were rejected: d is a device of u, e one of v."""
    devices = [known("d", user="u"), known("e", user="v")]
    await write(store, Writes(head=0, now_ms=NOW, quarantined=changes, devices=devices), tenant=tenant)


async def marked(store: Store, *marks: Replayed, now_ms: int = NOW + 5) -> None:
    await write(store, Writes(head=0, now_ms=now_ms, replayed=marks))


def mark(number: int, *, device: str = "d", user: str = "u", by: str = "f/1") -> Replayed:
    return Replayed(device=device, number=number, user=user, by=by)


async def listed(store: Store, chosen: Chosen = OPEN, after: QuarantinePlace = QUARANTINE_START) -> list[str]:
    return names(await store.quarantine(TENANT, chosen, after, 100))


def names(found: Sequence[Held]) -> list[str]:
    return [held.name for held in found]


async def test_what_was_rejected_is_listed_whole_and_with_whose_it_is(store: Store) -> None:
    change = replace(refused(1), change='{"title":"ä 🎈"}')
    await fill(store, change)
    assert await store.quarantine(TENANT, OPEN, QUARANTINE_START, 10) == [Held(change=change, user="u")]


async def test_what_was_rejected_of_a_record_is_found_open_or_not(store: Store) -> None:
    await fill(store, at(7, 10), at(7, 9, device="e"), at(3, 12, record="q"), replace(at(9, 2), replays="d/10"))
    await marked(store, mark(10))
    assert sorted(names(await store.held_of(TENANT, "r", 100))) == ["d/10", "d/2", "e/9"]
    assert len(await store.held_of(TENANT, "r", 2)) == 2
    assert list(await store.held_of(TENANT, "nobody's", 100)) == []


async def test_the_list_goes_by_time_then_device_then_number_page_by_page(store: Store) -> None:
    await fill(store, at(7, 10), at(7, 9), at(7, 1, device="e"), at(3, 12), at(9, 2))
    pages, after = [], QUARANTINE_START
    while page := await store.quarantine(TENANT, OPEN, after, 2):
        pages.append(names(page))
        after = page[-1].place
    assert pages == [["d/12", "d/9"], ["d/10", "e/1"], ["d/2"]]


async def test_the_list_is_of_a_user_a_device_or_a_record_if_that_is_asked_for(store: Store) -> None:
    await fill(store, at(1, 1, record="p"), at(2, 2, record="q"), at(3, 1, device="e", record="q"))
    assert await listed(store, Chosen(user="v")) == await listed(store, Chosen(device="e")) == ["e/1"]
    assert await listed(store, Chosen(record="q")) == ["d/2", "e/1"]
    assert await listed(store, Chosen(record="q", user="u", device="d")) == ["d/2"]
    assert await listed(store, Chosen(user="nobody")) == []


async def test_what_was_made_good_is_marked_once_and_leaves_the_open_ones(store: Store) -> None:
    await fill(store, at(1, 1), at(2, 2), at(3, 3))
    await marked(store, mark(2, by="f/1"), mark(2, by="g/1"))
    await marked(store, mark(2, by="h/1"), now_ms=NOW + 9)
    assert await listed(store) == ["d/1", "d/3"]
    assert await listed(store, ALL) == ["d/1", "d/2", "d/3"]
    held = await store.held(TENANT, "d", 2)
    assert held is not None
    assert (held.replayed_by, held.replayed_at_ms, held.open) == ("f/1", NOW + 5, False)


@pytest.mark.parametrize("foreign", [mark(1, user="v"), mark(1, device="e"), mark(9), mark(1, device="nobody")])
async def test_a_mark_on_anothers_change_or_on_none_marks_nothing(store: Store, foreign: Replayed) -> None:
    await fill(store, at(1, 1))
    await marked(store, foreign)
    assert await listed(store) == ["d/1"]
    held = await store.held(TENANT, "d", 1)
    assert held is not None
    assert (held.replayed_by, held.replayed_at_ms, held.open) == ("", None, True)


async def test_a_mark_is_for_what_an_earlier_batch_rejected(store: Store) -> None:
    devices = [known("d", user="u")]
    await write(store, Writes(head=0, now_ms=NOW, quarantined=[at(1, 1)], replayed=[mark(1)], devices=devices))
    assert await listed(store) == ["d/1"]


async def test_a_rejected_replay_is_not_open_by_itself(store: Store) -> None:
    await fill(store, at(1, 1), replace(at(2, 2), replays="d/1"))
    assert await listed(store) == ["d/1"]
    assert await listed(store, ALL) == ["d/1", "d/2"]


async def test_what_a_device_had_rejected_later_is_found_in_the_order_of_its_numbers(store: Store) -> None:
    await fill(store, at(9, 10), at(8, 11), at(1, 12), at(1, 11, device="e"))
    assert names(await store.held_later(TENANT, "d", 10, 10)) == ["d/11", "d/12"]
    assert names(await store.held_later(TENANT, "d", 9, 2)) == ["d/10", "d/11"]
    assert await store.held_later(TENANT, "d", 12, 10) == []


async def test_nothing_is_found_under_a_name_that_was_never_rejected(store: Store) -> None:
    await fill(store, at(1, 1))
    assert await store.held(TENANT, "d", 2) is await store.held(TENANT, "e", 1) is None


async def test_another_tenants_quarantine_is_its_own(store: Store) -> None:
    await store.create("other", id="other", epoch=EPOCH, now_ms=0)
    await fill(store, at(1, 1))
    await fill(store, at(2, 1), at(3, 2), tenant="other")
    await marked(store, mark(1))
    assert names(await store.quarantine("other", OPEN, QUARANTINE_START, 10)) == ["d/1", "d/2"]
    assert await store.held(TENANT, "d", 2) is None
    assert names(await store.held_of(TENANT, "r", 9)) == ["d/1"]
    with pytest.raises(Unavailable):
        await store.quarantine("nobody", OPEN, QUARANTINE_START, 10)
