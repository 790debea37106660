"""What is forgotten of notifications in time, and nothing before."""

from __future__ import annotations

from homeport_notify import limits
from homeport_notify.memory import MemoryNotifyStore
from homeport_notify.notification import LANES
from homeport_server.notify import upkeep
from homeport_server.notify.upkeep import KEPT_MS, KEPT_WAKES_MS, NotifyUpkeep
from homeport_sync.tell import TTL_S
from tests.unit.notify.samples import NOW_MS, TENANT, a_notification, an_address


async def test_an_address_that_nobody_has_seen_for_long_is_retired() -> None:
    store, address = MemoryNotifyStore(), an_address()
    await store.register(TENANT, address, NOW_MS)
    await NotifyUpkeep(store).keep(TENANT, NOW_MS + limits.UNSEEN_MS_MAX)
    assert [each.retired for each in await store.addresses(TENANT, address.user, "", 10)] == [None]
    await NotifyUpkeep(store).keep(TENANT, NOW_MS + limits.UNSEEN_MS_MAX + 1)
    assert [each.retired for each in await store.addresses(TENANT, address.user, "", 10)] == ["aged"]
    await NotifyUpkeep(store).keep(TENANT, NOW_MS + limits.UNSEEN_MS_MAX + KEPT_MS)
    assert len(await store.addresses(TENANT, address.user, "", 10)) == 1
    await NotifyUpkeep(store).keep(TENANT, NOW_MS + limits.UNSEEN_MS_MAX + KEPT_MS + 1)
    assert await store.addresses(TENANT, address.user, "", 10) == []


async def test_a_wake_that_has_ended_is_forgotten_after_a_day_and_nothing_else_is() -> None:
    store = MemoryNotifyStore(clock=lambda: NOW_MS)
    for number, lane in enumerate(LANES):
        await store.submit(a_notification(number, lane=lane, state="waiting"))
        await store.steer(TENANT, a_notification(number).id, "cancel", "")
    await NotifyUpkeep(store).keep(TENANT, NOW_MS + KEPT_WAKES_MS)
    assert len(await store.notifications(TENANT, "", 10, lane=None)) == len(LANES)
    await NotifyUpkeep(store).keep(TENANT, NOW_MS + KEPT_WAKES_MS + 1)
    left = {each.lane for each in await store.notifications(TENANT, "", 10, lane=None)}
    assert left == {"transactional", "bulk"}


async def test_what_has_ended_long_ago_is_forgotten_however_much_it_is_and_what_runs_is_not() -> None:
    now_ms = NOW_MS
    store = MemoryNotifyStore(clock=lambda: now_ms)
    for number in range(3):
        await store.submit(a_notification(number, state="waiting"))
        await store.steer(TENANT, a_notification(number).id, "cancel", "")
    await store.submit(a_notification(9, state="waiting"))
    await NotifyUpkeep(store).keep(TENANT, now_ms + KEPT_MS - 1)
    assert len(await store.notifications(TENANT, "", 10, lane=None)) == 4
    upkeep_at_once, upkeep.AT_ONCE_MAX = upkeep.AT_ONCE_MAX, 1  # type: ignore[misc]  # so that there are several steps
    try:
        await NotifyUpkeep(store).keep(TENANT, now_ms + KEPT_MS + 1)
    finally:
        upkeep.AT_ONCE_MAX = upkeep_at_once  # type: ignore[misc]
    (left,) = await store.notifications(TENANT, "", 10, lane=None)
    assert left.id == a_notification(9).id


def test_a_key_is_known_for_as_long_as_what_it_names_can_be_told() -> None:
    assert max(TTL_S, limits.TTL_S_MAX) * 1_000 < KEPT_MS
