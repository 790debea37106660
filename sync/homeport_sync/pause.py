"""How long to wait before the next try: twice as long each time, up to a bound, and never the same for two who wait."""

from __future__ import annotations

from random import Random


class Pause:
    """The pauses of one thing that is tried for ever: `first_s` to begin with, at most `longest_s`, in seconds.

    Each is drawn from its upper half, so that many who failed at one moment do not come back at one moment.
    """

    def __init__(self, first_s: float, longest_s: float, random: Random) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._random = random
        self._next_s = first_s

    def next_s(self) -> float:
        """How long to wait now."""
        bound_s = self._next_s
        self._next_s = min(2 * bound_s, self._longest_s)
        return bound_s * (1 + self._random.random()) / 2

    def begin_again(self) -> None:
        """It has worked: the next pause is the first again."""
        self._next_s = self._first_s
