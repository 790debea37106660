"""Tenants in turn: whoever pushes as hard as it can fills its own queue, and everyone else waits for one turn of it."""

from __future__ import annotations

import asyncio

import pytest

from homeport_client.fleet.clock import run
from homeport_sync.errors import Overloaded, Unavailable
from homeport_sync.intake import Intake
from homeport_sync.limits import Limits
from homeport_sync.push import Decided, Push
from homeport_sync.queues import Queues, Waiting
from homeport_sync.signals import LocalSignals
from tests.unit.sync.doors import TENANT, DoorStore, opened
from tests.unit.sync.ledger import outcomes, verdicts
from tests.unit.sync.tasks import CATALOG, NOW, Phone, ann
from tests.unit.sync.test_intake import held_commit, open_once_all_wait, root_push, waiting

ONE_WRITER = Limits(commits_at_once_max=1, turn_changes_max=2)


def intake_of(store: DoorStore, limits: Limits = ONE_WRITER) -> Intake:
    return Intake(store, CATALOG, LocalSignals(), limits=limits, wall_ms=lambda: NOW)


async def crowded(*tenants: str) -> DoorStore:
    store = await opened()
    for tenant in tenants:
        await store.create(tenant, id=tenant, epoch="first", now_ms=0)
    return store


def pushing(intake: Intake, tenant: str, *pushes: Push) -> list[asyncio.Task[Decided]]:
    return [asyncio.create_task(intake.push(tenant, push)) for push in pushes]


def lists(index: int, changes: int) -> tuple[Push, list[int]]:
    """A push of so many new lists, and their numbers."""
    push = root_push(index, changes)
    return push, [sent.number for sent in push.sent]


async def test_tenants_are_served_in_turn_however_much_one_of_them_pushes() -> None:
    store = await crowded("b", "c")
    intake = intake_of(store)
    first = await held_commit(store, intake)
    flood = waiting(intake, *(root_push(index) for index in range(2, 10)))
    others = pushing(intake, "b", root_push(20), root_push(21)) + pushing(intake, "c", root_push(30))
    open_once_all_wait(store.doors)
    await asyncio.gather(first, *flood, *others)
    assert store.doors.tenants == [TENANT, "b", "c", TENANT, TENANT, TENANT, TENANT]
    assert store.doors.sizes == [1, 2, 1, 2, 2, 2, 2]


async def test_who_is_alone_takes_a_whole_batch() -> None:
    store = await crowded()
    intake = intake_of(store)
    first = await held_commit(store, intake)
    flood = waiting(intake, *(root_push(index) for index in range(2, 10)))
    open_once_all_wait(store.doors)
    await asyncio.gather(first, *flood)
    assert store.doors.sizes == [1, 8]


async def test_a_long_push_needs_several_turns_in_company_and_is_answered_once_and_whole() -> None:
    store = await crowded("b")
    intake = intake_of(store)
    long, numbers = lists(2, 5)
    first = await held_commit(store, intake)
    (slow,) = waiting(intake, long)
    quick = pushing(intake, "b", root_push(20)) + pushing(intake, "b", root_push(21, 2))
    open_once_all_wait(store.doors)
    *_, decided = await asyncio.gather(first, *quick, slow)
    assert list(zip(store.doors.tenants, store.doors.sizes, strict=True)) == [
        (TENANT, 1),
        ("b", 1),
        (TENANT, 2),
        ("b", 2),
        (TENANT, 2),
        (TENANT, 1),
    ]
    assert [each.number for each in outcomes(decided)] == numbers
    assert decided.verdicts == ["applied"] * 5


async def test_what_follows_a_long_push_of_the_same_phone_waits_for_all_of_it() -> None:
    store = await crowded("b")
    intake, phone = intake_of(store), Phone(user="x", index=9)
    first = await held_commit(store, intake)
    root = phone.make_root()
    long = phone.push(root, *(phone.make(root.id) for _ in range(4)))
    tasks = waiting(intake, long, phone.push(phone.make(root.id))) + pushing(intake, "b", root_push(20))
    open_once_all_wait(store.doors)
    for decided in (await asyncio.gather(first, *tasks))[1:]:
        assert set(verdicts(outcomes(decided))) == {"applied"}
        assert not decided.errors


async def test_what_is_rejected_in_one_part_is_counted_with_the_others() -> None:
    store = await crowded("b")
    intake, phone = intake_of(store), Phone(user="x", index=9)
    first = await held_commit(store, intake)
    root = phone.make_root()
    bad = [phone.make(root.id, "Card") for _ in range(3)]
    (slow,) = waiting(intake, phone.push(root, *bad, phone.make(root.id)))
    quick = pushing(intake, "b", root_push(20))
    open_once_all_wait(store.doors)
    *_, decided = await asyncio.gather(first, *quick, slow)
    assert verdicts(outcomes(decided)) == decided.verdicts
    assert decided.verdicts == ["applied", "rejected", "rejected", "rejected", "applied"]
    assert len(decided.rejections) == 3


async def test_an_error_in_a_later_part_ends_the_push_and_names_its_place_in_the_whole() -> None:
    store = await crowded("b")
    intake, phone = intake_of(store), Phone(user="x", index=9)
    changes = [phone.make_root() for _ in range(8)]
    del changes[3]
    first = await held_commit(store, intake)
    (slow,) = waiting(intake, phone.push(*changes))
    quick = pushing(intake, "b", root_push(20))
    open_once_all_wait(store.doors)
    *_, decided = await asyncio.gather(first, *quick, slow)
    assert [each.number for each in outcomes(decided)] == [1, 2, 3]
    (error,) = decided.errors
    assert (error.code, error.values["index"], error.values["expected"]) == ("NUMBER_GAP", 3, 4)
    assert len(await store.read(TENANT, 0, 100)) == 1 + 3


async def test_a_part_that_fails_answers_its_push_and_what_was_committed_is_known_when_it_comes_again() -> None:
    store = await crowded("b")
    intake = intake_of(store)
    long, numbers = lists(2, 5)
    first = await held_commit(store, intake)
    store.doors.breaks_before = lambda writes: any(kept.number == 3 for kept in writes.outcomes)
    (slow,) = waiting(intake, long)
    quick = pushing(intake, "b", root_push(20))
    open_once_all_wait(store.doors)
    *_, failed = await asyncio.gather(first, *quick, slow, return_exceptions=True)
    assert isinstance(failed, Unavailable)
    store.doors.breaks_before = lambda _: False
    decided = await intake.push(TENANT, long)
    assert [each.number for each in outcomes(decided)] == numbers
    assert decided.verdicts == ["applied"] * 3
    assert len(await store.read(TENANT, 0, 100)) == 1 + 5


async def test_so_many_tenants_commit_at_once_and_no_more() -> None:
    store = await crowded("b", "c")
    intake = intake_of(store, Limits(commits_at_once_max=2))
    first = await held_commit(store, intake)
    others = pushing(intake, "b", root_push(20)) + pushing(intake, "c", root_push(30))
    await asyncio.gather(*others)
    assert not first.done()
    store.doors.open.set()
    await first

    alone = intake_of(store, Limits(commits_at_once_max=1))
    first = await held_commit(store, alone)
    (other,) = pushing(alone, "b", root_push(21))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not other.done()
    store.doors.open.set()
    await asyncio.gather(first, other)


async def test_a_large_batch_lets_the_loop_do_something_else_every_so_many_changes() -> None:
    store = await crowded()
    intake = intake_of(store, Limits(decide_changes_max=10))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await asyncio.sleep(0)
    before = turns
    await intake.push(TENANT, root_push(1, changes=10))
    small = turns - before
    before = turns
    await intake.push(TENANT, root_push(2, changes=205))
    large = turns - before
    await asyncio.gather(*pushing(intake, TENANT, *(root_push(index) for index in range(3, 64))))
    many = turns - before - large
    counting.cancel()
    assert large - small == 20
    assert many - small >= 6


async def test_a_store_that_is_unavailable_for_a_moment_is_tried_again_with_the_same_batch() -> None:
    store = await opened()
    intake = intake_of(store)
    first = await held_commit(store, intake)
    store.doors.error = Unavailable
    store.doors.breaks_before = lambda _: 2 <= len(store.doors.batches) <= 3
    later = waiting(intake, root_push(2), root_push(3))
    open_once_all_wait(store.doors)
    for decided in await asyncio.gather(first, *later):
        assert verdicts(outcomes(decided)) == ["applied"]
    assert store.doors.sizes == [1, 2, 2, 2]


@pytest.mark.promise("I2")
async def test_a_batch_that_was_committed_as_the_connection_died_is_recognised_on_the_second_try() -> None:
    store = await opened()
    store.doors.error = Unavailable
    store.doors.breaks_after = lambda _: len(store.doors.batches) == 1
    decided = await intake_of(store).push(TENANT, root_push(1, changes=2))
    assert verdicts(outcomes(decided)) == ["applied"] * 2
    assert len(await store.read(TENANT, 0, 100)) == 2


async def test_a_store_that_stays_away_is_tried_so_often_and_then_all_are_told_when_to_come_again() -> None:
    store = await opened()
    intake = intake_of(store)
    first = await held_commit(store, intake)
    store.doors.error = Unavailable
    store.doors.breaks_before = lambda _: True
    later = waiting(intake, root_push(2), root_push(3))
    open_once_all_wait(store.doors)
    for told in await asyncio.gather(first, *later, return_exceptions=True):
        assert isinstance(told, Unavailable)
        assert told.values["retryAfterMs"] == 1_000
    assert store.doors.sizes == [1] * 3 + [2] * 3


def test_trouble_that_lasts_is_told_to_wait_as_long_as_it_has() -> None:
    async def scene() -> list[object]:
        store, told = await opened(), []
        intake = intake_of(store)
        store.doors.error = Unavailable
        down = True
        store.doors.breaks_before = lambda _: down
        for pause_s in (0, 0.5, 4, 60):
            await asyncio.sleep(pause_s)
            with pytest.raises(Unavailable) as error:
                await intake.push(TENANT, root_push(1))
            told.append(error.value.values["retryAfterMs"])
        down = False
        await intake.push(TENANT, root_push(1))
        down = True
        with pytest.raises(Unavailable) as error:
            await intake.push(TENANT, root_push(2))
        return [*told, error.value.values["retryAfterMs"]]

    assert run(scene()) == [1_000, 1_000, 4_500, 15_000, 1_000]


def test_a_full_queue_tells_how_long_it_will_take() -> None:
    async def scene() -> tuple[object, object]:
        store = await crowded()
        store.doors.takes_s = 1.0
        intake = intake_of(store, Limits(batch_changes_max=2, queue_changes_max=8))
        tasks = waiting(intake, *(root_push(index, 2) for index in range(1, 5)))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as unknown:
            await intake.push(TENANT, root_push(9, 2))
        await asyncio.sleep(1.5)
        tasks += waiting(intake, root_push(5, 2), root_push(6, 2))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as known:
            await intake.push(TENANT, root_push(9, 2))
        await asyncio.gather(*tasks)
        return unknown.value.values["retryAfterMs"], known.value.values["retryAfterMs"]

    unknown, known = run(scene())
    assert unknown == 1_000
    assert known == pytest.approx(8 * 500, abs=2)


def test_company_is_who_has_pushed_lately() -> None:
    async def scene() -> None:
        queues = Queues(Limits(turn_changes_max=1, company_ms=1_000))

        def turn_of(tenant: str, now: float) -> int:
            for _ in range(3):
                queues.join(tenant, Waiting(ann().push(), asyncio.get_running_loop().create_future()), now)
            turn = queues.turn(now)
            assert turn is not None
            while turn.queue.take(9, whole=True):
                pass
            queues.over(turn.queue)
            return len(turn.pushes)

        assert turn_of("a", 0) == 3
        assert turn_of("b", 0.5) == 1
        assert turn_of("a", 1.5) == 1
        assert turn_of("a", 1.6) == 3
        assert turn_of("b", 5) == 3
        assert turn_of("c", 9) == 3

    asyncio.run(scene())


async def test_nothing_is_kept_of_a_tenant_that_has_nothing_waiting() -> None:
    store = await crowded("b")
    intake = intake_of(store)
    await asyncio.gather(*pushing(intake, TENANT, root_push(1, 9)), *pushing(intake, "b", root_push(2, 9)))
    await asyncio.sleep(0)
    assert (intake._queues.of(TENANT), intake._queues.of("b")) == (None, None)
    assert (intake._queues.ready, intake._queues.changes) == (0, 0)
    assert (intake._free, intake._writers) == (0, 0)


def test_no_turn_is_lost_when_pushes_leave_while_they_wait() -> None:
    async def scene() -> None:
        store = await crowded("b")
        intake = intake_of(store)
        first = await held_commit(store, intake)
        gone = waiting(intake, root_push(2, 5), root_push(3))
        stays = pushing(intake, "b", root_push(4, 3))
        await asyncio.sleep(0)
        for each in gone:
            each.cancel()
        store.doors.open.set()
        await asyncio.gather(first, *stays)
        assert store.doors.tenants == [TENANT, "b", "b"]
        assert intake._queues.changes == 0

    asyncio.run(scene())
