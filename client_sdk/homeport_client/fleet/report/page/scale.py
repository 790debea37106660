"""Scales: where a value stands in a panel, and at which values a grid line helps.

Linear ones begin at zero and end at a round number. Lags reach from milliseconds to hours, so theirs is logarithmic
once the largest is far above the smallest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10
from typing import Final

TICKS_MAX: Final = 4
LAG_TICKS_MS: Final = (0.1, 1, 10, 100, 1_000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 360_000_000)
_LOG_FROM: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """`low` stands at the bottom of a panel and `high` at its top."""

    low: float
    high: float
    ticks: tuple[float, ...]
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """How far up a value stands, from 0 to 1."""
        if not self.logarithmic:
            return (value - self.low) / (self.high - self.low)
        within = min(max(value, self.low), self.high)
        return (log10(within) - log10(self.low)) / (log10(self.high) - log10(self.low))


def linear(values: Iterable[float], *, whole: bool = False, exact: bool = False) -> Scale:
    """From zero to a round number at or above the largest value; `exact` ends at the value itself, `whole` has no
    ticks between whole numbers."""
    top = max((*values, 0.0)) or 1.0
    step = max(_round_up(top / TICKS_MAX), 1.0 if whole else 0.0)
    high = top if exact else step * ceil(top / step - 1e-9)
    return Scale(low=0, high=high, ticks=tuple(step * each for each in range(floor(high / step + 1e-9) + 1)))


def lags(values_ms: Iterable[float]) -> Scale:
    """For lags in milliseconds: from tick to tick around all of them."""
    values = [value for value in values_ms if value > 0]
    if not values or max(values) < _LOG_FROM * min(values):
        return linear(values)
    low = max((tick for tick in LAG_TICKS_MS if tick <= min(values)), default=min(values))
    high = min((tick for tick in LAG_TICKS_MS if tick >= max(values)), default=max(values))
    ticks = tuple(tick for tick in LAG_TICKS_MS if low <= tick <= high)
    return Scale(low=low, high=high, ticks=ticks, logarithmic=True)


def apart(places: Iterable[float], gap: float, end: float) -> list[float]:
    """The places, in their order, moved as little as it takes to be a gap apart; the last stands at `end` at most."""
    moved = list(places)
    for before, after in pairwise(range(len(moved))):
        moved[after] = max(moved[after], moved[before] + gap)
    limit = end
    for place in reversed(range(len(moved))):
        moved[place] = min(moved[place], limit)
        limit = moved[place] - gap
    return moved


def _round_up(value: float) -> float:
    """The next of 1, 2, 2.5, 5 and 10 times a power of ten."""
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * (1 - 1e-9))
