"""The pace of a fleet: both rates follow what happens now."""

from __future__ import annotations

from homeport_client.fleet.report.pace import WINDOW_S, Moment, Pace


def told(*moments: tuple[float, float, int]) -> Pace:
    pace = Pace()
    for wall_s, at_s, logged in moments:
        pace.tell(Moment(wall_s=wall_s, at_s=at_s, logged=logged))
    return pace


def test_speed_is_the_fleets_time_in_one_second_of_ours() -> None:
    assert told((0, 0, 0), (0.5, 100, 40)).speed == 200


def test_changes_are_those_of_a_second_of_the_fleets_time() -> None:
    assert told((0, 0, 10), (0.5, 100, 60)).changes_per_s == 0.5


def test_nothing_is_known_of_one_moment_or_of_none() -> None:
    assert (told().speed, told((1, 1, 1)).speed, told((1, 1, 1)).changes_per_s) == (0, 0, 0)


def test_a_clock_that_stands_makes_no_rate() -> None:
    assert told((1, 1, 1), (1, 2, 2)).speed == 0
    assert told((1, 1, 1), (2, 1, 2)).changes_per_s == 0


def test_what_is_older_than_the_window_is_forgotten() -> None:
    pace = told((0, 0, 0), (1, 1_000, 500), (1 + WINDOW_S, 1_000 + WINDOW_S, 500))
    assert (pace.speed, pace.changes_per_s) == (1, 0)


def test_moments_far_apart_are_still_measured_from_each_other() -> None:
    assert told((0, 0, 0), (100, 500, 0)).speed == 5
