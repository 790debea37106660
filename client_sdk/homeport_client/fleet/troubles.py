"""What is going to befall somebody: each trouble has its moment, and strikes at the first occasion after that."""

from __future__ import annotations

from collections.abc import Callable


class Troubles:
    """Of one phone's network, or of the server. `now_us` is the fleet's time, in microseconds."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._coming: list[tuple[int, str]] = []

    def add(self, at_us: int, name: str) -> None:
        """This comes, after what was added before it."""
        self._coming.append((at_us, name))

    def take(self, is_occasion: Callable[[str], bool]) -> str:
        """The first one whose moment has come and for which this is an occasion; nothing if there is none."""
        for index, (at_us, name) in enumerate(self._coming):
            if at_us > self._now_us():
                break
            if is_occasion(name):
                del self._coming[index]
                return name
        return ""

    def clear(self) -> None:
        """Nothing comes any more."""
        self._coming.clear()


NONE = Troubles(lambda: 0)
