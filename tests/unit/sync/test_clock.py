"""Stamps order as times do, a device's clock never runs back, and ids are UUIDv7 in the order they were made."""

from __future__ import annotations

import uuid
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_sync.clock import (
    NEVER,
    HybridClock,
    is_uuid,
    make_stamp,
    next_stamp,
    stamp_ms,
    uuid7,
    uuid_ms,
)
from tests.unit.sync.tasks import DAY, NOW, device_id

MS = st.integers(min_value=0, max_value=2**48 - 2)
COUNTERS = st.integers(min_value=0, max_value=0xFFFF)
DEVICES = st.integers(min_value=0, max_value=2**32 - 1).map(device_id)
HERE, THERE = device_id(1), device_id(2)


@given(left=st.tuples(MS, COUNTERS), right=st.tuples(MS, COUNTERS), device=DEVICES)
def test_stamps_compare_as_text_as_their_times_compare(
    left: tuple[int, int], right: tuple[int, int], device: str
) -> None:
    assert (make_stamp(*left, device) < make_stamp(*right, device)) == (left < right)


@given(ms=MS, counter=COUNTERS, device=DEVICES)
def test_a_stamp_is_24_digits_that_tell_its_milliseconds(ms: int, counter: int, device: str) -> None:
    stamp = make_stamp(ms, counter, device)
    assert len(stamp) == 24
    assert stamp_ms(stamp) == ms
    assert stamp.endswith(device[-8:])


@given(ms=MS, counter=COUNTERS, now_ms=MS, device=DEVICES)
def test_the_next_stamp_is_after_the_last_and_not_before_now(ms: int, counter: int, now_ms: int, device: str) -> None:
    last = make_stamp(ms, counter, THERE)
    following = next_stamp(last, now_ms, device)
    assert following > last
    assert stamp_ms(following) >= now_ms
    assert stamp_ms(following) <= max(now_ms, ms + 1)


def test_a_first_stamp_is_of_now() -> None:
    assert next_stamp(NEVER, NOW, HERE) == make_stamp(NOW, 0, HERE)


def test_a_full_counter_moves_on_to_the_next_millisecond() -> None:
    assert next_stamp(make_stamp(NOW, 0xFFFE, HERE), NOW, HERE) == make_stamp(NOW, 0xFFFF, HERE)
    assert next_stamp(make_stamp(NOW, 0xFFFF, HERE), NOW, HERE) == make_stamp(NOW + 1, 0, HERE)


@given(walls=st.lists(st.integers(min_value=-DAY, max_value=3 * DAY), min_size=2, max_size=20))
def test_a_clock_that_jumps_still_gives_stamps_in_order(walls: list[int]) -> None:
    readings = iter(walls)
    clock = HybridClock(lambda: next(readings))
    stamps = [clock.stamp(HERE) for _ in walls]
    assert stamps == sorted(set(stamps))


def test_what_is_written_after_a_foreign_change_was_seen_is_stamped_after_it() -> None:
    clock = HybridClock(lambda: NOW)
    foreign = make_stamp(NOW + DAY, 7, THERE)
    clock.see(foreign)
    assert clock.stamp(HERE) > foreign


def test_seeing_an_old_stamp_does_not_turn_the_clock_back() -> None:
    clock = HybridClock(lambda: NOW)
    first = clock.stamp(HERE)
    clock.see(make_stamp(NOW - DAY, 0, THERE))
    assert clock.stamp(HERE) > first


def test_a_clock_restarted_with_its_last_stamp_goes_on_after_it() -> None:
    last = make_stamp(NOW, 0, HERE)
    assert HybridClock(lambda: NOW - DAY, last=last).stamp(HERE) > last


def test_an_answer_teaches_the_offset_of_a_wrong_clock() -> None:
    clock = HybridClock(lambda: NOW - DAY)
    clock.learn(NOW, sent_ms=NOW - DAY - 30, received_ms=NOW - DAY + 30)
    assert clock.offset_ms == DAY
    assert clock.now_ms() == NOW
    assert stamp_ms(clock.stamp(HERE)) == NOW


@given(now_ms=MS, seed=st.integers())
def test_an_id_is_a_uuid_of_version_7_that_tells_its_milliseconds(now_ms: int, seed: int) -> None:
    text = uuid7(now_ms, Random(seed))
    made = uuid.UUID(text)
    assert is_uuid(text)
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == now_ms


@given(earlier=MS, later=MS, seed=st.integers())
def test_ids_of_different_milliseconds_order_as_they_were_made(earlier: int, later: int, seed: int) -> None:
    random = Random(seed)
    ids = [uuid7(ms, random) for ms in sorted({earlier, later})]
    assert ids == sorted(ids)


def test_a_seed_replays_its_ids_and_gives_none_twice() -> None:
    def ids() -> list[str]:
        random = Random(7)
        return [uuid7(NOW, random) for _ in range(1_000)]

    assert ids() == ids()
    assert len(set(ids())) == 1_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        HERE.upper().replace("0", "A"),
        HERE.replace("-", ""),
        "{" + HERE + "}",
        HERE + "\n",
        HERE + "0",
        " " + HERE[1:],
        "g" + HERE[1:],
    ],
)
def test_only_the_canonical_form_is_a_uuid(text: str) -> None:
    assert not is_uuid(text)


@given(st.integers(0, 2**48 - 1), st.integers())
def test_an_id_tells_when_it_was_made(now_ms: int, seed: int) -> None:
    assert uuid_ms(uuid7(now_ms, Random(seed))) == now_ms
