"""Samples for live charts: rates and times of the last seconds, a bounded ring of a bounded number of tenants."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from itertools import pairwise

import pytest
from msgspec.structs import replace

from homeport_server.observe.lags import ACCEPTED_MAX, Lags
from homeport_server.observe.samples import LOOKED_AT_MS, SAMPLES_MAX, TENANTS_MAX, TIMES_MAX, Sample, Samples
from homeport_sync.ports import LogEntry
from homeport_sync.wire import PullMessage
from tests.contract.samples import NOW, entry

DEVICE = "00000000-0000-4000-8000-00000000000a"
APPLIED = {"applied": 1}


def changed(position: int, at_ms: int = NOW) -> LogEntry:
    return replace(entry(position), accepted_at_ms=at_ms)


@dataclass(slots=True)
class House:
    """Samples whose clock is moved by hand; a sealed cursor is the position as text, and one device listens."""

    now_ms: int = NOW
    since_ms: Mapping[tuple[str, str], int] = field(default_factory=lambda: {("t", DEVICE): NOW})
    samples: Samples = field(init=False)

    def __post_init__(self) -> None:
        self.samples = Samples(
            lambda: self.now_ms,
            place_of=lambda tenant, user, cursor: int(cursor) if user == "ana" else None,
            since_ms=lambda *device: self.since_ms.get(device),
        )

    def take(self, after_ms: int = 2_000) -> None:
        self.now_ms += after_ms
        self.samples.take()

    def last(self, tenant: str = "t") -> Sample:
        return self.samples.look(tenant)[-1]

    def pull(self, after: int | None, upto: int, device: str = DEVICE, user: str = "ana") -> None:
        cursor = None if after is None else str(after)
        self.samples.pulled("t", user, PullMessage(device=device, cursor=cursor), str(upto).encode())


def test_a_sample_tells_rates_times_and_sockets() -> None:
    house = House()
    for ms in range(1, 101):
        house.samples.pushed("t", {"applied": 2, "rejected": 1, "again": 5, "error": 4}, ms / 1_000)
    house.pull(None, 1)
    house.samples.socket_opened("t")
    house.samples.socket_opened("t")
    house.samples.socket_closed("t")
    house.take(after_ms=4_000)
    assert astuple(house.last()) == (NOW + 4_000, 75.0, 25.0, 0.2, 1, 50.0, 95.0, None, None)
    house.take()
    assert astuple(house.last()) == (NOW + 6_000, 0.0, 0.0, 0.0, 1, None, None, None, None)


def test_a_clock_that_is_set_back_costs_one_wrong_rate_and_no_more() -> None:
    house = House()
    house.samples.pushed("t", APPLIED, 0.001)
    house.take(after_ms=-60_000)
    assert house.last().pushes_s == 0.5


def test_the_ring_holds_the_newest_samples_and_only_later_ones_need_be_asked_for() -> None:
    house = House()
    house.samples.pushed("t", APPLIED, 0.001)
    house.samples.socket_opened("t")
    for _ in range(SAMPLES_MAX + 5):
        house.take()
    seen = house.samples.look("t")
    assert len(seen) == SAMPLES_MAX
    assert all(before.at_ms < after.at_ms for before, after in pairwise(seen))
    assert house.samples.look("t", after_ms=seen[-3].at_ms) == seen[-2:]


def test_of_many_times_between_two_samples_the_newest_count() -> None:
    house = House()
    for ms in (9_000, *[1] * TIMES_MAX):
        house.samples.pushed("t", APPLIED, ms / 1_000)
    house.take()
    assert (house.last().push_p95_ms, house.last().pushes_s) == (1.0, (TIMES_MAX + 1) / 2)


def test_a_change_that_a_listening_device_pulls_is_timed_from_its_acceptance() -> None:
    house = House()
    house.samples.look("t")
    house.samples.announced("t", [changed(1, NOW), changed(2, NOW + 10), changed(3, NOW + 20)])
    house.now_ms += 30
    house.pull(0, 2)
    house.take()
    assert (house.last().lag_p50_ms, house.last().lag_p95_ms) == (20.0, 30.0)
    house.pull(2, 3)
    house.take(after_ms=0)
    assert house.last().lag_p50_ms == 2_010.0


@pytest.mark.parametrize(
    ("after", "device", "user"),
    [(None, DEVICE, "ana"), (0, "another", "ana"), (0, DEVICE, "ben"), (1, DEVICE, "ana")],
    ids=["from the start", "does not listen", "of an unknown place", "has it already"],
)
def test_what_no_listening_device_waited_for_is_not_timed(after: int | None, device: str, user: str) -> None:
    house = House()
    house.samples.look("t")
    house.samples.announced("t", [changed(1)])
    house.pull(after, 1, device=device, user=user)
    house.take()
    assert house.last().lag_p50_ms is None


def test_what_was_accepted_before_the_device_listened_is_not_timed() -> None:
    house = House()
    house.samples.look("t")
    house.samples.announced("t", [changed(1, NOW - 1), changed(2, NOW)])
    house.now_ms += 7
    house.pull(0, 2)
    house.take()
    assert (house.last().lag_p50_ms, house.last().lag_p95_ms) == (7.0, 7.0)


def test_lag_is_measured_only_while_somebody_looks_and_for_a_minute_after() -> None:
    house = House()
    house.samples.pushed("t", APPLIED, 0.001)
    house.samples.announced("t", [changed(1)])
    house.pull(0, 1)
    house.take()
    assert house.last().lag_p50_ms is None  # nobody had looked; this did
    house.take(after_ms=LOOKED_AT_MS)
    house.samples.announced("t", [changed(2, house.now_ms)])
    house.take()
    house.pull(1, 2)
    house.take()
    assert [each.lag_p50_ms for each in house.samples.look("t")] == [None] * 4
    house.samples.announced("t", [changed(3, house.now_ms)])
    house.pull(2, 3)
    house.take()
    assert house.last().lag_p50_ms == 0.0


def test_what_was_accepted_while_somebody_looked_before_is_forgotten_when_nobody_does() -> None:
    house = House()
    house.samples.look("t")
    house.samples.announced("t", [changed(1)])
    house.take(after_ms=LOOKED_AT_MS + 1)
    house.samples.look("t")
    house.pull(0, 1)
    house.take()
    assert house.last().lag_p50_ms is None


def test_only_the_newest_changes_are_kept_in_mind() -> None:
    lags = Lags()
    lags.announced(changed(position, position) for position in range(1, ACCEPTED_MAX + 3))
    given = lags.given(0, ACCEPTED_MAX + 2, since_ms=0, now_ms=ACCEPTED_MAX + 2)
    assert (len(given), max(given)) == (ACCEPTED_MAX, ACCEPTED_MAX - 1)


def test_so_many_tenants_are_sampled_and_one_that_is_looked_at_always_is() -> None:
    house = House()
    for each in range(TENANTS_MAX + 3):
        house.samples.pushed(f"t{each}", APPLIED, 0.001)
    house.take()
    assert len(house.samples.look("t5")) == 1
    assert house.samples.look(f"t{TENANTS_MAX}") == []  # there was no room for it, and now there is
    house.samples.pushed(f"t{TENANTS_MAX}", APPLIED, 0.001)
    house.take()
    assert [each.pushes_s for each in house.samples.look(f"t{TENANTS_MAX}")] == [0.5]
    assert len(house.samples.look("t5")) == 2


def test_a_tenant_of_which_nothing_is_heard_for_ten_minutes_makes_room() -> None:
    house = House()
    house.samples.pushed("t", APPLIED, 0.001)
    house.samples.pulled("u", "ana", PullMessage(device=DEVICE), b"1")
    house.samples.socket_opened("u")
    for _ in range(SAMPLES_MAX + 1):
        house.samples.look("looked at")
        house.take()
    assert house.samples.look("t") == []
    assert len(house.samples.look("looked at")) == SAMPLES_MAX
    assert len(house.samples.look("u")) == SAMPLES_MAX
