"""What came of one playing of a story, in either world: all that a report is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from homeport_client.fleet.check.evidence import Evidence
from homeport_client.fleet.check.judge import Verdict
from homeport_client.fleet.measure.meter import Meter, Tally
from homeport_client.fleet.report.summary import Sample, Span, World
from homeport_client.fleet.story import Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """`evidence` and `verdict` are None if it was stopped before it came to rest. `healed_ms` is how long each phone
    took to come to rest after everything that went wrong was over. `tracks` are the spans of some phones, by name.
    `fingerprint` is equal for two playings that took the same steps, in the simulated world."""

    world: World
    story: Story
    tally: Tally
    meters: Mapping[str, Meter]
    samples: Sequence[Sample]
    tracks: Mapping[str, Sequence[Span]]
    written: int
    lives: int
    left_out: Mapping[str, int]
    evidence: Evidence | None = None
    verdict: Verdict | None = None
    healed_ms: Mapping[str, int] = field(default_factory=dict)
    trace: Sequence[str] = ()
    fingerprint: str = ""

    @property
    def kept(self) -> bool:
        """Whether it came to rest, and every promise was kept."""
        return self.verdict is not None and not self.verdict.violations
