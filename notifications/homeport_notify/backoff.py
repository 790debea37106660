"""How long to wait before a delivery is tried again, and when it is given up."""

from __future__ import annotations

from homeport_notify import limits


def retry_at_ms(attempt: int, now_ms: int, chance: float, *, after_ms: int | None = None) -> int:
    """When the delivery that failed for the `attempt`-th time (from 0) is tried again: after at least `RETRY_FIRST_MS`,
    twice as long each time, at most `RETRY_LONGEST_MS`, and never before the provider wants it (`after_ms`). On top
    comes as much again times `chance` (0 to 1), so that a million that failed together do not come back together."""
    pause_ms = min(limits.RETRY_FIRST_MS * (1 << min(attempt, 16)), limits.RETRY_LONGEST_MS)
    pause_ms = max(pause_ms, after_ms or 0)
    return now_ms + pause_ms + int(pause_ms * chance)


def given_up(first_ms: int, again_ms: int, expires_ms: int, *, attempt: int = 1) -> bool:
    """Whether it is too late to try again at `again_ms`: the message is stale, or it was tried for long enough. What
    has failed for the first time (`attempt` 0) was not, however long the provider wants to be left alone."""
    return again_ms >= expires_ms or (attempt > 0 and again_ms > first_ms + limits.RETRY_WITHIN_MS)


def ramp(opened_ms: int, now_ms: int) -> float:
    """Which share of its speed a provider is given that was left alone and came back at `opened_ms`: 0.1 to 1."""
    part = (now_ms - opened_ms) / limits.RAMP_MS
    return min(max(part, limits.RAMP_FROM), 1.0)
