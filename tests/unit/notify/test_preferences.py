"""Quiet hours and local times are of the wall clock, whatever a daylight-saving change makes of the day."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_notify.errors import BadPreferences
from homeport_notify.preferences import (
    DAY_MIN,
    Preferences,
    QuietHours,
    check_preferences,
    local_ms,
    quiet_until_ms,
    zone,
)

ROME = ZoneInfo("Europe/Rome")
NIGHT = QuietHours(22 * 60, 7 * 60)


def at(text: str, own: ZoneInfo | None = None, *, fold: int = 0) -> int:
    wall = datetime.fromisoformat(text).replace(tzinfo=own or UTC, fold=fold)
    return int(wall.timestamp() * 1_000)


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-11-28T21:59", None),
        ("2026-11-28T22:00", "2026-11-29T07:00"),
        ("2026-11-29T00:00", "2026-11-29T07:00"),
        ("2026-11-29T06:59", "2026-11-29T07:00"),
        ("2026-11-29T07:00", None),
    ],
)
def test_quiet_hours_over_midnight_end_in_the_morning(now: str, ends: str | None) -> None:
    assert quiet_until_ms(NIGHT, ROME, at(now, ROME)) == (ends and at(ends, ROME))


def test_quiet_hours_within_a_day_end_on_that_day() -> None:
    siesta = QuietHours(13 * 60, 15 * 60)
    assert quiet_until_ms(siesta, ROME, at("2026-11-28T14:00", ROME)) == at("2026-11-28T15:00", ROME)
    assert quiet_until_ms(siesta, ROME, at("2026-11-28T15:00", ROME)) is None


def test_the_night_in_which_clocks_go_forward_is_an_hour_shorter() -> None:
    begins, ends = at("2026-03-28T22:00", ROME), at("2026-03-29T07:00", ROME)
    assert quiet_until_ms(NIGHT, ROME, begins) == ends
    assert ends - begins == 8 * 3_600_000


def test_the_night_in_which_clocks_go_back_is_an_hour_longer() -> None:
    begins, ends = at("2026-10-24T22:00", ROME), at("2026-10-25T07:00", ROME)
    assert quiet_until_ms(NIGHT, ROME, begins) == ends
    assert ends - begins == 10 * 3_600_000


def test_an_end_that_the_clock_jumps_over_comes_after_the_jump() -> None:
    ends = quiet_until_ms(QuietHours(22 * 60, 2 * 60 + 30), ROME, at("2026-03-29T01:30", ROME))
    assert ends is not None
    assert at("2026-03-29T03:00", ROME) <= ends <= at("2026-03-29T03:30", ROME)


def test_an_end_that_the_clock_passes_twice_comes_the_first_time() -> None:
    night = QuietHours(22 * 60, 2 * 60 + 30)
    assert quiet_until_ms(night, ROME, at("2026-10-25T01:30", ROME)) == at("2026-10-25T02:30", ROME, fold=0)
    assert quiet_until_ms(night, ROME, at("2026-10-25T02:10", ROME, fold=1)) is None


@given(
    st.integers(min_value=0, max_value=DAY_MIN - 1),
    st.integers(min_value=0, max_value=DAY_MIN - 1),
    st.integers(min_value=at("2026-01-01T00:00"), max_value=at("2027-01-01T00:00")),
    st.sampled_from(
        ["UTC", "Europe/Rome", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]
    ),
)
def test_quiet_hours_end_later_than_now_and_within_a_day_and_an_hour(
    from_min: int, until_min: int, now_ms: int, name: str
) -> None:
    ends = quiet_until_ms(QuietHours(from_min, until_min), zone(name), now_ms)
    assert ends is None or now_ms < ends <= now_ms + 25 * 3_600_000


def test_a_local_time_comes_in_each_zone_at_its_own_moment() -> None:
    nine = datetime(2026, 11, 30, 9, 0)  # noqa: DTZ001  # a wall clock, of no zone
    assert local_ms(nine, ROME) == at("2026-11-30T08:00")
    assert local_ms(nine, ZoneInfo("Asia/Tokyo")) == at("2026-11-30T00:00")


def test_what_is_muted_is_a_topic_or_everything() -> None:
    assert Preferences(muted=frozenset({"news"})).mutes("news")
    assert not Preferences(muted=frozenset({"news"})).mutes("")
    assert not Preferences(muted=frozenset({"news"})).mutes("offers")
    assert Preferences(muted=frozenset({"*"})).mutes("")


@pytest.mark.parametrize(
    "wrong",
    [
        Preferences(timezone="Europe/Atlantis"),
        Preferences(timezone="../../etc/passwd"),
        Preferences(quiet=QuietHours(0, DAY_MIN)),
        Preferences(quiet=QuietHours(60, 60)),
        Preferences(muted=frozenset({" "})),
        Preferences(muted=frozenset(map(str, range(201)))),
    ],
)
def test_preferences_that_are_none_are_refused(wrong: Preferences) -> None:
    with pytest.raises(BadPreferences):
        check_preferences(wrong)
