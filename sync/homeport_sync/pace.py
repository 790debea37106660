"""How fast work is really finished lately: what an honest "come again in so many ms" is made of.

Pure: the time comes in.
"""

from __future__ import annotations

_WINDOW_S = 0.05
_PIECES = 20  # a window holds so many, unless it lasts longer than
_LONGEST_S = 1.0
_WEIGHT = 0.3


class Pace:
    """Seconds a piece of work takes while there is always more of it; `each_s` is None while nobody knows.

    Measured in windows, because work is finished in bursts, and weighted exponentially: a window that was slower
    moves it by `slower` of the difference, a faster one by `faster`.
    """

    def __init__(self, each_s: float | None = None, *, slower: float = _WEIGHT, faster: float = _WEIGHT) -> None:
        self.each_s = each_s
        self._slower = slower
        self._faster = faster
        self._since = 0.0
        self._done = 0

    def begin(self, now: float) -> None:
        """From now on there is more to do than can be done at once; before that nothing is learnt from."""
        self._since, self._done = now, 0

    def finished(self, count: int, now: float) -> None:
        """So many pieces are done."""
        self._done += count
        took_s = now - self._since
        if took_s < _WINDOW_S or not self._done or (self._done < _PIECES and took_s < _LONGEST_S):
            return
        each_s = took_s / self._done
        before_s = each_s if self.each_s is None else self.each_s
        weight = self._slower if each_s > before_s else self._faster
        self.each_s = before_s + (each_s - before_s) * weight
        self.begin(now)
