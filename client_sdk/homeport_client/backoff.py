"""How long to wait before trying again. Pure; the randomness comes in.

Exponential with full jitter (Brooker, "Exponential Backoff And Jitter", 2015): devices that failed together do not
come back together. A server that says when to come again has spread them already: its word is kept as it is, for a
told wait is no failure.
"""

from __future__ import annotations

from random import Random

from homeport_client.limits import DeviceLimits


def pause_s(failures: int, retry_after_ms: int | None, random: Random, limits: DeviceLimits) -> float:
    """Seconds to wait: what the server told (`retry_after_ms`, in milliseconds; None: nothing) and a little more, or
    what so many failures in a row (1 or more) make it."""
    if retry_after_ms is not None:
        told_ms = min(max(retry_after_ms, 0), limits.retry_after_max_ms)
        return (told_ms + random.uniform(0, limits.told_jitter_ms)) / 1_000
    doublings = min(failures - 1, limits.retry_max_ms.bit_length())
    longest_ms = min(limits.retry_first_ms << doublings, limits.retry_max_ms)
    return random.uniform(0, longest_ms) / 1_000
