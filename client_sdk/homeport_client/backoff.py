"""How long to wait before trying again. Pure; the randomness comes in.

Exponential with full jitter (Brooker, "Exponential Backoff And Jitter", 2015): devices that failed together do not
come back together.
"""

from __future__ import annotations

from random import Random

from homeport_client.limits import DeviceLimits


def pause_s(failures: int, retry_after_ms: int | None, random: Random, limits: DeviceLimits) -> float:
    """Seconds to wait after so many failures in a row (1 or more), never before what the server asked for."""
    doublings = min(failures - 1, limits.retry_max_ms.bit_length())
    longest_ms = min(limits.retry_first_ms << doublings, limits.retry_max_ms)
    asked_ms = min(max(retry_after_ms or 0, 0), limits.retry_after_max_ms)
    return (asked_ms + random.uniform(0, longest_ms)) / 1_000
