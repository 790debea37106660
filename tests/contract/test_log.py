"""The log is read in order without gaps, an epoch begins once, and only what is done with is forgotten."""

from __future__ import annotations

import asyncio

import pytest

from homeport_sync.clock import LAST
from homeport_sync.cursor import Cursor, CursorSeal
from homeport_sync.limits import LIMITS
from homeport_sync.ports import BEFORE_ALL_OUTCOMES, Pruned, Writes
from homeport_sync.reader import Reader
from homeport_sync.wire import Page, decode_page
from tests.contract.samples import (
    EPOCH,
    NOW,
    TENANT,
    entry,
    forgotten,
    grant,
    keep,
    known,
    load,
    outcome,
    refused,
    stored,
    wanted,
    write,
)
from tests.contract.stores import OpenStore, Store

SEAL = CursorSeal(b"k" * 32)


async def log_of(store: Store, *, first: int, last: int) -> None:
    await write(store, Writes(head=last, now_ms=NOW, log=[entry(at) for at in range(first, last + 1)]))


async def test_the_log_is_read_in_order_without_gaps(store: Store) -> None:
    await log_of(store, first=1, last=4)
    await log_of(store, first=5, last=11)
    read: list[int] = []
    while entries := await store.read(TENANT, read[-1] if read else 0, 3):
        assert len(entries) <= 3
        read += [each.position for each in entries]
        assert len(read) <= 11, "the log does not end"
    assert read == list(range(1, 12))


async def test_an_entry_is_read_as_it_was_written(store: Store) -> None:
    written = entry(1, op="delete", record="ä", device="d", user="a 'quoted' user")
    await write(store, Writes(head=1, now_ms=NOW, log=[written]))
    assert await store.read(TENANT, 0, 10) == [written]


async def test_reading_past_the_head_gives_nothing(store: Store) -> None:
    await log_of(store, first=1, last=2)
    assert list(await store.read(TENANT, 2, 10)) == []
    assert list(await store.read(TENANT, 99, 10)) == []


async def epoch_of(store: Store) -> str:
    return (await store.standing(TENANT, "u", "d")).head.epoch


async def test_an_epoch_begins_only_after_the_one_that_was_meant(store: Store) -> None:
    await store.begin_epoch(TENANT, "another")
    assert await epoch_of(store) == EPOCH
    await store.begin_epoch(TENANT, EPOCH)
    second = await epoch_of(store)
    assert second != EPOCH
    await store.begin_epoch(TENANT, EPOCH)
    assert await epoch_of(store) == second


async def test_many_who_find_the_same_epoch_stale_begin_one_new_one(store: Store) -> None:
    async def begin() -> str:
        await store.begin_epoch(TENANT, EPOCH)
        return await epoch_of(store)

    assert len({EPOCH, *await asyncio.gather(*(begin() for _ in range(8)))}) == 2


async def test_a_new_epoch_leaves_the_log_and_its_head_as_they_are(store: Store) -> None:
    await log_of(store, first=1, last=3)
    await store.begin_epoch(TENANT, EPOCH)
    assert (await store.standing(TENANT, "u", "d")).head.position == 3
    assert len(await store.read(TENANT, 0, 10)) == 3


async def page(store: Store, cursor: Cursor | str | None) -> Page:
    """The page after the cursor, as the reader serves it."""
    text = SEAL.seal(cursor) if isinstance(cursor, Cursor) else cursor
    return decode_page(await Reader(store, SEAL, LIMITS).page(TENANT, "u", "d", text, None, now_ms=NOW))


def cursor(position: int, *, seen: int) -> Cursor:
    return Cursor(tenant=TENANT, user="u", epoch=EPOCH, position=position, granted=seen)


@pytest.mark.parametrize("ahead", [cursor(9, seen=9), cursor(3, seen=9)])
async def test_a_store_older_than_a_cursor_begins_a_new_epoch_and_the_page_says_reset(
    open_store: OpenStore, ahead: Cursor
) -> None:
    restored = await open_store()
    await restored.create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
    records = [stored(f"r{at}", at) for at in range(1, 6)]
    devices = [known(last_number=4)]
    await write(restored, Writes(head=5, now_ms=NOW, records=records, grants=[grant()], devices=devices))
    before = await page(restored, cursor(4, seen=4))
    assert (before.reset, len(before.records)) == (False, 1)

    after = await page(restored, ahead)
    assert (after.reset, after.more, len(after.records), after.contained) == (True, False, 5, 4)
    assert await epoch_of(restored) != EPOCH
    assert not (await page(restored, after.cursor)).reset
    # A device whose place seems to fit may still have seen what is gone: it starts again too.
    assert (await page(restored, before.cursor)).reset


async def test_places_never_go_back(store: Store) -> None:
    assert await store.place(TENANT, "pokes") == 0
    for position, kept in ((5, 5), (3, 5), (5, 5), (8, 8)):
        await keep(store, "pokes", position)
        assert await store.place(TENANT, "pokes") == kept
    assert await store.place(TENANT, "webhooks") == 0


async def test_places_kept_at_once_end_at_the_highest(store: Store) -> None:
    await asyncio.gather(*(keep(store, "pokes", at) for at in (3, 9, 1, 7)))
    assert await store.place(TENANT, "pokes") == 9


async def test_pruning_forgets_old_confirmed_outcomes_and_keeps_the_others(store: Store) -> None:
    outcomes = [
        outcome(1, at_ms=NOW - 1),
        outcome(3, at_ms=NOW),
        outcome(4, at_ms=NOW - 1),
        outcome(5, at_ms=NOW - 1),
        outcome(1, device="e", at_ms=NOW - 1),
    ]
    devices = [known(last_number=5, confirmed=4), known("e", last_number=1)]
    refusal = refused(4, record="missing")
    await write(store, Writes(head=0, now_ms=NOW, outcomes=outcomes, devices=devices, quarantined=[refusal]))
    assert await forgotten(store, NOW) == 2
    numbers = [("d", number) for number in range(1, 6)]
    found = await load(store, wanted(devices=["d", "e"], numbers=[*numbers, ("e", 1)], records=["missing"]))
    assert sorted(found.outcomes) == [("d", 3), ("d", 5), ("e", 1)]
    assert found.rejected_creates == {("d", "missing")}
    assert found.devices["d"].last_number == 5


async def test_an_outcome_whose_change_was_stamped_late_is_kept_as_long_as_its_stamp_says(store: Store) -> None:
    late = 7
    devices = [known(last_number=late, confirmed=late)]
    await write(store, Writes(head=0, now_ms=NOW, outcomes=[outcome(late, at_ms=1)], devices=devices))
    assert await forgotten(store, late) == 0
    assert await forgotten(store, late + 1) == 1


async def test_pruning_looks_at_so_many_outcomes_and_goes_on_behind_those_that_stay(store: Store) -> None:
    outcomes = [outcome(number, device=device, at_ms=NOW - 1) for number in range(1, 4) for device in ("d", "lost")]
    devices = [known(last_number=3, confirmed=3), known("lost", last_number=3)]
    await write(store, Writes(head=0, now_ms=NOW, outcomes=outcomes, devices=devices))
    names = sorted((each.stamp, each.device, each.number) for each in outcomes)
    step = await store.prune_outcomes(TENANT, NOW, BEFORE_ALL_OUTCOMES, LAST, 3)
    assert step == Pruned(forgotten=2, last=names[2])
    assert await store.prune_outcomes(TENANT, NOW, names[2], LAST, 2) == Pruned(forgotten=1, last=names[4])
    assert await store.prune_outcomes(TENANT, NOW, names[4], LAST, 2) == Pruned(forgotten=0, last=None)
    assert await store.prune_outcomes(TENANT, NOW, BEFORE_ALL_OUTCOMES, LAST, 3) == Pruned(forgotten=0, last=names[5])
