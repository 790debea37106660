"""Forgetting: what ended long ago goes with all that hangs on it, and what runs again stays."""

from __future__ import annotations

import pytest

from homeport_notify.chunk import ChunkWrites, DeadLetter
from homeport_notify.delivery import DeliveryState
from homeport_notify.errors import NotificationUnknown
from homeport_notify.ports import NotifyStore, Receipt
from homeport_notify.sql import forgetting as forgetting_rows
from homeport_notify.sql.forgetting import _Forgetting
from homeport_notify.sql.store import SqlNotifyStore
from tests.contract.notify.samples import (
    ALL,
    LONG_MS,
    NOW,
    TENANT,
    W,
    counted,
    leased,
    notification,
    registered,
    submitted,
    told_to,
    written,
)

FOREVER_MS = 10_000_000_000_000


async def test_what_ended_long_ago_is_forgotten_with_its_key_and_what_runs_is_not(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    gone = await submitted(notify, notification(1, key="k"))
    await written(notify, await leased(notify))
    running = await submitted(notify, notification(2))
    assert await notify.forget(TENANT, "bulk", 1, 10) == 0
    assert await notify.forget(TENANT, "wake", FOREVER_MS, 10) == 0
    assert await notify.forget(TENANT, "bulk", FOREVER_MS, 10) == 1
    assert await notify.notifications(TENANT, "", 10, lane=None) == [
        (await notify.progress(TENANT, running.id)).notification
    ]
    with pytest.raises(NotificationUnknown):
        await notify.chunks(TENANT, gone.id, -1, 10)
    _, new = await notify.submit(notification(3, key="k", title="Bye"))
    assert new


async def test_what_runs_again_is_not_forgotten_while_others_are(notify: NotifyStore) -> None:
    await registered(notify, "ann")
    told = await submitted(notify)
    (address,) = await told_to(notify, told)
    letter = DeadLetter(notification=told.id, address=address, code="X", detail="", failed_at_ms=NOW)
    writes = ChunkWrites(states=bytes([DeliveryState.FAILED]), dead=[letter])
    await notify.commit(await leased(notify), writes, LONG_MS)
    assert await notify.replay(TENANT, told.id, ALL, NOW) == 1
    if isinstance(notify, SqlNotifyStore):  # where something may happen between looking and forgetting
        assert not await _Forgetting(notify._door).forget(TENANT, told.id, FOREVER_MS)
    assert await notify.forget(TENANT, "bulk", FOREVER_MS, 10) == 0
    assert await counted(notify, told) == {W: 1}
    assert (await leased(notify)).chunk.number == 1


async def test_a_large_one_is_forgotten_step_by_step(notify: NotifyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting_rows, "ROWS_MAX", 2)
    await registered(notify, "ann", "bob", "cem", "dan")
    told = await submitted(notify, limit=1)
    for _ in range(4):
        await written(notify, await leased(notify))
    receipts = [Receipt(notification=told.id, received_at_ms=NOW)]
    for number in range(5):
        await notify.keep_receipts(TENANT, "ann", f"device {number}", receipts, NOW)
    assert await notify.forget(TENANT, "bulk", FOREVER_MS, 10) == 1
    assert await notify.received(TENANT, told.id) == (0, 0)
    _, new = await notify.submit(told)
    assert new
    assert await counted(notify, told) == {}
