"""One seed for the whole simulated world, split into streams by name.

Every part draws from a stream of its own. So one more device, or one more fault, never shifts what the others
draw, and a failure stays the same failure while the script around it is cut down.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from random import Random

_RANGE = 1 << 64


@dataclass(frozen=True, slots=True)
class Seed:
    """A number that replays a fleet. With other `luck`, all that is drawn is drawn anew."""

    number: int
    luck: int = 0

    def stream(self, *names: str | int) -> Random:
        """The random stream of one part: the same for the same seed and names, on every machine."""
        drawn = (self.number, *names, *((f"luck {self.luck}",) if self.luck else ()))
        return Random("/".join(map(str, drawn)))  # a replay, not a secret


def happens(chance: Random, rate: float) -> bool:
    """Whether something of this rate (0 to 1) happens now. Draws even for 0, so that a rate can be tuned alone."""
    return chance.random() < rate


def at_moment(salt: int, at_s: float, what: str) -> float:
    """A number (0 to 1) that belongs to this moment alone: what happened before it, and how much of that was left out
    of the story, does not shift it. Thus what needs two things to meet within milliseconds can still be cut down."""
    named = f"{salt}/{at_s:.6f}/{what}".encode()
    return int.from_bytes(blake2b(named, digest_size=8).digest(), "big") / _RANGE
