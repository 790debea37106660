"""Admission: who is let in, and who is told to come again, and when, before anything is spent on their request.

So many are under way at once and no more, and of one tenant a share of them: a server that is asked too much answers
each one soon, and one tenant's flood leaves room for the others. After a restart every device comes at once; those
that find no room are given slots (`slots.py`) and come back spread out. While there is room this costs less than 1 µs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from homeport_server.edge.context import Rooms
from homeport_server.edge.slots import Slots
from homeport_sync.errors import Overloaded

_EVERYBODY = ""  # no tenant has an empty id
_BUSY_SHARE = 0.5


class Admission:
    """Counts what is under way in this process, by tenant. `now_s` is a clock that never goes back."""

    def __init__(
        self,
        *,
        in_hand_max: int,
        tenant_in_hand_max: int,
        retry_after_max_s: float,
        now_s: Callable[[], float],
        told: Callable[[str], None],
    ) -> None:
        """`told` hears the code of each refusal."""
        self._in_hand_max = in_hand_max
        self._tenant_in_hand_max = min(tenant_in_hand_max, in_hand_max)
        self._retry_after_max_s = retry_after_max_s
        self._now_s = now_s
        self._told = told
        self._in_hand = 0
        self._tenants: dict[str, int] = {}
        self._slots: dict[str, Slots] = {}  # of those who told somebody to wait, a short time ago

    def check(self, tenant: str) -> None:
        """Raises `Overloaded`, with the caller's slot, if there is no room now."""
        if self._in_hand >= self._in_hand_max:
            raise self._full(_EVERYBODY)
        if self._tenants.get(tenant, 0) >= self._tenant_in_hand_max:
            raise self._full(tenant)

    def enter(self, tenant: str) -> None:
        """One more is under way. Raises as `check` does; if it does not, `leave` must follow."""
        count = self._tenants.get(tenant, 0)
        if self._in_hand >= self._in_hand_max or count >= self._tenant_in_hand_max:
            self.check(tenant)
        self._tenants[tenant] = count + 1
        self._in_hand += 1

    def leave(self, tenant: str) -> None:
        """One less is under way."""
        self._in_hand -= 1
        count = self._tenants[tenant] - 1
        if count:
            self._tenants[tenant] = count
        else:
            del self._tenants[tenant]
        if self._slots:
            now = self._now_s()
            self._finished(_EVERYBODY, self._in_hand, self._in_hand_max, now)
            self._finished(tenant, count, self._tenant_in_hand_max, now)

    def _finished(self, whose: str, in_hand: int, in_hand_max: int, now: float) -> None:
        slots = self._slots.get(whose)
        if slots is None:
            return
        busy = in_hand >= in_hand_max * _BUSY_SHARE
        slots.finished(now, busy=busy)
        if not busy and slots.over(now):
            del self._slots[whose]

    def _full(self, whose: str) -> Overloaded:
        now = self._now_s()
        slots = self._slots.get(whose)
        if slots is None:
            self._forget(now)
            slots = self._slots[whose] = Slots(self._retry_after_max_s, now)
        self._told(Overloaded.code)
        return Overloaded(retryAfterMs=slots.next_ms(now))

    def _forget(self, now: float) -> None:
        """Let go of tenants whose slots have passed while nothing of theirs was under way."""
        for whose in [each for each, slots in self._slots.items() if each not in self._tenants and slots.over(now)]:
            del self._slots[whose]


def requests_admission(rooms: Rooms) -> Admission:
    """For requests over HTTP and operations of sockets together, as the settings say."""
    return _admission(rooms, rooms.settings.requests_in_hand_max, rooms.settings.tenant_requests_in_hand_max)


def bodies_admission(rooms: Rooms) -> Admission:
    """For bodies that arrive in pieces, as the settings say."""
    return _half_a_tenants(rooms, rooms.settings.bodies_arriving_max)


def handshakes_admission(rooms: Rooms) -> Admission:
    """For sockets that are opening, as the settings say."""
    return _half_a_tenants(rooms, rooms.settings.handshakes_in_hand_max)


def _half_a_tenants(rooms: Rooms, in_hand_max: int) -> Admission:
    return _admission(rooms, in_hand_max, max(in_hand_max // 2, 1))


def _admission(rooms: Rooms, in_hand_max: int, tenant_in_hand_max: int) -> Admission:
    return Admission(
        in_hand_max=in_hand_max,
        tenant_in_hand_max=tenant_in_hand_max,
        retry_after_max_s=rooms.settings.retry_after_max_s,
        now_s=monotonic,
        told=rooms.metrics.told_to_wait,
    )


class Handshake:
    """A socket between saying who it is and its first operation; whoever dawdles counts `within_s` seconds at most."""

    def __init__(self, admission: Admission, tenant: str, within_s: float) -> None:
        """Raises `Overloaded` when too many are under way."""
        admission.enter(tenant)
        self._admission = admission
        self._tenant = tenant
        self._timer = asyncio.get_running_loop().call_later(within_s, self.over)
        self._under_way = True

    def over(self) -> None:
        """It is through, or gone; harmless a second time."""
        if self._under_way:
            self._under_way = False
            self._timer.cancel()
            self._admission.leave(self._tenant)
