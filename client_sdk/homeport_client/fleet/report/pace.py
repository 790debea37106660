"""The pace of a running fleet: how fast its time runs beside ours, and how many changes a second of its time brings.

It looks back over the last seconds of our time, so that both follow what the fleet does now and do not jump.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

WINDOW_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Our time, the fleet's time, and how many changes were in the log."""

    wall_s: float
    at_s: float
    logged: int


class Pace:
    """Told of moments in order, it knows both rates."""

    def __init__(self) -> None:
        self._moments: deque[Moment] = deque()

    def tell(self, moment: Moment) -> None:
        """One more moment. Of those older than the window it keeps the last, to measure from."""
        self._moments.append(moment)
        while len(self._moments) > 1 and moment.wall_s - self._moments[1].wall_s >= WINDOW_S:
            self._moments.popleft()

    @property
    def speed(self) -> float:
        """Seconds of the fleet's time in one of ours; 0 until there are two moments."""
        wall_s, at_s, _ = self._passed
        return at_s / wall_s if wall_s > 0 else 0.0

    @property
    def changes_per_s(self) -> float:
        """Changes into the log in one second of the fleet's time; 0 until there are two moments."""
        _, at_s, logged = self._passed
        return logged / at_s if at_s > 0 else 0.0

    @property
    def _passed(self) -> tuple[float, float, int]:
        """Our seconds, the fleet's seconds and the changes between the first moment and the last."""
        if not self._moments:
            return (0.0, 0.0, 0)
        first, last = self._moments[0], self._moments[-1]
        return (last.wall_s - first.wall_s, last.at_s - first.at_s, last.logged - first.logged)
