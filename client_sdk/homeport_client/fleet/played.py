"""What came of one playing of a story, in either world: all that a report is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from homeport_client.fleet.check.evidence import Evidence
from homeport_client.fleet.check.judge import Verdict, judge
from homeport_client.fleet.check.witness import Told
from homeport_client.fleet.legacy import Legacy
from homeport_client.fleet.measure.meter import Tally
from homeport_client.fleet.measure.reading import Reading
from homeport_client.fleet.report.summary import Sample, Span, World
from homeport_client.fleet.story import Story


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Played:
    """`evidence` and `verdict` are None if it was stopped before it came to rest. `healed_ms` is how long each phone
    took to come to rest after everything that went wrong was over; `in_play` is what the `meters` showed before that.
    `tracks` are the spans of some phones, by name, and `labels` the ids of the records, by label. `fingerprint` is
    equal for two playings that took the same steps, in the simulated world."""

    world: World
    story: Story
    tally: Tally
    meters: Mapping[str, Reading]
    samples: Sequence[Sample]
    tracks: Mapping[str, Sequence[Span]]
    written: int
    lives: int
    left_out: Mapping[str, int]
    told: Sequence[Told] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    evidence: Evidence | None = None
    verdict: Verdict | None = None
    healed_ms: Mapping[str, int] = field(default_factory=dict)
    in_play: Mapping[str, Reading] = field(default_factory=dict)
    trace: Sequence[str] = ()
    fingerprint: str = ""

    @classmethod
    def of(
        cls,
        legacy: Legacy,
        world: World,
        samples: Sequence[Sample],
        *,
        lives: int = 0,
        evidence: Evidence | None = None,
        trace: Sequence[str] = (),
        fingerprint: str = "",
    ) -> Played:
        """What the phones left, judged if there is evidence. `lives` are those of the server."""
        return cls(
            world=world,
            story=legacy.story,
            tally=legacy.tally,
            meters=legacy.readings,
            samples=tuple(samples),
            tracks=legacy.tracks,
            written=len(legacy.written),
            lives=legacy.lives + lives,
            left_out=legacy.left_out,
            told=legacy.told,
            labels=legacy.labels,
            evidence=evidence,
            verdict=judge(evidence) if evidence else None,
            healed_ms=legacy.healed_ms if evidence else {},
            in_play=legacy.in_play,
            trace=trace,
            fingerprint=fingerprint,
        )

    @property
    def kept(self) -> bool:
        """Whether it came to rest, and every promise was kept."""
        return self.verdict is not None and not self.verdict.violations

    def __repr__(self) -> str:
        """In a word: asyncio shows a task with its result at the end of a run, and pytest what it compares."""
        story, verdict = self.story, "stopped" if self.verdict is None else "kept" if self.kept else "not kept"
        phones, steps = len(story.handsets), len(story.steps)
        return f"<Played {self.world}, seed {story.seed}: {phones} phones, {steps} steps, {verdict}>"
