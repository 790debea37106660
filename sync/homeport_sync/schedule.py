"""A schedule: what an app does again and again for each tenant, at fixed times, whoever writes or does not.

Its times are the whole multiples of its interval since 1970, in UTC: every hour is on the hour, every day at midnight.
Nothing has to be kept for that but the last time that was worked through. Of the times that went by while nobody
worked, the latest is made up for, once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

EVERY_MIN: Final = timedelta(minutes=1)
EVERY_MAX: Final = timedelta(days=366)
_MS: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One time of a schedule, for one tenant. `due` is when it was to be, in UTC. It may come more than once, and
    always with the same `key`."""

    tenant: str
    due: datetime
    key: str


OnMoment: TypeAlias = Callable[[Moment], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """As declared: `function` is called `every` so often for each tenant."""

    name: str
    every: timedelta
    function: OnMoment

    @property
    def place_name(self) -> str:
        """What its place is kept under: the last time that was worked through, in milliseconds since 1970."""
        return f"schedule:{self.name}"

    def due_ms(self, now_ms: int) -> int:
        """The last of its times that has come."""
        return now_ms - now_ms % (self.every // _MS)
