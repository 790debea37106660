"""Compaction: forgetting what can no longer be asked for, a little at a time.

Today that is the outcomes a device has confirmed and that are older than `Limits.outcome_keep_ms`. They are kept
that long after the confirmation because a cloned or restored phone may still push the same numbers, and must be told
the same outcomes and not take effect twice. What was rejected stays in quarantine: it is somebody's work.
"""

from __future__ import annotations

from homeport_sync.clock import LAST, NOBODY, Stamp, make_stamp
from homeport_sync.limits import Limits
from homeport_sync.ports import BEFORE_ALL_OUTCOMES, LogStore, OutcomeName

PRUNE_MAX = 1_000


async def prune_outcomes(store: LogStore, tenant: str, limits: Limits, *, now_ms: int) -> int:
    """Forget old confirmed outcomes of the tenant; how many it were. A step looks at `PRUNE_MAX` old ones and no more,
    and goes on where the last one ended: those that are never confirmed are passed once.

    An outcome lies under the stamp as it was sent. So those of a clock that was years ahead lie behind all others, and
    are looked for there.
    """
    before_ms, ahead = now_ms - limits.outcome_keep_ms, make_stamp(now_ms + limits.skew_max_ms, 0, NOBODY)
    ranges = ((BEFORE_ALL_OUTCOMES, make_stamp(before_ms, 0, NOBODY)), ((ahead, "", 0), LAST))
    return sum([await _prune(store, tenant, before_ms, start, upto) for start, upto in ranges])


async def _prune(store: LogStore, tenant: str, before_ms: int, after: OutcomeName | None, upto: Stamp) -> int:
    forgotten = 0
    while after is not None:
        step = await store.prune_outcomes(tenant, before_ms, after, upto, PRUNE_MAX)
        forgotten += step.forgotten
        after = step.last
    return forgotten
