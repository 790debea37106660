"""A lease: one worker's right to move one follower's place in one tenant's log, for a time.

Time alone cannot protect a place: a worker may sleep past the end of its lease and write when it wakes. So each new
holder gets a higher `fence`, and whatever is written under a lower one is refused.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Held by `holder` for `ttl_ms` milliseconds from its taking, and again from each writing under it.

    `position` is the follower's place as this holder knows it.
    """

    tenant: str
    follower: str
    holder: str
    fence: int
    position: int
    ttl_ms: int
