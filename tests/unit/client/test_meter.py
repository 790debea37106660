"""The meter: lags count from when a phone could have known, and each change once."""

from __future__ import annotations

from homeport_client.fleet.measure.meter import QUIET_MS, Meter, Tally
from homeport_sync.change import Outcome, Record
from homeport_sync.clock import make_stamp
from homeport_sync.wire import Page, PushAnswer

ME, OTHER = "0190a1b2-0000-7000-8000-00000000000a", "0190a1b2-0000-7000-8000-00000000000b"


class Clock:
    def __init__(self) -> None:
        self.ms = 100_000
        self.tally = Tally()
        self.accepted = {1: (100_000, OTHER), 2: (100_500, ME), 3: (101_000, OTHER)}
        self.meter = Meter(self.tally, lambda: self.ms, self.accepted.get)


def page(*positions: int, more: bool = False) -> Page:
    stamp = make_stamp(1, 0, ME)
    records = [Record(id=str(each), kind="Task", scope="s", stamp=stamp, position=each) for each in positions]
    return Page(cursor="c", more=more, server_time_ms=0, records=records)


def answer(*numbers: int) -> PushAnswer:
    return PushAnswer(server_time_ms=0, outcomes=[Outcome(number=each, outcome="applied") for each in numbers])


def test_what_others_wrote_is_late_by_the_time_since_it_was_accepted_and_ones_own_never() -> None:
    clock = Clock()
    clock.ms = 101_200
    clock.meter.pulled(ME, page(1, 2, 3))
    assert (clock.tally.sync_lag.count, clock.tally.sync_lag.trend().max) == (2, 1_200)


def test_nobody_is_late_before_he_came_out_of_the_tunnel() -> None:
    clock = Clock()
    clock.ms = 200_000
    clock.meter.reached()
    clock.ms = 200_300
    clock.meter.pulled(ME, page(1))
    assert clock.tally.sync_lag.trend().max == 300


def test_what_a_new_grant_brings_of_before_is_no_news() -> None:
    clock = Clock()
    clock.meter.pulled(ME, page(3))
    clock.meter.pulled(ME, page(1))
    assert clock.tally.sync_lag.count == 1


def test_a_change_is_answered_once_however_often_its_outcome_comes() -> None:
    clock = Clock()
    for _ in range(3):
        clock.meter.wrote()
    clock.ms += 70
    clock.meter.answered(ME, answer(1, 2))
    clock.meter.answered(ME, answer(1, 2))
    assert (clock.meter.waiting, clock.tally.push_lag.count) == (1, 2)
    clock.meter.answered(OTHER, answer(1))  # it goes on under a new id
    assert (clock.meter.waiting, clock.tally.push_lag.count) == (0, 3)


def test_the_radio_comes_on_again_only_after_it_was_quiet() -> None:
    clock = Clock()
    for after_ms in (0, QUIET_MS - 1, QUIET_MS, 10, QUIET_MS):
        clock.ms += after_ms
        clock.meter.sent(10)
    assert (clock.meter.radio_wakes, clock.meter.requests, clock.meter.bytes_up) == (3, 5, 50)


def test_where_nobody_knows_yet_when_a_change_was_accepted_the_lag_is_settled_later() -> None:
    clock = Clock()
    meter = Meter(clock.tally, lambda: clock.ms, None)
    clock.ms = 101_500
    meter.pulled(ME, page(3))
    assert clock.tally.sync_lag.count == 0
    clock.tally.settle(clock.accepted.get)
    assert (clock.tally.sync_lag.count, clock.tally.sync_lag.trend().max) == (1, 500)
