"""The log as people read it: newest first, of one record, and with what its changes were told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from homeport_sync.annals import HISTORY_LOOKED_MAX, NEWEST, Stretch
from homeport_sync.clock import make_stamp
from homeport_sync.errors import Unavailable
from homeport_sync.ports import LogEntry, StoredOutcome, Writes
from tests.contract.samples import EPOCH, NOW, TENANT, entry, outcome, write
from tests.contract.stores import Store

ONE, OTHER = "r", "q"


async def log_of(store: Store, records: Sequence[str]) -> list[LogEntry]:
    """An entry about each of these records, in that order."""
    entries = [entry(position, record=record) for position, record in enumerate(records, start=1)]
    await write(store, Writes(head=len(entries), now_ms=NOW, log=entries))
    return entries


async def test_the_log_is_read_back_page_by_page_without_gaps(store: Store) -> None:
    written = await log_of(store, [ONE] * 11)
    read: list[LogEntry] = []
    while page := await store.read_back(TENANT, read[-1].position if read else NEWEST, 3):
        assert len(page) <= 3
        read += page
        assert len(read) <= 11, "the log does not begin"
    assert read == written[::-1]


async def test_an_empty_log_has_no_end_to_read_back_from(store: Store) -> None:
    assert list(await store.read_back(TENANT, NEWEST, 9)) == []
    assert await store.of_record(TENANT, ONE, NEWEST, 9) == Stretch(entries=[], down_to=1)


async def test_a_record_has_its_own_part_of_the_log_newest_first(store: Store) -> None:
    one, _, again, *_ = await log_of(store, [ONE, OTHER, ONE, OTHER])
    assert await store.of_record(TENANT, ONE, NEWEST, 9) == Stretch(entries=[again, one], down_to=1)
    assert await store.of_record(TENANT, ONE, 3, 9) == Stretch(entries=[one], down_to=1)
    assert await store.of_record(TENANT, "nobody's", NEWEST, 9) == Stretch(entries=[], down_to=1)


async def test_a_page_of_a_record_that_is_full_ends_with_its_last_entry(store: Store) -> None:
    one, second, third = await log_of(store, [ONE, ONE, ONE])
    page = await store.of_record(TENANT, ONE, NEWEST, 2)
    assert (page, page.more) == (Stretch(entries=[third, second], down_to=2), True)
    rest = await store.of_record(TENANT, ONE, page.down_to, 2)
    assert (rest, rest.more) == (Stretch(entries=[one], down_to=1), False)


async def test_a_record_is_looked_for_among_so_many_entries_and_the_page_says_how_far(store: Store) -> None:
    one, *_ = await log_of(store, [ONE] + [OTHER] * 9)
    before = NEWEST
    for down_to in (8, 5, 2):
        page = await store.of_record(TENANT, ONE, before, 9, looked_max=3)
        assert (page, page.more) == (Stretch(entries=[], down_to=down_to), True)
        before = page.down_to
    page = await store.of_record(TENANT, ONE, before, 9, looked_max=3)
    assert (page, page.more) == (Stretch(entries=[one], down_to=1), False)


def test_nothing_is_told_of_a_record_from_before_it_was_made() -> None:
    made = replace(entry(7, op="create"), before={})
    invited_again = entry(8, op="create")
    assert Stretch(entries=[entry(9), made], down_to=5).more is False
    assert Stretch(entries=[entry(9), invited_again], down_to=5).more is True
    assert Stretch(entries=[replace(made, fields={})], down_to=5).more is True
    assert HISTORY_LOOKED_MAX > 1_000


def told(of: LogEntry, text: str) -> StoredOutcome:
    return replace(outcome(of.number, device=of.device), stamp=of.stamp, text=text)


async def test_entries_are_told_with_the_outcomes_of_their_changes(store: Store) -> None:
    one, other = entry(1), entry(2, device="e")
    kept = [told(one, '{"number":1,"outcome":"merged"}'), told(other, '{"number":2,"outcome":"applied"}')]
    stranger = told(entry(3), "{}")
    await write(store, Writes(head=2, now_ms=NOW, log=[one, other], outcomes=[*kept, stranger]))
    found = await store.outcomes_of(TENANT, [other, one, one])
    assert found == {("d", 1): kept[0], ("e", 2): kept[1]}
    assert await store.outcomes_of(TENANT, []) == {}
    assert await store.outcomes_of(TENANT, [entry(4)]) == {}


async def test_the_outcome_of_a_change_whose_stamp_was_lowered_is_found_under_its_own(store: Store) -> None:
    ahead = make_stamp(NOW + 300_000, 0, "0" * 8)
    lowered = replace(entry(1), stamp=ahead)
    kept = replace(outcome(1), stamp=make_stamp(NOW + 86_400_000, 0, "0" * 8))
    another = replace(outcome(2), stamp=make_stamp(NOW + 400_000, 0, "0" * 8))
    await write(store, Writes(head=1, now_ms=NOW, log=[lowered], outcomes=[kept, another]))
    assert await store.outcomes_of(TENANT, [lowered]) == {("d", 1): kept}


async def test_another_tenant_has_no_part_in_it(store: Store) -> None:
    (one,) = await log_of(store, [ONE])
    await write(store, Writes(head=1, now_ms=NOW, outcomes=[told(one, "{}")]))
    await store.create("other", id="other", epoch=EPOCH, now_ms=0)
    assert list(await store.read_back("other", NEWEST, 9)) == []
    assert (await store.of_record("other", ONE, NEWEST, 9)).entries == []
    assert await store.outcomes_of("other", [one]) == {}


async def test_a_tenant_that_is_not_here_is_refused(store: Store) -> None:
    for asked in (
        store.read_back("no", NEWEST, 9),
        store.of_record("no", ONE, NEWEST, 9),
        store.outcomes_of("no", [entry(1)]),
    ):
        with pytest.raises(Unavailable):
            await asked
