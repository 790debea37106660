"""Steering: paused, resumed and cancelled in flight, seen by those who look for work and by who holds a chunk."""

from __future__ import annotations

import pytest

from homeport_notify.chunk import ChunkWrites, Deferred
from homeport_notify.delivery import DeliveryState
from homeport_notify.errors import NotificationOver, NotificationUnknown
from homeport_notify.ports import NotifyStore
from homeport_notify.steering import Steering
from tests.contract.notify.samples import (
    LONG_MS,
    NOW,
    OVER_MS,
    TENANT,
    S,
    W,
    counted,
    crowd,
    leased,
    notification,
    notification_id,
    registered,
    submitted,
    written,
)


async def test_what_is_paused_is_leased_by_nobody_until_it_is_resumed(notify: NotifyStore) -> None:
    await crowd(notify, 3)
    told = await submitted(notify, limit=1)
    paused = await notify.steer(TENANT, told.id, "pause", "lunch")
    assert (paused.state, paused.reason) == ("paused", "lunch")
    assert await notify.lease(TENANT, "bulk", "one", LONG_MS, NOW) is None
    resumed = await notify.steer(TENANT, told.id, "resume", "")
    assert (resumed.state, resumed.reason) == ("running", "")
    assert {(await leased(notify)).chunk.number for _ in range(3)} == {0, 1, 2}


async def test_who_holds_a_chunk_sees_it_paused_when_it_writes_and_may_write(notify: NotifyStore) -> None:
    await registered(notify, "ann", "bob")
    told = await submitted(notify)
    held = await leased(notify)
    await notify.steer(TENANT, told.id, "pause", "lunch")
    seen = await notify.commit(held, ChunkWrites(states=bytes([S, W])), LONG_MS)
    assert (seen.notification.state, seen.notification.reason) == ("paused", "lunch")
    await notify.give_back(seen)
    assert await notify.lease(TENANT, "bulk", "two", LONG_MS, NOW) is None
    await notify.steer(TENANT, told.id, "resume", "")
    assert (await leased(notify, "two")).chunk.states == bytes([S, W])


async def test_what_was_deferred_while_it_was_paused_waits_until_it_is_resumed(notify: NotifyStore) -> None:
    (ann,) = await registered(notify, "ann")
    told = await submitted(notify)
    held = await leased(notify)
    await notify.steer(TENANT, told.id, "pause", "")
    later = Deferred(addresses=[ann.id], due_at_ms=NOW, attempt=1, first_at_ms=NOW)
    await notify.commit(held, ChunkWrites(states=bytes([DeliveryState.DEFERRED]), deferred=[later]), LONG_MS)
    assert await notify.lease(TENANT, "bulk", "two", LONG_MS, NOW) is None
    assert (await notify.steer(TENANT, told.id, "resume", "")).state == "running"
    assert (await leased(notify)).chunk.attempt == 1


async def test_one_that_had_not_begun_waits_again_when_it_is_resumed(notify: NotifyStore) -> None:
    told = notification()
    await notify.submit(told)
    await notify.steer(TENANT, told.id, "pause", "")
    assert (await notify.steer(TENANT, told.id, "resume", "")).state == "waiting"
    assert await notify.expanding(TENANT, "bulk", NOW) is not None


@pytest.mark.parametrize(("how", "state"), [("cancel", "cancelled"), ("stop", "stopped")])
async def test_what_was_ended_is_leased_no_more_and_what_waited_counts_as_cancelled(
    notify: NotifyStore, how: Steering, state: str
) -> None:
    await crowd(notify, 4)
    told = await submitted(notify, limit=2)
    held = await leased(notify)
    await notify.commit(held, ChunkWrites(states=bytes([S, DeliveryState.STARTED])), LONG_MS)
    ended = await notify.steer(TENANT, told.id, how, "enough")
    assert (ended.state, ended.reason) == (state, "enough")
    assert await notify.lease(TENANT, "bulk", "two", LONG_MS, NOW) is None
    assert await notify.next_due_ms(TENANT, "bulk") is None
    assert await counted(notify, told) == {S: 1, DeliveryState.STARTED: 1, DeliveryState.CANCELLED: 2}
    seen = await written(notify, held)
    assert seen.notification.state == state
    assert await counted(notify, told) == {S: 2, DeliveryState.CANCELLED: 2}
    assert (await notify.progress(TENANT, told.id)).notification.state == state


async def test_what_was_on_its_way_when_a_worker_of_a_cancelled_one_died_is_unknown(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    told = await submitted(notify)
    await written(notify, await leased(notify, ttl_ms=OVER_MS), DeliveryState.STARTED, ttl_ms=OVER_MS)
    await notify.steer(TENANT, told.id, "cancel", "")
    assert await counted(notify, told) == {DeliveryState.UNKNOWN: 1}


async def test_steering_again_the_same_way_changes_nothing(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    told = await submitted(notify)
    assert (await notify.steer(TENANT, told.id, "resume", "")).state == "running"
    first = await notify.steer(TENANT, told.id, "pause", "first")
    assert await notify.steer(TENANT, told.id, "pause", "second") == first
    over = await notify.steer(TENANT, told.id, "cancel", "enough")
    assert await notify.steer(TENANT, told.id, "cancel", "again") == over
    for how in ("pause", "resume", "stop"):
        with pytest.raises(NotificationOver):
            await notify.steer(TENANT, told.id, how, "")


async def test_one_that_is_done_is_not_steered(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    told = await submitted(notify)
    await written(notify, await leased(notify))
    for how in ("pause", "resume", "cancel", "stop"):
        with pytest.raises(NotificationOver, match="done"):
            await notify.steer(TENANT, told.id, how, "")


async def test_what_is_not_there_is_not_steered(notify: NotifyStore) -> None:
    with pytest.raises(NotificationUnknown):
        await notify.steer(TENANT, notification_id(9), "pause", "")
