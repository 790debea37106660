"""Tenants: whatever one has, no port shows it to another, nor lets the other change it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from homeport_notify.chunk import ChunkWrites, DeadLetter
from homeport_notify.delivery import DeliveryState
from homeport_notify.errors import ChunkLost, NotificationUnknown
from homeport_notify.ports import NotifyStore, Receipt
from homeport_notify.preferences import NO_PREFERENCES, Preferences
from tests.contract.notify.samples import (
    ALL,
    LONG_MS,
    NOW,
    OTHER,
    TENANT,
    W,
    counted,
    leased,
    notification,
    phone,
    submitted,
)

FOREVER_MS = 10_000_000_000_000


async def test_no_port_shows_or_changes_what_another_tenant_has(notify: NotifyStore) -> None:
    ann = phone("ann")
    await notify.register(TENANT, ann, NOW)
    await notify.prefer(TENANT, "ann", Preferences(muted=frozenset({"*"})), NOW)
    await notify.subscribe(TENANT, "ann", "news", NOW)
    await notify.want(TENANT, {ann.id: 5}, NOW)
    told = await submitted(notify)
    await notify.keep_receipts(TENANT, "ann", ann.device, [Receipt(notification=told.id, received_at_ms=1)], NOW)
    held = await leased(notify)
    dead = DeadLetter(notification=told.id, address=ann.id, code="X", detail="", failed_at_ms=NOW)
    held = await notify.commit(held, ChunkWrites(states=bytes([W]), dead=[dead]), LONG_MS)
    await notify.give_back(held)

    assert await notify.notifications(OTHER, "", ALL, lane=None) == []
    assert await notify.expanding(OTHER, "bulk", NOW) is None
    assert await notify.lease(OTHER, "bulk", "one", LONG_MS, NOW) is None
    assert await notify.next_due_ms(OTHER, "bulk") is None
    assert await notify.forget(OTHER, "bulk", FOREVER_MS, ALL) == 0
    assert await notify.dead_letters(OTHER, told.id, "", ALL) == []
    assert await notify.received(OTHER, told.id) == (0, 0)
    assert await notify.addresses(OTHER, "ann", "", ALL) == []
    assert await notify.of_devices(OTHER, [ann.device]) == []
    assert await notify.of_users(OTHER, ["ann"]) == []
    assert await notify.retire(OTHER, "ann", ann.device, "gone") == 0
    assert await notify.age_out(OTHER, FOREVER_MS, ALL) == 0
    assert await notify.forget_addresses(OTHER, FOREVER_MS, ALL) == 0
    assert await notify.preferences(OTHER, "ann") == NO_PREFERENCES
    assert await notify.topics(OTHER, "ann", "", ALL) == []
    assert await notify.due(OTHER, NOW, ALL) == []
    assert await notify.next_wake_ms(OTHER) is None
    for asked in (
        notify.progress(OTHER, told.id),
        notify.chunks(OTHER, told.id, -1, ALL),
        notify.replay(OTHER, told.id, ALL, NOW),
    ):
        with pytest.raises(NotificationUnknown):
            await asked
    with pytest.raises(NotificationUnknown):
        await notify.steer(OTHER, told.id, "cancel", "")

    taken = replace(await leased(notify), tenant=OTHER)
    assert await notify.reachable(taken, [ann.id]) == {}
    with pytest.raises(ChunkLost):
        await notify.commit(taken, ChunkWrites(states=bytes([DeliveryState.SENT]), retired=[(ann, "gone")]), LONG_MS)
    await notify.give_back(taken)
    await notify.unsubscribe(OTHER, "ann", "news")
    await notify.want(OTHER, {ann.id: 99}, NOW - 1)
    await notify.keep_receipts(OTHER, "ann", "tablet", [Receipt(notification=told.id, received_at_ms=1)], NOW)
    assert await counted(notify, told) == {W: 1}
    assert await notify.lease(TENANT, "bulk", "two", LONG_MS, NOW) is None
    assert await notify.topics(TENANT, "ann", "", ALL) == ["news"]
    assert [each.position for each in await notify.due(TENANT, NOW, ALL)] == [5]
    assert await notify.received(TENANT, told.id) == (1, 0)
    assert await notify.addresses(TENANT, "ann", "", ALL) == [ann]


async def test_the_same_phone_in_two_tenants_is_two_addresses(notify: NotifyStore) -> None:
    for tenant in (TENANT, OTHER):
        await notify.register(tenant, phone("ann"), NOW)
    assert await notify.retire(OTHER, "ann", phone("ann").device, "signed_out") == 1
    assert [each.retired for each in await notify.addresses(TENANT, "ann", "", ALL)] == [None]


async def test_everyone_is_everyone_of_the_tenant(notify: NotifyStore) -> None:
    await notify.register(TENANT, phone("ann"), NOW)
    await notify.register(OTHER, phone("bob"), NOW)
    told = await submitted(notify, notification(tenant=OTHER))
    assert await counted(notify, told) == {W: 1}
