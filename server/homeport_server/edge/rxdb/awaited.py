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
PAUSE_MS: Final = 10_000  # what counts of a longer one: whoever was away did not try, and their list may still come
FORGOTTEN_MS: Final = 600_000
KNOWN_MAX: Final = 4_096


class Awaited:
    """How long each scope was awaited, and when it was last asked for.

    Each process has its own: where a client's tries go around many, each sees it seldom, and counts its pauses.
    """

    def __init__(self) -> None:
        self._asked: OrderedDict[Hashable, tuple[int, int]] = OrderedDict()

    def still(self, name: Hashable, now_ms: int) -> bool:
        """Whether it is worth waiting for."""
        waited_ms, last_ms = self._asked.get(name, (0, now_ms))
        pause_ms = max(0, now_ms - last_ms)
        waited_ms = 0 if pause_ms > FORGOTTEN_MS else waited_ms + min(pause_ms, PAUSE_MS)
        self._asked[name] = waited_ms, now_ms
        self._asked.move_to_end(name)
        if len(self._asked) > KNOWN_MAX:
            self._asked.popitem(last=False)
        return waited_ms < AWAITED_MS
