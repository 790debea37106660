"""Lag: how long after a change was accepted it was given to a device that listens for it.

Of one tenant the newest changes are kept in mind with the time at which each was accepted. A page that begins at one
position and ends at another has given what lies between. What was accepted before the device listened does not count:
nobody waited for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from homeport_sync.ports import LogEntry

ACCEPTED_MAX: Final = 1_000  # the newest changes of a tenant; older ones are given without being timed


class Lags:
    """The newest changes of one tenant's log, in its order."""

    def __init__(self) -> None:
        self._accepted: deque[tuple[int, int]] = deque(maxlen=ACCEPTED_MAX)

    def announced(self, entries: Iterable[LogEntry]) -> None:
        """These were accepted, and those who listen are about to be told."""
        self._accepted.extend((entry.position, entry.accepted_at_ms) for entry in entries)

    def given(self, after: int, upto: int, *, since_ms: int, now_ms: int) -> Sequence[int]:
        """The lags, in milliseconds, of what a page has given that goes from one position to another, to a device
        that listens since then."""
        lags = []
        for position, accepted_ms in reversed(self._accepted):
            if position <= after:
                break
            if position <= upto and accepted_ms >= since_ms:
                lags.append(max(now_ms - accepted_ms, 0))
        return lags

    def forget(self) -> None:
        """Keep nothing in mind: nobody looks any more."""
        self._accepted.clear()
