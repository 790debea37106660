"""What is going to befall somebody: each trouble has its moment, and strikes at the first occasion after that."""

from __future__ import annotations

from collections.abc import Callable


class Troubles:
    """Of one phone's network, or of the server. `now_ms` is the fleet's time."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._coming: list[tuple[int, str]] = []

    def add(self, at_ms: int, name: str) -> None:
        """This comes, after what was added before it."""
        self._coming.append((at_ms, name))

    def take(self, is_occasion: Callable[[str], bool]) -> str:
        """The first one whose moment has come and for which this is an occasion; nothing if there is none."""
        for index, (at_ms, name) in enumerate(self._coming):
            if at_ms > self._now_ms():
                break
            if is_occasion(name):
                del self._coming[index]
                return name
        return ""

    def clear(self) -> None:
        """Nothing comes any more."""
        self._coming.clear()


NONE = Troubles(lambda: 0)
