"""The timeline: the one axis of time that the plots and the lanes of a page share.

It runs from the start to the last thing known, which lies behind the end of the story while a fleet still heals. What
happened to the server stands on it everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from homeport_client.fleet.report.page import words
from homeport_client.fleet.report.page.markup import Markup, percent, tag
from homeport_client.fleet.report.summary import Lane, Mark, Summary

TICKS_MAX: Final = 8
MARKS_MAX: Final = 150
MARK_LINES_MAX: Final = 6
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_SECONDS: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30)
_LONGER: Final = (*(_MINUTE * each for each in (1, 2, 5, 10, 15, 30)), *(_HOUR * each for each in (1, 2, 3, 6, 12)))
_STEPS_S: Final = (*_SECONDS, *_LONGER, *(_DAY * each for each in (1, 2, 7, 14, 30, 90, 365)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Marks that stand so near to each other that they are drawn as one; `told` names each, on a line of its own."""

    at_s: float
    whats: frozenset[str]
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """`story_s` is where the story ends, and `end_s` where the axis does."""

    end_s: float
    story_s: float
    server: tuple[Mark, ...] = ()

    @property
    def heals(self) -> bool:
        """Whether anything is known of the time after the story."""
        return self.end_s > self.story_s

    def share(self, at_s: float) -> float:
        """Where a moment stands, from 0 to 1."""
        return min(max(at_s / self.end_s, 0.0), 1.0)

    def place(self, at_s: float) -> str:
        """Where a moment stands, in percent."""
        return percent(self.share(at_s))

    def ticks(self) -> list[float]:
        """Round moments from the start to the end."""
        step = next((step for step in _STEPS_S if self.end_s / step <= TICKS_MAX), self.end_s)
        return [step * each for each in range(int(self.end_s / step + 1e-9) + 1)]

    def moments(self, marks: Sequence[Mark]) -> Iterator[Moment]:
        """The marks, those of one slot together: never more than the axis has slots."""
        ordered = sorted(marks, key=lambda mark: mark.at_s)
        for _, near in groupby(ordered, lambda mark: int(self.share(mark.at_s) * MARKS_MAX)):
            together = list(near)
            whats = frozenset(mark.what for mark in together)
            yield Moment(at_s=together[0].at_s, whats=whats, told="\n".join(_told(together)))


def of_summary(summary: Summary) -> Timeline:
    """The time of the whole run."""
    known = (*(sample.at_s for sample in summary.samples), *_ends(summary.lanes), summary.duration_s)
    return Timeline(end_s=max(known) or 1.0, story_s=summary.duration_s, server=summary.server)


def of_lanes(lanes: Sequence[Lane]) -> Timeline:
    """The time of some lanes alone."""
    end_s = max(_ends(lanes), default=0.0) or 1.0
    return Timeline(end_s=end_s, story_s=end_s)


def rules(timeline: Timeline, height: int) -> Iterator[Markup]:
    """The time of healing as a shade, and a thin line at each tick."""
    if timeline.heals:
        start = timeline.share(timeline.story_s)
        yield tag("rect", x=percent(start), width=percent(1 - start), height=height, class_="healing")
    for at_s in timeline.ticks():
        x = timeline.place(at_s)
        yield tag("line", x1=x, x2=x, y2=height, class_="rule")


def blows(timeline: Timeline, height: int) -> Iterator[Markup]:
    """What happened to the server, as lines from top to bottom."""
    for moment in timeline.moments(timeline.server):
        x = timeline.place(moment.at_s)
        yield tag("line", x1=x, x2=x, y2=height, class_="blow")


def ticks(timeline: Timeline, y: int) -> Iterator[Markup]:
    """The words below the ticks; every other one gives way where there is little room."""
    for place, at_s in enumerate(timeline.ticks()):
        said = words.duration(at_s) if at_s else "0"
        yield tag("text", said, x=timeline.place(at_s), y=y, class_="tick odd" if place % 2 else "tick")


def signs(timeline: Timeline) -> Iterator[Markup]:
    """What the shade and the lines mean, as entries of a key."""
    if timeline.server:
        line = tag("line", x1="5", x2="5", y2="10", class_="blow")
        yield tag("li", tag("span", tag("svg", line, width="10", height="10"), "server event"))
    if timeline.heals:
        shade = tag("rect", width="10", height="10", class_="healing")
        yield tag("li", tag("span", tag("svg", shade, width="10", height="10"), "healing, after the last step"))


def _told(marks: Sequence[Mark]) -> Iterator[str]:
    for mark in marks[:MARK_LINES_MAX]:
        said = f"{mark.what}: {mark.says}" if mark.says else mark.what
        yield f"{words.clock(mark.at_s)}\t{said}"
    if len(marks) > MARK_LINES_MAX:
        yield f"\tand {len(marks) - MARK_LINES_MAX} more"


def _ends(lanes: Sequence[Lane]) -> list[float]:
    spans = [span.to_s for lane in lanes for span in lane.spans]
    return spans + [mark.at_s for lane in lanes for mark in lane.marks]
