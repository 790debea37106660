"""What was refused is kept for good: whatever a device confirms or writes later, and never beyond its tenant."""

from __future__ import annotations

import pytest

from homeport_sync.ports import Writes
from tests.contract.samples import EPOCH, NOW, TENANT, known, load, refused, stored, wanted, write
from tests.contract.stores import Store

OTHER = "other"
ASKED = wanted(devices=["d", "e"], records=["p", "q", "r"])


async def refused_creates(store: Store, tenant: str = TENANT) -> frozenset[tuple[str, str]]:
    return (await load(store, ASKED, tenant)).rejected_creates


async def test_a_refused_create_is_told_of_for_good_whatever_its_device_confirms(store: Store) -> None:
    await write(store, Writes(head=0, now_ms=NOW, quarantined=[refused(1, record="p")], devices=[known(last_number=1)]))
    for number in range(2, 6):
        confirms = known(last_number=number, confirmed=number)
        await write(store, Writes(head=0, now_ms=NOW * number, devices=[confirms]))
        assert await refused_creates(store) == {("d", "p")}


async def test_what_is_refused_later_is_kept_beside_what_was_refused_before(store: Store) -> None:
    await write(store, Writes(head=0, now_ms=NOW, quarantined=[refused(1, record="p"), refused(2, record="p")]))
    await write(store, Writes(head=0, now_ms=NOW, quarantined=[refused(3, record="q")]))
    await write(store, Writes(head=0, now_ms=NOW, quarantined=[refused(1, device="e", record="q")]))
    assert await refused_creates(store) == {("d", "p"), ("d", "q"), ("e", "q")}


async def test_a_new_epoch_forgets_nothing_that_was_refused(store: Store) -> None:
    await write(store, Writes(head=0, now_ms=NOW, quarantined=[refused(1, record="p")]))
    await store.begin_epoch(TENANT, EPOCH)
    assert await refused_creates(store) == {("d", "p")}


@pytest.mark.parametrize("deleted", [False, True])
async def test_a_refused_create_is_in_nobodys_way_once_the_record_is_there_or_was(store: Store, deleted: bool) -> None:
    await write(store, Writes(head=0, now_ms=NOW, quarantined=[refused(1, record="p"), refused(2, record="q")]))
    await write(store, Writes(head=1, now_ms=NOW, records=[stored("p", 1, deleted=deleted)]))
    assert await refused_creates(store) == {("d", "q")}


async def test_what_one_tenant_refused_is_nothing_to_another_with_the_same_ids(store: Store) -> None:
    await store.create(OTHER, id=OTHER, epoch=EPOCH, now_ms=0)
    both = [refused(1, record="p"), refused(1, device="e", record="q")]
    await write(store, Writes(head=0, now_ms=NOW, quarantined=both))
    assert await refused_creates(store, OTHER) == frozenset()
    await write(store, Writes(head=1, now_ms=NOW, quarantined=[refused(1)], records=[stored("p", 1)]), tenant=OTHER)
    assert await refused_creates(store, OTHER) == {("d", "r")}
    assert await refused_creates(store) == {("d", "p"), ("e", "q")}
