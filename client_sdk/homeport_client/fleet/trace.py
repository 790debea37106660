"""A trace: every step that a world took, of which the last are kept and all are in the fingerprint."""

from __future__ import annotations

from collections import deque
from hashlib import blake2b

KEPT_MAX = 2_000


class Trace:
    """Lines of milliseconds, who, and what."""

    def __init__(self) -> None:
        self._kept: deque[str] = deque(maxlen=KEPT_MAX)
        self._digest = blake2b(digest_size=16)

    def note(self, at_ms: float, who: str, what: str) -> None:
        """One more line."""
        line = f"{at_ms:.3f} {who} {what}"
        self._digest.update(line.encode())
        self._digest.update(b"\n")
        self._kept.append(line)

    @property
    def fingerprint(self) -> str:
        """The same for two worlds that took the same steps."""
        return self._digest.hexdigest()

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines, at most `KEPT_MAX`."""
        return tuple(self._kept)
