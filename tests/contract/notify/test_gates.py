"""Gates: one provider's account, shared by all workers and all tenants."""

from __future__ import annotations

import asyncio

from homeport_notify.ports import Gate, NotifyStore
from tests.contract.notify.samples import NOW

SECOND_MS = 1_000


async def test_a_gate_is_open_until_it_is_closed_and_each_channel_has_its_own(notify: NotifyStore) -> None:
    assert await notify.gate("fcm") == Gate()
    await notify.close_gate("fcm", NOW + 60, "wrong key")
    assert await notify.gate("fcm") == Gate(closed_until_ms=NOW + 60, opened_at_ms=NOW + 60, reason="wrong key")
    assert await notify.gate("apns") == Gate()


async def test_one_that_is_closed_for_longer_stays_so(notify: NotifyStore) -> None:
    await notify.close_gate("fcm", NOW + 60, "long")
    await notify.close_gate("fcm", NOW + 30, "short")
    assert (await notify.gate("fcm")).reason == "long"
    await notify.close_gate("fcm", NOW + 90, "longer")
    assert (await notify.gate("fcm")).closed_until_ms == NOW + 90


async def test_whoever_mended_it_opens_it_from_that_moment(notify: NotifyStore) -> None:
    await notify.close_gate("fcm", NOW + 60, "wrong key")
    await notify.open_gate("fcm", NOW + 10)
    assert await notify.gate("fcm") == Gate(opened_at_ms=NOW + 10)
    await notify.open_gate("fcm", NOW + 20)
    assert (await notify.gate("fcm")).opened_at_ms == NOW + 10, "it was open"


async def test_what_may_be_sent_in_a_second_is_shared_by_all(notify: NotifyStore) -> None:
    had = await asyncio.gather(*(notify.take("fcm", 300, 1_000, NOW) for _ in range(5)))
    assert sorted(had) == [0, 100, 300, 300, 300]
    assert await notify.take("apns", 300, 1_000, NOW) == 300
    assert await notify.take("fcm", 300, 1_000, NOW + SECOND_MS) == 300


async def test_a_worker_whose_clock_is_a_little_behind_gets_no_second_of_its_own(notify: NotifyStore) -> None:
    assert await notify.take("fcm", 900, 1_000, NOW) == 900
    assert await notify.take("fcm", 300, 1_000, NOW - SECOND_MS) == 100
    assert await notify.take("fcm", 300, 1_000, NOW) == 0
    assert await notify.take("fcm", 300, 1_000, NOW - 60 * SECOND_MS) == 300, "a clock was set back"


async def test_nothing_is_had_while_it_is_closed(notify: NotifyStore) -> None:
    await notify.close_gate("fcm", NOW + SECOND_MS, "429")
    assert await notify.take("fcm", 300, 1_000, NOW) == 0
    assert await notify.take("fcm", 300, 1_000, NOW + SECOND_MS) == 300


async def test_a_speed_that_was_lowered_within_the_second_counts_what_is_gone(notify: NotifyStore) -> None:
    assert await notify.take("fcm", 300, 1_000, NOW) == 300
    assert await notify.take("fcm", 300, 100, NOW) == 0
