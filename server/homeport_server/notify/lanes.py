"""A lane: what one worker does for a tenant's notifications of one urgency, again and again.

Each lane has a worker of its own, so that a campaign of millions takes nothing from what one person waits for. In a
lane the tenants take turns: a turn is over after `TURN_S`, be there more to do or not. What is sent goes on beside the
turns (`under_way.py`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from homeport_notify import limits
from homeport_notify.notification import Lane
from homeport_server.notify.timers import Timers
from homeport_sync.follow import Turn

TURN_S: Final = 0.5
HELD_MS: Final = 1_000  # what is due and cannot be had is asked for again after that

# One step of work for a tenant; whether there was any.
Step: TypeAlias = Callable[[str], Awaitable[bool]]
# When there is something to do for a tenant; None if nothing is open.
NextDue: TypeAlias = Callable[[str], Awaitable[int | None]]


@dataclass(slots=True, kw_only=True, eq=False)
class LaneDuty:
    """The `Duty` of a lane. `next_due_ms` says when there is something to do (None: nothing is open), and a round makes
    one of each of the `steps`; `end` waits for what they began. `wall_ms` is the clock, `now_s` one that never goes
    back."""

    lane: Lane
    steps: Sequence[Step]
    next_due_ms: NextDue
    timers: Timers
    wall_ms: Callable[[], int]
    now_s: Callable[[], float]
    end: Callable[[], Awaitable[None]]
    ttl_ms: int = limits.CHUNK_LEASE_MS
    name: str = ""
    _left: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Logs and metrics call it so."""
        self.name = f"lane:{self.lane}"

    async def catch_up(self, tenant: str) -> Turn:
        """One turn."""
        due_ms, until_s = await self.next_due_ms(tenant), self.now_s() + TURN_S
        while due_ms is not None and due_ms <= self.wall_ms():
            self._left.add(tenant)
            worked = [await step(tenant) for step in self.steps]
            if any(worked) and self.now_s() >= until_s:
                return Turn.MORE
            due_ms = await self.next_due_ms(tenant)
            if not any(worked) and due_ms is not None:  # another worker has it, or what begins it has no room
                due_ms = max(due_ms, self.wall_ms() + HELD_MS)
        self.timers.set(tenant, due_ms)
        self._left.discard(tenant)
        return Turn.DONE

    def leases(self) -> int:
        """Of how many tenants it has left something open. Chunks are given back by whoever works on them."""
        return len(self._left)

    async def give_back(self) -> int:
        """Nothing more is begun; of how many tenants something is left for others."""
        self.timers.end()
        await self.end()
        left, self._left = len(self._left), set()
        return left
