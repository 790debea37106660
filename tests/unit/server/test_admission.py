"""Admission counts: so many at once, a share for each tenant, and a slot for everyone else."""

from __future__ import annotations

import asyncio

import pytest

from homeport_server.edge.admission import Admission, Handshake
from homeport_server.edge.errors import close_reason
from homeport_server.edge.slots import FIRST_EACH_S, Slots
from homeport_sync.errors import Overloaded


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Desk(Admission):
    """An admission with a clock in the test's hand. `told` are the codes of its refusals."""

    def __init__(self, *, room: int = 4, share: int = 3, longest_s: float = 60.0) -> None:
        self.clock = Clock()
        self.told: list[str] = []
        super().__init__(
            in_hand_max=room,
            tenant_in_hand_max=share,
            retry_after_max_s=longest_s,
            now_s=self.clock,
            told=self.told.append,
        )

    def wait_ms(self, tenant: str) -> int:
        """What a tenant's next request is told; 0: it is let in."""
        try:
            self.enter(tenant)
        except Overloaded as told:
            after_ms = told.values["retryAfterMs"]
            assert isinstance(after_ms, int)
            assert after_ms > 0
            return after_ms
        return 0


def test_so_many_are_let_in_and_no_more_until_one_leaves() -> None:
    desk = Desk(room=2, share=2)
    assert [desk.wait_ms("a") > 0 for _ in range(3)] == [False, False, True]
    assert desk.wait_ms("b") > 0
    desk.leave("a")
    assert desk.wait_ms("b") == 0
    assert desk.told == ["OVERLOADED"] * 2


def test_a_tenant_has_a_share_and_leaves_room_for_the_others() -> None:
    desk = Desk(room=4, share=3)
    assert [desk.wait_ms("flood") > 0 for _ in range(9)] == [False] * 3 + [True] * 6
    assert desk.wait_ms("quiet") == 0
    assert desk.wait_ms("quiet") > 0
    desk.leave("flood")
    assert desk.wait_ms("quiet") == 0


def test_a_check_refuses_as_entering_does_and_counts_nothing() -> None:
    desk = Desk(room=1, share=1)
    for _ in range(5):
        desk.check("a")
    desk.enter("a")
    with pytest.raises(Overloaded):
        desk.check("b")
    desk.leave("a")
    desk.check("b")
    assert desk._tenants == {}
    assert desk._in_hand == 0


def test_slots_follow_each_other_at_the_pace_at_which_work_is_finished() -> None:
    desk = Desk(room=100, share=100)
    for _ in range(100):
        desk.enter("a")
    assert desk.wait_ms("a") == max(int(FIRST_EACH_S * 1_000), 1)
    for _ in range(2_000):  # 10 ms each
        desk.clock.now += 0.010
        desk.leave("a")
        desk.enter("a")
    waits = [desk.wait_ms("b") for _ in range(500)]
    assert waits == sorted(waits)
    assert waits[-1] - waits[0] == pytest.approx(499 * 10, rel=0.02)
    assert waits[0] <= 11


def test_a_burst_that_finishes_at_once_is_not_taken_for_a_pace() -> None:
    slots = Slots(60.0, 0.0)
    for second in range(1, 21):
        for _ in range(50):
            slots.finished(second * 0.1, busy=True)
    first = slots.next_ms(2.0)
    last = [slots.next_ms(2.0) for _ in range(1_000)][-1]
    assert last - first == pytest.approx(1_000 * 2, rel=0.1)  # 50 in 100 ms


def test_a_slower_pace_is_believed_slowly_and_a_faster_one_soon() -> None:
    slots, now = Slots(60.0, 0.0), 0.0

    def work(pieces: int, each_s: float) -> int:
        """The spacing of slots after so much work, in milliseconds a hundred."""
        nonlocal now
        for _ in range(pieces):
            now += each_s
            slots.finished(now, busy=True)
        waits = [slots.next_ms(now) for _ in range(101)]
        return waits[-1] - waits[0]

    assert work(20, 0.1) < 1_200  # the first window of a storm: nothing but connections
    assert work(2_000, 0.01) == pytest.approx(1_000, rel=0.05)
    assert work(80, 0.004) < 550


def test_idle_time_is_not_taken_for_a_slow_pace() -> None:
    slots = Slots(60.0, 0.0)
    for _ in range(100):
        slots.finished(0.1, busy=True)
    for second in range(1, 50):
        slots.finished(float(second), busy=False)
    assert slots.next_ms(50.0) <= 5


def test_nobody_is_told_to_wait_longer_than_the_limit_and_all_of_it_is_used_evenly() -> None:
    desk = Desk(room=10, share=10, longest_s=2.0)
    for _ in range(10):
        desk.enter("a")
    desk.wait_ms("b")
    for _ in range(100):  # 20 ms each
        desk.clock.now += 0.020
        desk.leave("a")
        desk.enter("a")
    waits = [desk.wait_ms("b") for _ in range(1_000)]
    assert max(waits) <= 2_000
    quarters = [sum(1 for wait in waits if low < wait <= low + 500) for low in (0, 500, 1_000, 1_500)]
    assert min(quarters) > 200


def test_a_slot_that_nobody_has_come_for_is_not_given_out_twice() -> None:
    desk = Desk(room=1, share=1)
    desk.enter("a")
    assert [desk.wait_ms("b") for _ in range(3)] == [1, 2, 3]
    desk.clock.now += 10
    assert desk.wait_ms("b") == 1


def test_a_tenants_slots_are_its_own() -> None:
    desk = Desk(room=100, share=1)
    desk.enter("flood")
    for _ in range(50):
        desk.wait_ms("flood")
    desk.enter("other")
    assert desk.wait_ms("other") == 1
    assert desk.wait_ms("flood") > 50


def test_nothing_is_kept_of_those_who_have_gone() -> None:
    desk = Desk(room=100, share=1)
    for index in range(50):
        desk.enter(f"tenant {index}")
        desk.wait_ms(f"tenant {index}")
    desk.clock.now += 1
    for index in range(50):
        desk.leave(f"tenant {index}")
    desk.enter("last")
    desk.wait_ms("last")
    assert (len(desk._tenants), len(desk._slots)) == (1, 1)


def test_a_close_frame_has_room_for_when_to_come_again() -> None:
    told = close_reason(Overloaded("ü" * 200, retryAfterMs=123_456))
    assert told.startswith("OVERLOADED: üü")
    assert told.endswith(" retryAfterMs=123456")
    assert len(told.encode()) <= 123


async def test_a_handshake_counts_until_it_is_over_once() -> None:
    desk = Desk(room=2, share=2)
    one, _ = Handshake(desk, "a", 60), Handshake(desk, "a", 60)
    with pytest.raises(Overloaded):
        Handshake(desk, "a", 60)
    one.over()
    one.over()
    assert desk._in_hand == 1
    Handshake(desk, "b", 60).over()


async def test_a_handshake_that_dawdles_gives_its_place_back() -> None:
    desk = Desk(room=1, share=1)
    Handshake(desk, "a", 0)
    async with asyncio.timeout(5):
        while desk._in_hand:  # noqa: ASYNC110  # it is a timer that gives it back
            await asyncio.sleep(0)
    Handshake(desk, "b", 60).over()
