"""What failed, as the log tells it: bugs each with a traceback, and a store that does not answer once a second.

An outage fails every request in the same way. One line for each would be thousands that all say the same, so those with
the same reason are counted, and the next line tells how many were left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from homeport_server.observe.failure import reason
from homeport_server.observe.log import Log
from homeport_sync.errors import HomeportError, StoreFailed, Unavailable

EVERY_S = 1.0
REASONS_MAX = 100


@dataclass(slots=True)
class _Told:
    at_s: float
    left_out: int = 0


class Troubles:
    """Over a log. `now_s` is a clock that never goes back."""

    def __init__(self, log: Log, now_s: Callable[[], float] = monotonic) -> None:
        self._log = log
        self._now_s = now_s
        self._told: dict[tuple[str, str], _Told] = {}

    def failed(self, error: BaseException, request_id: str) -> None:
        """A request failed. What callers cause is no news."""
        cause = error.__cause__ if isinstance(error, HomeportError) else error
        if cause is None:
            return
        if isinstance(error, Unavailable) and not isinstance(error, StoreFailed):
            self.seldom("unavailable", error, request_id=request_id)
        else:
            self._log.error("failed", request_id=request_id, exc_info=cause)

    def seldom(self, event: str, cause: BaseException, /, **facts: object) -> None:
        """A warning with the error's reason: one a second for each event and reason, and how many were left out."""
        why, now_s = reason(cause), self._now_s()
        told = self._told.get((event, why))
        if told is not None and now_s - told.at_s < EVERY_S:
            told.left_out += 1
            return
        if told is None and len(self._told) >= REASONS_MAX:
            self._told.clear()
        self._told[event, why] = _Told(now_s)
        more = {"left_out": told.left_out} if told is not None and told.left_out else {}
        self._log.warning(event, **facts, reason=why, **more)
