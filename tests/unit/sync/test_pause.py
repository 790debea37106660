"""Pauses grow to a bound, and no two who wait come back together."""

from __future__ import annotations

from random import Random

from homeport_sync.pause import Pause


def test_pauses_double_up_to_the_longest_and_begin_again() -> None:
    pause = Pause(1.0, 8.0, Random(1))
    bounds = [1, 2, 4, 8, 8, 8]
    pauses = [pause.next_s() for _ in bounds]
    assert all(bound / 2 <= each <= bound for each, bound in zip(pauses, bounds, strict=True))
    pause.begin_again()
    assert pause.next_s() <= 1.0


def test_two_who_failed_at_one_moment_do_not_come_back_at_one_moment() -> None:
    assert Pause(1.0, 8.0, Random(1)).next_s() != Pause(1.0, 8.0, Random(2)).next_s()
