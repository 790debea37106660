"""A phone's track: in which state it was, from when to when."""

from __future__ import annotations

from homeport_client.fleet.report.summary import LaneState, Span


class Track:
    """Grows while the phone lives. A phone that is off has no span."""

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._state: LaneState = "off"
        self._since_ms = 0

    def enter(self, state: LaneState, now_ms: int) -> None:
        """It is in this state from now on."""
        if state != self._state:
            self._close(now_ms)
            self._state, self._since_ms = state, now_ms

    def spans(self, now_ms: int) -> tuple[Span, ...]:
        """All that was, up to now."""
        self._close(now_ms)
        self._since_ms = now_ms
        return tuple(self._spans)

    def _close(self, now_ms: int) -> None:
        if self._state != "off" and now_ms > self._since_ms:
            self._spans.append(Span(from_s=self._since_ms / 1_000, to_s=now_ms / 1_000, state=self._state))
