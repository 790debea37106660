"""Who is told now is decided at the last moment, from what is known then."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from homeport_notify.delivery import DeliveryState
from homeport_notify.limits import WAKE_PULLS_MS
from homeport_notify.message import WAKE
from homeport_notify.notification import About
from homeport_notify.ports import Presence
from homeport_notify.sift import devices_of, own_zone, told_when
from tests.unit.notify.samples import HOUR_MS, NOW_MS, a_notification, an_address, reachable

BEN = an_address(1)


def test_whoever_can_be_reached_is_told_now() -> None:
    assert told_when(a_notification(), reachable(BEN), None, NOW_MS) is None


def test_what_is_stale_is_told_to_nobody() -> None:
    stale = a_notification(expires_at_ms=NOW_MS)
    assert told_when(stale, reachable(BEN), None, NOW_MS) is DeliveryState.EXPIRED


def test_an_address_that_was_retired_or_is_gone_is_passed_over() -> None:
    retired = msgspec.structs.replace(BEN, retired="gone")
    assert told_when(a_notification(), reachable(retired), None, NOW_MS) is DeliveryState.RETIRED
    assert told_when(a_notification(), None, None, NOW_MS) is DeliveryState.RETIRED


def test_a_no_counts_up_to_the_last_moment() -> None:
    offers = a_notification(topic="offers", urgent=True)
    assert told_when(offers, reachable(BEN, muted=("offers",)), None, NOW_MS) is DeliveryState.MUTED
    assert told_when(offers, reachable(BEN, muted=("*",)), None, NOW_MS) is DeliveryState.MUTED
    assert told_when(offers, reachable(BEN, muted=("news",)), None, NOW_MS) is None


def test_a_device_that_has_pulled_the_change_is_not_told_of_it_nor_is_its_author() -> None:
    of_change = a_notification(about=About(position=7, author="another"))
    assert told_when(of_change, reachable(BEN), Presence(pulled_position=7), NOW_MS) is DeliveryState.SEEN
    assert told_when(of_change, reachable(BEN), Presence(pulled_position=6), NOW_MS) is None
    assert told_when(of_change, reachable(BEN), None, NOW_MS) is None
    woken = msgspec.structs.replace(reachable(BEN), woken_at_ms=NOW_MS)
    long_ms = WAKE_PULLS_MS + 1
    for accepted_ms, then in ((NOW_MS - 1, None), (NOW_MS + 1, None), (NOW_MS + long_ms, DeliveryState.SEEN)):
        after = a_notification(about=About(position=7, author="another", accepted_at_ms=accepted_ms))
        assert told_when(after, woken, Presence(pulled_position=7), NOW_MS) == then
    own = a_notification(about=About(position=7, author=BEN.device))
    assert told_when(own, reachable(BEN), None, NOW_MS) is DeliveryState.SEEN


def test_a_wake_goes_out_whatever_people_prefer() -> None:
    wake = a_notification(message=WAKE, lane="wake", about=About(position=1, author=BEN.device))
    assert told_when(wake, reachable(BEN, muted=("*",), quiet=(0, 1_439)), None, NOW_MS) is None
    assert devices_of(wake, {BEN.id: reachable(BEN)}) == []


def test_quiet_hours_put_it_off_unless_it_is_urgent() -> None:
    night = (22 * 60, 7 * 60)
    rome = ZoneInfo("Europe/Rome")
    late_ms = int(datetime(2026, 11, 28, 23, 0, tzinfo=rome).timestamp() * 1_000)
    morning_ms = int(datetime(2026, 11, 29, 7, 0, tzinfo=rome).timestamp() * 1_000)
    sleeps = reachable(an_address(2, timezone="Europe/Rome"), quiet=night)
    ends_ms = late_ms + 24 * HOUR_MS
    assert told_when(a_notification(expires_at_ms=ends_ms), sleeps, None, late_ms) == morning_ms
    assert told_when(a_notification(expires_at_ms=ends_ms, urgent=True), sleeps, None, late_ms) is None
    soon_over = a_notification(expires_at_ms=morning_ms)
    assert told_when(soon_over, sleeps, None, late_ms) is DeliveryState.EXPIRED


def test_a_local_time_is_each_users_own_and_what_has_passed_comes_at_once() -> None:
    nine = a_notification(local_time="2026-11-30T09:00", expires_at_ms=NOW_MS + 9_999 * HOUR_MS)
    before_ms = int(datetime(2026, 11, 30, 6, 0, tzinfo=ZoneInfo("UTC")).timestamp() * 1_000)
    rome = reachable(an_address(1, timezone="Europe/Rome"))
    assert told_when(nine, rome, None, before_ms) == before_ms + 2 * HOUR_MS
    assert told_when(nine, reachable(an_address(1, timezone="Asia/Tokyo")), None, before_ms) is None


def test_the_users_own_zone_counts_before_the_devices() -> None:
    travels = an_address(1, timezone="Asia/Tokyo")
    assert own_zone(reachable(travels, timezone="Europe/Rome")).key == "Europe/Rome"
    assert own_zone(reachable(travels)).key == "Asia/Tokyo"
    assert own_zone(reachable(msgspec.structs.replace(travels, timezone="Mars/Base"))).key == "UTC"
