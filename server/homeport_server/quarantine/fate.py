"""What came of a replay, change by change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from homeport_server.quarantine.case import Case, Readable
from homeport_sync.change import Outcome
from homeport_sync.quarantine import Held

LANDED: Final = ("applied", "merged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """One change that was replayed: the `case` that it was, its `name` now (device/number), and what became of it."""

    case: Readable
    name: str
    outcome: Outcome

    @property
    def landed(self) -> bool:
        """Whether it took effect."""
        return self.outcome.outcome in LANDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """All that came of it. `fates` are those of what was sent now, in the order of writing.

    What was replayed `already` is not sent again: then that says by which change and when, and `accepted` what became
    of that, if it is still known. `refused_before` are earlier replays of it that were rejected.
    """

    fates: Sequence[Fate] = ()
    already: Held | None = None
    accepted: Outcome | None = None
    refused_before: Sequence[Case] = ()

    @property
    def landed(self) -> bool:
        """Whether all of it took effect, now or then."""
        before = self.accepted is None or self.accepted.outcome in LANDED
        return before and all(fate.landed for fate in self.fates)
