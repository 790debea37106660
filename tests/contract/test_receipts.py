"""Receipts: the same from every store, believed of their own user and device, and only where a grant has ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeport_sync.errors import Unavailable
from homeport_sync.ports import Writes
from homeport_sync.receipts import DEVICES_MAX, KNOWN_LATE_MS, Ended, Holder, Receipt
from homeport_sync.sightings import Sighting
from tests.contract.samples import EPOCH, NOW, TENANT, grant, known, write
from tests.contract.stores import Store

LATER = NOW + 5_000
ENDED = Ended(user="u", scope="s", position=7, ended_at_ms=NOW)
NEVER_ANSWERED: list[Holder] = []


def receipt(scope: str = "s", position: int = 7, dropped_ms: int = NOW + 1) -> Receipt:
    return Receipt(scope=scope, position=position, dropped_ms=dropped_ms)


async def end(store: Store, *grants: tuple[str, int], user: str = "u", at_ms: int = NOW, tenant: str = TENANT) -> None:
    """Grants of a user that ended at these positions."""
    ended = [grant(scope, user=user, until=until) for scope, until in grants]
    await write(store, Writes(head=max(until for _, until in grants), now_ms=at_ms, grants=ended), tenant)


async def answered(store: Store, ended: Ended = ENDED) -> list[Holder]:
    """The devices that have given a receipt for this ending."""
    return [each for each in await store.holders(TENANT, ended, "", 1_000) if each.received_at_ms is not None]


async def test_a_receipt_comes_back_as_it_was_given(store: Store) -> None:
    await end(store, ("s", 7))
    await store.keep_receipts(TENANT, "u", "d", [receipt()], LATER)
    assert await answered(store) == [Holder(device="d", seen_at_ms=LATER, dropped_at_ms=NOW + 1, received_at_ms=LATER)]


async def test_the_first_receipt_for_an_ending_stays_however_often_it_is_told(store: Store) -> None:
    await end(store, ("s", 7))
    await store.keep_receipts(TENANT, "u", "d", [receipt(), receipt(dropped_ms=3)], LATER)
    before = await answered(store)
    await store.keep_receipts(TENANT, "u", "d", [receipt(dropped_ms=9)], LATER + 1)
    assert await answered(store) == before
    assert [each.dropped_at_ms for each in before] == [NOW + 1]


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ("u", receipt("never granted")),
        ("u", receipt("held")),
        ("u", receipt(position=6)),
        ("u", receipt(position=8)),
        ("somebody else", receipt()),
    ],
)
async def test_what_answers_no_ending_of_the_caller_is_passed_over(store: Store, user: str, told: Receipt) -> None:
    await write(store, Writes(head=9, now_ms=NOW, grants=[grant("held")]))
    await end(store, ("s", 7))
    await store.keep_receipts(TENANT, user, "d", [told], LATER)
    for scope in ("s", "held", "never granted"):
        for position in (6, 7, 8):
            assert await answered(store, replace(ENDED, scope=scope, position=position)) == NEVER_ANSWERED


async def test_a_bad_receipt_takes_no_good_one_with_it(store: Store) -> None:
    await end(store, ("s", 7), ("t", 8))
    await store.keep_receipts(TENANT, "u", "d", [receipt("t", 8), receipt("nowhere"), receipt()], LATER)
    assert len(await answered(store)) == len(await answered(store, replace(ENDED, scope="t", position=8))) == 1


async def test_a_device_that_pushes_as_another_user_answers_for_nobody_else(store: Store) -> None:
    await end(store, ("s", 7))
    await write(store, Writes(head=7, now_ms=LATER, devices=[known("d", user="v")]))
    await store.keep_receipts(TENANT, "u", "d", [receipt()], LATER)
    assert await answered(store) == NEVER_ANSWERED


async def test_who_was_invited_again_and_removed_again_has_another_ending_to_answer(store: Store) -> None:
    await end(store, ("s", 7))
    await store.keep_receipts(TENANT, "u", "d", [receipt()], LATER)
    await write(store, Writes(head=9, now_ms=LATER, grants=[grant("s", since=9)]))
    assert await store.ended_grants(TENANT, ("", ""), 10) == []
    await end(store, ("s", 12), at_ms=LATER)
    again = replace(ENDED, position=12, ended_at_ms=LATER)
    assert await store.ended_grants(TENANT, ("", ""), 10) == [again]
    assert await answered(store, again) == NEVER_ANSWERED
    await store.keep_receipts(TENANT, "u", "d", [receipt(), receipt(position=12)], LATER + 1)
    assert [each.received_at_ms for each in await answered(store, again)] == [LATER + 1]


async def test_so_many_devices_may_answer_an_ending_and_those_that_have_may_answer_the_next(store: Store) -> None:
    await end(store, ("s", 7))
    for number in range(DEVICES_MAX + 2):
        await store.keep_receipts(TENANT, "u", f"d{number:03}", [receipt()], LATER)
    assert [each.device for each in await answered(store)] == [f"d{number:03}" for number in range(DEVICES_MAX)]
    await end(store, ("s", 9))
    await store.keep_receipts(TENANT, "u", "d000", [receipt(position=9)], LATER)
    assert [each.device for each in await answered(store, replace(ENDED, position=9))] == ["d000"]


async def test_devices_that_answered_an_earlier_ending_take_nobodys_place_in_the_next(store: Store) -> None:
    """Phones are replaced, and whoever is invited and removed again and again has had many."""
    await end(store, ("s", 7))
    for number in range(DEVICES_MAX):
        await store.keep_receipts(TENANT, "u", f"old{number}", [receipt()], LATER)
    await end(store, ("s", 9))
    for number in range(DEVICES_MAX + 1):
        await store.keep_receipts(TENANT, "u", f"new{number:03}", [receipt(position=9)], LATER)
    await store.keep_receipts(TENANT, "u", "old1", [receipt(position=9)], LATER)
    now = await answered(store, replace(ENDED, position=9))
    assert [each.device for each in now] == [f"new{number:03}" for number in range(DEVICES_MAX)]


async def test_ended_grants_are_told_in_pages_and_by_user_or_scope(store: Store) -> None:
    await end(store, ("s", 7), ("t", 8))
    await end(store, ("s", 9), user="v")
    await write(store, Writes(head=9, now_ms=NOW, grants=[grant("held")]))
    all_of_them = await store.ended_grants(TENANT, ("", ""), 10)
    assert [(each.user, each.scope, each.position) for each in all_of_them] == [
        ("u", "s", 7),
        ("u", "t", 8),
        ("v", "s", 9),
    ]
    assert {each.ended_at_ms for each in all_of_them} == {NOW}
    assert await store.ended_grants(TENANT, ("", ""), 2) == all_of_them[:2]
    assert await store.ended_grants(TENANT, ("u", "t"), 2) == all_of_them[2:]
    assert await store.ended_grants(TENANT, ("", ""), 10, user="v") == all_of_them[2:]
    assert await store.ended_grants(TENANT, ("", ""), 10, scope="s") == [all_of_them[0], all_of_them[2]]


async def test_devices_that_were_heard_of_before_the_end_are_told_until_they_answer(store: Store) -> None:
    seen = Sighting(device="pulled", user="u", pulled_at_ms=NOW - 5, pulled_position=3)
    pushed = Sighting(device="pushed", user="u", pushed_at_ms=NOW - 9)
    await store.keep_sightings(TENANT, [pushed], NOW - 9)
    await store.keep_sightings(TENANT, [seen, replace(seen, device="of another", user="w")], NOW + KNOWN_LATE_MS)
    await store.keep_sightings(TENANT, [replace(seen, device="too late")], NOW + KNOWN_LATE_MS + 1)
    await end(store, ("s", 7))
    waiting = [Holder(device="pulled", seen_at_ms=NOW - 5), Holder(device="pushed", seen_at_ms=NOW - 9)]
    assert await store.holders(TENANT, ENDED, "", 10) == waiting
    assert await store.holders(TENANT, ENDED, "", 1) == waiting[:1]
    assert await store.holders(TENANT, ENDED, "pulled", 10) == waiting[1:]
    await store.keep_receipts(TENANT, "u", "pulled", [receipt()], LATER)
    assert [each.received_at_ms for each in await store.holders(TENANT, ENDED, "", 10)] == [LATER, None]


async def test_nothing_is_answered_or_told_across_tenants(store: Store) -> None:
    await store.create("other", id="other", epoch=EPOCH, now_ms=0)
    await end(store, ("s", 7))
    await store.keep_receipts("other", "u", "d", [receipt()], LATER)
    assert await answered(store) == NEVER_ANSWERED
    await store.keep_receipts(TENANT, "u", "d", [receipt()], LATER)
    assert await store.ended_grants("other", ("", ""), 10) == []
    assert await store.holders("other", ENDED, "", 10) == []


async def test_a_tenant_that_is_not_here_is_refused(store: Store) -> None:
    with pytest.raises(Unavailable):
        await store.keep_receipts("nobody", "u", "d", [receipt()], LATER)
    with pytest.raises(Unavailable):
        await store.ended_grants("nobody", ("", ""), 10)
    with pytest.raises(Unavailable):
        await store.holders("nobody", ENDED, "", 10)
