"""What a check says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: what was found, and for what is wrong the command, or the deed, that mends it."""

    what: str
    mend: str = ""

    @property
    def ok(self) -> bool:
        """Whether there is nothing to mend."""
        return not self.mend

    def __str__(self) -> str:
        return f"ok: {self.what}" if self.ok else f"wrong: {self.what} — {self.mend}"


def fine(what: str) -> Finding:
    """What is as it should be."""
    return Finding(what=what)


def wrong(what: str, mend: str) -> Finding:
    """What is not, and what mends it."""
    return Finding(what=what, mend=mend)


def all_fine(what: str, wrongs: Iterable[Finding]) -> Sequence[Finding]:
    """The wrongs, or one line that there are none."""
    return list(wrongs) or [fine(what)]
