"""Which devices are woken now."""

from __future__ import annotations

from homeport_notify.address import Platform
from homeport_notify.ports import Presence
from homeport_notify.wake import HOUR_MS, Wanted, may_wake_ms, woken
from homeport_notify.waking import LISTENS_SLACK_MS, sorted_out
from tests.unit.notify.samples import NOW_MS


def a_wanted(number: int = 1, *, platform: Platform = "ios", woken_ms: tuple[int, ...] = ()) -> Wanted:
    return Wanted(
        address=f"address {number}", device=f"device {number}", platform=platform, position=9, woken_ms=woken_ms
    )


def test_a_device_that_sleeps_is_woken() -> None:
    wanted = a_wanted()
    assert sorted_out([wanted], {}, NOW_MS) == ([], [], [wanted])


def test_a_device_that_has_pulled_meanwhile_is_not() -> None:
    wanted = a_wanted()
    assert sorted_out([wanted], {"device 1": Presence(pulled_position=9)}, NOW_MS) == ([wanted], [], [])
    assert sorted_out([wanted], {"device 1": Presence(pulled_position=8)}, NOW_MS) == ([], [], [wanted])


def test_a_device_that_is_connected_is_looked_at_again_when_it_may_not_be_any_more() -> None:
    wanted = a_wanted()
    listens = {"device 1": Presence(listens_until_ms=NOW_MS + 40_000)}
    assert sorted_out([wanted], listens, NOW_MS) == ([], [(wanted, NOW_MS + 40_000 + LISTENS_SLACK_MS)], [])
    assert sorted_out([wanted], {"device 1": Presence(listens_until_ms=NOW_MS)}, NOW_MS) == ([], [], [wanted])


def test_a_phone_that_was_woken_three_times_within_the_hour_waits_for_its_turn() -> None:
    often = (NOW_MS - 50 * 60_000, NOW_MS - 30 * 60_000, NOW_MS - 60_000)
    wanted = a_wanted(woken_ms=often)
    assert sorted_out([wanted], {}, NOW_MS) == ([], [(wanted, often[0] + HOUR_MS)], [])
    android = a_wanted(platform="android", woken_ms=often)
    assert sorted_out([android], {}, NOW_MS) == ([], [], [android])


def test_in_no_hour_are_there_more_wakes_than_allowed() -> None:
    times: tuple[int, ...] = ()
    now_ms = NOW_MS
    for _ in range(20):
        now_ms = max(now_ms + 60_000, may_wake_ms("ios", times, now_ms + 60_000))
        times = (*times, now_ms)
        assert sum(each > now_ms - HOUR_MS for each in times) <= 3


def test_wakes_of_more_than_an_hour_ago_are_forgotten() -> None:
    assert woken((NOW_MS - HOUR_MS, NOW_MS - HOUR_MS + 1), NOW_MS) == (NOW_MS - HOUR_MS + 1, NOW_MS)
