"""Upkeep: what is old goes, and nothing else, however much there is."""

from __future__ import annotations

from homeport_notify.limits import KEPT_MS, UNSEEN_MS_MAX
from homeport_notify.memory import MemoryNotifyStore
from homeport_notify.ports import NotifyStore
from homeport_notify.upkeep import STEP_MAX, keep_up
from tests.contract.notify.samples import ALL, NOW, TENANT, notification, phone, submitted

FAR_MS = 10_000_000_000_000


async def test_what_nobody_saw_for_long_and_what_ended_long_ago_goes(notify: NotifyStore) -> None:
    await notify.register(TENANT, phone("old", seen_at_ms=NOW - 1), NOW)
    await notify.register(TENANT, phone("new", seen_at_ms=NOW), NOW)
    assert not await keep_up(notify, TENANT, NOW + UNSEEN_MS_MAX)
    found = [(await notify.addresses(TENANT, user, "", ALL))[0].retired for user in ("old", "new")]
    assert found == ["aged", None]
    told = await submitted(notify, notification(lane="wake"))
    await notify.steer(TENANT, told.id, "cancel", "")
    assert not await keep_up(notify, TENANT, NOW)
    assert len(await notify.notifications(TENANT, "", ALL, lane=None)) == 1
    await keep_up(notify, TENANT, FAR_MS)
    assert await notify.notifications(TENANT, "", ALL, lane=None) == []


async def test_what_ended_is_kept_for_thirty_days() -> None:
    ended_ms = NOW
    notify = MemoryNotifyStore(clock=lambda: ended_ms)
    await submitted(notify)
    await keep_up(notify, TENANT, ended_ms + KEPT_MS)
    assert len(await notify.notifications(TENANT, "", ALL, lane=None)) == 1
    await keep_up(notify, TENANT, ended_ms + KEPT_MS + 1)
    assert await notify.notifications(TENANT, "", ALL, lane=None) == []


async def test_there_is_more_to_do_while_a_step_was_full() -> None:
    notify = MemoryNotifyStore()
    for number in range(STEP_MAX + 1):
        await notify.register(TENANT, phone(f"user {number}", seen_at_ms=0), NOW)
    assert await keep_up(notify, TENANT, NOW)
    assert not await keep_up(notify, TENANT, NOW)
