"""Scopes that are awaited: RxDB pushes each collection by itself, and so tasks may come before the list they are in.

To refuse them at once would undo in the app what somebody made in a tunnel. So a push that makes something in a scope
which its user does not have is asked to come again, for a while; then it is refused like any other, for a row that can
never be taken must not hold up those behind it. A scope that is somebody else's is awaited as well: nobody is told
which there are.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

AWAITED_MS: Final = 60_000  # twelve tries of RxDB's, which come every 5 s
FORGOTTEN_MS: Final = 30_000  # whoever has not asked for so long was away: their list may still come
KNOWN_MAX: Final = 4_096


class Awaited:
    """Since when each scope is awaited, and when it was last asked for."""

    def __init__(self) -> None:
        self._asked: OrderedDict[Hashable, tuple[int, int]] = OrderedDict()

    def still(self, name: Hashable, now_ms: int) -> bool:
        """Whether it is worth waiting for."""
        first, last = self._asked.get(name, (now_ms, now_ms))
        if now_ms - last > FORGOTTEN_MS:
            first = now_ms
        self._asked[name] = first, now_ms
        self._asked.move_to_end(name)
        if len(self._asked) > KNOWN_MAX:
            self._asked.popitem(last=False)
        return now_ms - first < AWAITED_MS
