"""Slots: when each of those who are told to wait may come again.

They follow each other at the pace at which work is really finished, so that whoever came at once comes back spread
out, just as fast as it can be taken. A slot is a promise by statistics: nobody asks who comes in it.

A slower pace is believed slowly and a faster one soon. While a storm arrives, much of the time goes into opening its
connections and refusing them, which is over when the slots come; a slot given too late is time that nobody uses, and
one given too early only costs a second refusal.
"""

from __future__ import annotations

from homeport_sync.pace import Pace

FIRST_EACH_S = 0.001  # what a piece of work is taken to last while nobody knows
_SLOWER, _FASTER = 0.1, 0.5


class Slots:
    """Gives out slots, none further away than `longest_s` seconds. Times are the caller's, in seconds."""

    def __init__(self, longest_s: float, now: float) -> None:
        self._longest_s = longest_s
        self._last = now
        self._pace = Pace(FIRST_EACH_S, slower=_SLOWER, faster=_FASTER)
        self._pace.begin(now)

    def next_ms(self, now: float) -> int:
        """Milliseconds until the next slot, 1 or more. Past the longest wait the round begins again."""
        each_s = min(self._pace.each_s or FIRST_EACH_S, self._longest_s)
        slot = max(self._last, now) + each_s
        if slot - now > self._longest_s:
            slot = now + each_s
        self._last = slot
        return max(round((slot - now) * 1_000), 1)

    def finished(self, now: float, *, busy: bool) -> None:
        """A piece of work is done. Its pace tells something only while there is more of it than can be done at once."""
        if busy:
            self._pace.finished(1, now)
        else:
            self._pace.begin(now)

    def over(self, now: float) -> bool:
        """Whether every slot that was given out has passed."""
        return self._last <= now
