"""What a device sends again is told as it was told before, and whatever only looks like it is a forked device."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from homeport_sync.change import Change
from homeport_sync.clock import make_stamp
from homeport_sync.decision import Batch
from homeport_sync.limits import LIMITS
from homeport_sync.push import Decided, Push, wanted
from tests.contract.samples import TENANT, forgotten
from tests.contract.stores import Store
from tests.unit.sync.ledger import codes, error_codes, outcomes, verdicts
from tests.unit.sync.tasks import CATALOG, DAY, MINUTE, NOW, Phone, ann


async def decide(store: Store, push: Push, now_ms: int = NOW) -> Decided:
    """One commit batch of this push."""
    async with store.transaction(TENANT) as transaction:
        batch = Batch(await transaction.load(wanted([push])), CATALOG, LIMITS, now_ms)
        decided = batch.decide(push)
        await transaction.commit(batch.writes())
    return decided


async def started(store: Store) -> tuple[Phone, list[Change]]:
    """A phone that pushed a list, a task, and a card that was refused."""
    phone = ann()
    root = phone.make_root()
    changes = [root, phone.make(root.id), phone.make(root.id, "Card")]
    assert verdicts(outcomes(await decide(store, phone.push(*changes)))) == ["applied", "applied", "rejected"]
    return phone, changes


async def test_a_push_sent_again_gets_the_outcomes_given_before_and_writes_nothing(store: Store) -> None:
    phone = ann()
    root = phone.make_root()
    push = phone.push(root, phone.make(root.id), phone.make(root.id, "Card"), b'{"number":4}')
    first = await decide(store, push)
    again = await decide(store, push, NOW + DAY)
    assert verdicts(outcomes(first)) == ["applied", "applied", "rejected", "rejected"]
    assert (again.outcomes, again.verdicts, again.errors) == (first.outcomes, [], [])
    assert [entry.number for entry in await store.read(TENANT, 0, 10)] == [1, 2]


async def assert_forked(store: Store, phone: Phone, change: Change | bytes, number: int) -> None:
    """The change, sent under a number that is used, is not decided: it forks the device."""
    before = list(await store.read(TENANT, 0, 10))
    decided = await decide(store, phone.push(change))
    assert (error_codes(decided.errors), decided.outcomes) == (["DEVICE_FORKED"], [])
    assert decided.errors[0].values == {"number": number, "index": 0}
    assert await store.read(TENANT, 0, 10) == before


async def test_a_number_used_again_with_another_body_and_the_same_stamp_is_a_forked_device(store: Store) -> None:
    phone, changes = await started(store)
    for change in changes:
        await assert_forked(store, phone, replace(change, fields={"title": "another"}), change.number)


async def test_a_number_used_again_with_another_stamp_is_a_forked_device(store: Store) -> None:
    phone, changes = await started(store)
    for change in changes:
        later = replace(change, stamp=make_stamp(NOW + MINUTE, 0, phone.device))
        await assert_forked(store, phone, later, change.number)
        await assert_forked(store, phone, replace(later, fields={"title": "another"}), change.number)


async def test_an_unreadable_change_under_a_number_that_is_used_is_a_forked_device(store: Store) -> None:
    phone, changes = await started(store)
    for change in changes:
        await assert_forked(store, phone, b'{"number":%d}' % change.number, change.number)


async def test_a_readable_change_in_the_place_of_an_unreadable_one_is_a_forked_device(store: Store) -> None:
    phone, changes = await started(store)
    await decide(store, phone.push(b'{"number":4}'))
    await assert_forked(store, phone, phone.update(changes[1], title="oat"), 4)


async def test_what_was_refused_is_told_again_until_it_is_pruned_and_its_dependents_are_refused_for_good(
    store: Store,
) -> None:
    phone = ann()
    root = replace(phone.make_root(), fields={"title": 3})
    first = await decide(store, phone.push(root))
    await decide(store, phone.push(confirmed=1))
    later = NOW + LIMITS.outcome_keep_ms
    assert (await decide(store, phone.push(root), later)).outcomes == first.outcomes
    assert await forgotten(store, NOW + 1) == 1
    await assert_forked(store, phone, root, 1)
    assert codes(outcomes(await decide(store, phone.push(phone.make(root.id)), later))) == ["DEPENDS_ON_REJECTED"]


async def test_a_name_that_no_database_takes_is_refused_alone_and_holds_up_nobody(store: Store) -> None:
    phone = ann()
    root = phone.make_root()
    poison = phone.invite(root.id, "no\0body")
    decided = await decide(store, phone.push(root, poison, phone.make(root.id, title="nu\0l"), phone.make(root.id)))
    assert codes(outcomes(decided)) == ["", "WRONG_TYPE", "WRONG_TYPE", ""]
    assert (await store.standing(TENANT, phone.user, phone.device)).last_number == 4


async def test_a_number_that_no_change_can_have_ends_its_push_and_what_stood_before_it_is_in(store: Store) -> None:
    for number in (0, -1, 2**53, 2**63, 10**30):
        phone = Phone(user="ann", index=number % 97)
        decided = await decide(store, phone.push(phone.make_root(), b'{"number":%d}' % number))
        assert verdicts(outcomes(decided)) == ["applied"]
        assert error_codes(decided.errors) == ["MALFORMED"]


@pytest.mark.promise("I2")
async def test_what_a_forked_phone_sends_again_under_its_new_id_keeps_its_outcomes(store: Store) -> None:
    """Its stamps are those of the former id, and so it is known: even what adds to a number counts once."""
    phone = ann()
    root, lists = phone.make_root(), phone.make_root()
    task = phone.make(root.id)
    first = await decide(store, phone.push(root, lists, task))
    renamed = replace_device(phone)
    again = await decide(store, renamed.push(*(renumbered(renamed, each) for each in (lists, task))))
    assert outcomes(again) == [replace(each, number=each.number - 1) for each in outcomes(first)[1:]]
    assert len(await store.read(TENANT, 0, 10)) == 3
    more = await decide(store, renamed.push(renamed.update(task, title="oat")))
    assert verdicts(outcomes(more)) == ["merged"]


async def test_what_was_refused_under_a_former_id_is_decided_anew(store: Store) -> None:
    phone, changes = await started(store)
    renamed = replace_device(phone)
    again = await decide(store, renamed.push(renumbered(renamed, changes[2])))
    assert codes(outcomes(again)) == ["WRONG_ID"]
    assert again.rejections == ["WRONG_ID"]


@pytest.mark.promise("I2")
@pytest.mark.parametrize("ids", [(50, 60, 70), (70, 60, 50)], ids=["in order", "the other way round"])
async def test_of_a_change_that_came_under_three_ids_the_one_that_took_effect_counts(
    store: Store, ids: tuple[int, int, int]
) -> None:
    """Refused under the first, since it was shared later, and taken in under the second: the third adds nothing."""
    bob = Phone(user="bob", index=ids[0])
    owner = ann()
    root = owner.make_root()
    await decide(store, owner.push(root))
    change = bob.make(root.id)
    assert verdicts(outcomes(await decide(store, bob.push(change)))) == ["rejected"]
    await decide(store, owner.push(owner.invite(root.id, "bob")))
    told = [
        outcomes(await decide(store, clone.push(renumbered(clone, change))))
        for clone in (Phone(user="bob", index=ids[1]), Phone(user="bob", index=ids[2]))
    ]
    assert verdicts(told[0]) == ["applied"]
    assert told[1] == told[0]
    assert [entry.op for entry in await store.read(TENANT, 0, 10)] == ["create", "create", "create"]


async def test_another_change_with_the_stamp_of_one_that_is_known_is_a_change_of_its_own(store: Store) -> None:
    phone, (root, _, _) = await started(store)
    renamed = replace_device(phone)
    other = replace(renumbered(renamed, root), op="update", fields={"title": "zoo"})
    assert verdicts(outcomes(await decide(store, renamed.push(other)))) == ["merged"]
    assert len(await store.read(TENANT, 0, 10)) == 3


def replace_device(phone: Phone) -> Phone:
    """The same phone under another id, which numbers from 1 and keeps its stamps."""
    return Phone(user=phone.user, index=9, last=phone.last)


def renumbered(renamed: Phone, change: Change) -> Change:
    renamed.number += 1
    return replace(change, number=renamed.number)
