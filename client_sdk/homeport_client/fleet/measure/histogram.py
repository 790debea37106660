"""A distribution in little memory: how often values fell between two bounds, each 2% above the one before.

As in HdrHistogram (Tene, 2012) and DDSketch (Masson, Rim, Lee, 2019): percentiles are within 2% of the true ones,
whatever their size, and two histograms add up to one.
"""

from __future__ import annotations

import math
from collections import Counter

from homeport_client.fleet.report.summary import Trend

_GROWTH = 1.02
_LOG = math.log(_GROWTH)
_ZERO = -1_000_000  # the bucket of 0 and less


class Histogram:
    """Values of 0 and more, in `unit`."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.count = 0
        self._sum = 0.0
        self._min = math.inf
        self._max = 0.0
        self._buckets: Counter[int] = Counter()

    def add(self, value: float, times: int = 1) -> None:
        """One more value, or several equal ones."""
        self.count += times
        self._sum += value * times
        self._min = min(self._min, value)
        self._max = max(self._max, value)
        self._buckets[math.floor(math.log(value) / _LOG) if value > 0 else _ZERO] += times

    def merge(self, other: Histogram) -> None:
        """All values of another one."""
        self.count += other.count
        self._sum += other._sum
        self._min = min(self._min, other._min)
        self._max = max(self._max, other._max)
        self._buckets.update(other._buckets)

    def percentile(self, share: float) -> float:
        """The value that `share` (0 to 1) of all values do not pass; 0 when there are none."""
        rank, seen = max(math.ceil(share * self.count), 1), 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= rank:
                middle = 0.0 if bucket == _ZERO else math.exp((bucket + 0.5) * _LOG)
                return min(max(middle, self._min), self._max)
        return 0.0

    def trend(self) -> Trend:
        """What a report says of it, in numbers that are rounded to three places."""
        empty = not self.count
        return Trend(
            unit=self.unit,
            count=self.count,
            min=0.0 if empty else round(self._min, 3),
            avg=0.0 if empty else round(self._sum / self.count, 3),
            p50=round(self.percentile(0.50), 3),
            p90=round(self.percentile(0.90), 3),
            p95=round(self.percentile(0.95), 3),
            p99=round(self.percentile(0.99), 3),
            max=round(self._max, 3),
        )
