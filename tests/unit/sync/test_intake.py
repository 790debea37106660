"""Commit batches without a timer: what waits together commits together, and nobody pays for a neighbour."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest

from homeport_sync.errors import Overloaded, StoreFailed, TimedOut, Unavailable
from homeport_sync.intake import Intake
from homeport_sync.limits import LIMITS, Limits
from homeport_sync.meter import NoMeter
from homeport_sync.ports import Writes
from homeport_sync.push import Decided, Push
from homeport_sync.signals import LocalSignals
from tests.unit.sync.doors import TENANT, Broken, Doors, DoorStore, opened
from tests.unit.sync.ledger import outcomes, verdicts
from tests.unit.sync.tasks import CATALOG, NOW, Phone, ann


class Heard:
    """Signals that only remember what was published."""

    def __init__(self) -> None:
        self.published: list[tuple[str, int]] = []

    def publish(self, tenant: str, position: int) -> None:
        self.published.append((tenant, position))

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[tuple[str, int]]]:
        return LocalSignals().listen()

    def connected(self) -> bool:
        return True


def intake_of(store: DoorStore, limits: Limits = LIMITS, signals: Heard | None = None) -> Intake:
    return Intake(store, CATALOG, signals or Heard(), limits=limits, wall_ms=lambda: NOW)


def root_push(index: int, changes: int = 1) -> Push:
    """A push of a phone of its own, with so many new lists."""
    phone = Phone(user=f"user {index}", index=index)
    return phone.push(*(phone.make_root() for _ in range(changes)))


async def held_commit(store: DoorStore, intake: Intake) -> asyncio.Task[Decided]:
    """Close the doors and let one push get as far as its commit."""
    doors = store.doors
    doors.open.clear()
    first = asyncio.create_task(intake.push(TENANT, root_push(1)))
    await doors.committing.wait()
    return first


def waiting(intake: Intake, *pushes: Push) -> list[asyncio.Task[Decided]]:
    return [asyncio.create_task(intake.push(TENANT, push)) for push in pushes]


def open_once_all_wait(doors: Doors) -> None:
    """Tasks start in the order they were made, and this comes after them."""
    asyncio.get_running_loop().call_soon(doors.open.set)


def applied(decided: Decided) -> bool:
    return set(verdicts(outcomes(decided))) == {"applied"} and not decided.errors


async def test_a_lone_push_commits_at_once_and_alone() -> None:
    store = await opened()
    assert applied(await intake_of(store).push(TENANT, root_push(1, changes=3)))
    assert store.doors.sizes == [3]


async def test_what_arrives_during_a_commit_forms_the_next_batch() -> None:
    store = await opened()
    intake = intake_of(store)
    first = await held_commit(store, intake)
    later = waiting(intake, *(root_push(index) for index in range(2, 7)))
    open_once_all_wait(store.doors)
    assert all(applied(each) for each in await asyncio.gather(first, *later))
    assert store.doors.sizes == [1, 5]


async def test_a_batch_holds_only_so_many_changes_and_one_push_always_fits() -> None:
    store = await opened()
    intake = intake_of(store, Limits(batch_changes_max=4))
    first = await held_commit(store, intake)
    later = waiting(intake, root_push(2, 2), root_push(3, 2), root_push(4, 1), root_push(5, 9), root_push(6, 1))
    open_once_all_wait(store.doors)
    await asyncio.gather(first, *later)
    assert store.doors.sizes == [1, 4, 1, 9, 1]


async def test_pushes_of_one_phone_keep_their_order_in_a_batch() -> None:
    store = await opened()
    intake, phone = intake_of(store), Phone(user="x", index=9)
    first = await held_commit(store, intake)
    root = phone.make_root()
    later = waiting(intake, phone.push(root), phone.push(phone.make(root.id)), phone.push(phone.make(root.id)))
    open_once_all_wait(store.doors)
    assert all(applied(each) for each in await asyncio.gather(first, *later))
    assert store.doors.sizes == [1, 3]


async def test_one_tenant_does_not_wait_for_another() -> None:
    store = await opened()
    await store.create("other", id="other", epoch="first", now_ms=0)
    intake = intake_of(store)
    first = await held_commit(store, intake)
    assert applied(await intake.push("other", root_push(2)))
    assert not first.done()
    store.doors.open.set()
    assert applied(await first)


async def test_a_batch_that_fails_is_tried_push_by_push_and_only_the_bad_one_is_told() -> None:
    store = await opened()
    intake = intake_of(store)
    first = await held_commit(store, intake)
    bad = root_push(3)
    store.doors.breaks_before = lambda writes: any(kept.device == bad.device for kept in writes.outcomes)
    later = waiting(intake, root_push(2), bad, root_push(4))
    open_once_all_wait(store.doors)
    answers = await asyncio.gather(first, *later, return_exceptions=True)
    assert [isinstance(each, Decided) for each in answers] == [True, True, False, True]
    assert isinstance(answers[2], Unavailable)
    assert answers[2].retryable
    assert isinstance(answers[2].__cause__, Broken)
    assert store.doors.sizes == [1, 3, 1, 1, 1]


@pytest.mark.promise("I2")
async def test_a_batch_that_was_committed_although_it_failed_is_recognised_and_written_once() -> None:
    store = await opened()
    intake = intake_of(store)
    first = await held_commit(store, intake)

    def breaks(writes: Writes) -> bool:
        return len(writes.outcomes) > 1

    store.doors.breaks_after = breaks
    later = waiting(intake, root_push(2), root_push(3))
    open_once_all_wait(store.doors)
    for decided in await asyncio.gather(first, *later):
        assert verdicts(outcomes(decided)) == ["applied"]
    assert len(await store.read(TENANT, 0, 100)) == 3


async def test_a_push_whose_store_failed_can_be_sent_again_as_it_is() -> None:
    store = await opened()
    intake, push = intake_of(store), root_push(1)
    store.doors.breaks_before = lambda _: True
    with pytest.raises(Unavailable):
        await intake.push(TENANT, push)
    store.doors.breaks_before = lambda _: False
    assert applied(await intake.push(TENANT, push))


async def test_an_unknown_tenant_is_unavailable_and_not_made() -> None:
    store = await opened()
    with pytest.raises(Unavailable, match="no tenant nobody"):
        await intake_of(store).push("nobody", root_push(1))
    assert await store.find("nobody") is None


async def test_what_is_too_much_is_told_when_to_come_again() -> None:
    store = await opened()
    intake = intake_of(store, Limits(queue_changes_max=3))
    first = await held_commit(store, intake)
    later = waiting(intake, root_push(2, 2), root_push(3, 1), root_push(4, 1))
    open_once_all_wait(store.doors)
    *taken, refused = await asyncio.gather(first, *later, return_exceptions=True)
    assert all(isinstance(each, Decided) for each in taken)
    assert isinstance(refused, Overloaded)
    assert refused.as_error()["extensions"] == {"code": "OVERLOADED", "retryable": True, "retryAfterMs": 1_000}
    assert applied(await intake.push(TENANT, root_push(4, 1)))


async def test_a_push_larger_than_the_queue_is_taken_when_nothing_waits() -> None:
    store = await opened()
    intake = intake_of(store, Limits(queue_changes_max=3))
    assert applied(await intake.push(TENANT, root_push(1, 5)))


async def test_a_caller_who_leaves_the_queue_hurts_nobody_and_is_not_decided() -> None:
    store = await opened()
    intake = intake_of(store)
    first = await held_commit(store, intake)
    stays, leaves, stays_too = waiting(intake, root_push(2), root_push(3), root_push(4))
    asyncio.get_running_loop().call_soon(leaves.cancel)
    open_once_all_wait(store.doors)
    answers = await asyncio.gather(first, stays, leaves, stays_too, return_exceptions=True)
    assert [isinstance(each, Decided) for each in answers] == [True, True, False, True]
    assert store.doors.sizes == [1, 2]


@pytest.mark.promise("I1")
async def test_a_caller_who_leaves_during_the_commit_finds_the_outcome_later() -> None:
    store = await opened()
    intake, push = intake_of(store), root_push(1)
    first = await held_commit(store, intake)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    store.doors.open.set()
    again = await intake.push(TENANT, push)
    assert verdicts(outcomes(again)) == ["applied"]
    assert again.verdicts == []
    assert len(await store.read(TENANT, 0, 100)) == 1


async def test_listeners_hear_of_the_new_head_after_the_commit_and_never_of_a_failed_one() -> None:
    store, heard, phone = await opened(), Heard(), ann()
    intake = intake_of(store, signals=heard)
    store.doors.breaks_before = lambda _: not heard.published and len(store.doors.batches) == 1
    push = phone.push(phone.make_root(), phone.make_root())
    with pytest.raises(Unavailable):
        await intake.push(TENANT, push)
    assert heard.published == []
    await intake.push(TENANT, push)
    assert heard.published == [(TENANT, 2)]


class Lost(NoMeter):
    """A meter that remembers what failed."""

    def __init__(self) -> None:
        self.tries: list[str] = []
        self.batches: list[tuple[str, str, type[Exception]]] = []

    def commit_failed(self, code: str) -> None:
        self.tries.append(code)

    def batch_failed(self, tenant: str, code: str, error: Exception) -> None:
        self.batches.append((tenant, code, type(error)))


@pytest.mark.parametrize(("error", "tries"), [(Unavailable, LIMITS.commit_tries_max), (TimedOut, 1)])
async def test_a_store_that_did_not_answer_is_tried_again_unless_it_was_too_slow_and_a_batch_is_told_once(
    error: type[Unavailable], tries: int
) -> None:
    store, lost = await opened(), Lost()
    intake = Intake(store, CATALOG, Heard(), limits=LIMITS, wall_ms=lambda: NOW, meter=lost)
    store.doors.breaks_before, store.doors.error = lambda _: True, error
    with pytest.raises(Unavailable) as told:
        await intake.push(TENANT, root_push(1))
    assert told.value.values == {"retryAfterMs": LIMITS.unavailable_retry_ms}
    assert lost.tries == ["UNAVAILABLE"] * tries
    assert lost.batches == [(TENANT, "UNAVAILABLE", error)]


async def test_a_store_that_failed_says_when_to_come_again() -> None:
    store = await opened()
    store.doors.breaks_before = lambda _: True
    with pytest.raises(StoreFailed) as told:
        await intake_of(store).push(TENANT, root_push(1))
    assert told.value.values == {"retryAfterMs": LIMITS.unavailable_retry_ms}


async def test_a_caller_who_left_is_told_nothing_of_a_commit_that_fails_and_those_behind_are_taken() -> None:
    store = await opened()
    intake = intake_of(store)
    first = await held_commit(store, intake)
    store.doors.breaks_before = lambda _: len(store.doors.batches) == 1
    (behind,) = waiting(intake, root_push(2))
    asyncio.get_running_loop().call_soon(first.cancel)
    open_once_all_wait(store.doors)
    answers = await asyncio.gather(first, behind, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert applied(await behind)
    assert store.doors.sizes == [1, 1]


async def test_who_waits_while_the_process_goes_down_is_told_that_nothing_was_taken() -> None:
    store = await opened()
    intake = intake_of(store)
    first = await held_commit(store, intake)
    (behind,) = waiting(intake, root_push(2))
    asyncio.get_running_loop().call_soon(stop_writing, intake)
    async with asyncio.timeout(5):
        answers = await asyncio.gather(first, behind, return_exceptions=True)
    assert [type(each) for each in answers] == [asyncio.CancelledError] * 2
    assert await store.read(TENANT, 0, 100) == []
    store.doors.open.set()
    assert applied(await intake.push(TENANT, root_push(2)))
    assert store.doors.sizes == [1, 1]


def stop_writing(intake: Intake) -> None:
    """As the event loop does with all that runs when it ends."""
    for writer in intake._tasks:
        writer.cancel()


async def test_an_error_in_one_part_of_a_push_ends_it_for_the_parts_behind() -> None:
    store, phone = await opened(), ann()
    intake = intake_of(store, Limits(decide_changes_max=1))
    root = phone.make_root()
    lost, *behind = (phone.make(root.id) for _ in range(3))
    decided = await intake.push(TENANT, phone.push(root, *behind))
    assert [each.number for each in outcomes(decided)] == [root.number]
    assert [(each.code, each.values["index"], each.values["expected"]) for each in decided.errors] == [
        ("NUMBER_GAP", 1, lost.number)
    ]
    assert applied(await intake.push(TENANT, phone.push(lost, *behind)))
