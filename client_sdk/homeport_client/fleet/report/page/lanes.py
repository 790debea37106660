"""Lanes: what single phones went through, one line each, all on one axis of time.

A lane with more spans than anybody can tell apart is drawn in slots, each in the state that lasted longest in it;
marks that stand close together are drawn as one and named together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from homeport_client.fleet.report.page import states, words
from homeport_client.fleet.report.page import timeline as time
from homeport_client.fleet.report.page.markup import NOTHING, Markup, none, tag
from homeport_client.fleet.report.page.timeline import Moment, Timeline
from homeport_client.fleet.report.summary import Lane, LaneState, Mark, Span

SPANS_MAX: Final = 240
LANES_MAX: Final = 24
WRITES: Final = frozenset({"create", "update", "delete", "restore", "move", "invite", "remove"})
ENDS: Final = frozenset({"kill", "crash"})
_HEIGHT_PX: Final = 30
_MARK_PX: Final = 6


def drawn(name: str, lanes: Sequence[Lane], timeline: Timeline) -> Markup:
    """The server's own line, if it has marks, and then the phones'; `name` is unique on the page."""
    shown = [*_server(timeline), *lanes[:LANES_MAX]]
    rows = (_row(f"{name}-{place}", lane, timeline) for place, lane in enumerate(shown))
    left_out = len(lanes) - LANES_MAX
    more = none(f"{words.counted(left_out, 'more lane')} in the JSON.") if left_out > 0 else NOTHING
    spans = (span.state for lane in shown for span in lane.spans)
    return tag("div", states.key(spans, *time.signs(timeline)), tag("ol", *rows, _axis(timeline), class_="lanes"), more)


def _server(timeline: Timeline) -> Iterator[Lane]:
    if timeline.server:
        yield Lane(phone="server", user="", persona="", network="", marks=timeline.server)


def _row(name: str, lane: Lane, timeline: Timeline) -> Markup:
    about = " · ".join(part for part in (lane.user, lane.persona, lane.network) if part)
    who = tag("p", tag("strong", lane.phone), tag("span", about), class_="who")
    return tag("li", who, _strip(name, lane, timeline))


def _strip(name: str, lane: Lane, timeline: Timeline) -> Markup:
    title, described = f"{name}-title", f"{name}-described"
    return tag(
        "svg",
        tag("title", lane.phone, id=title),
        tag("desc", _described(lane), id=described),
        *time.rules(timeline, _HEIGHT_PX),
        *(_span(span, timeline) for span in merged(lane.spans, timeline)),
        *time.blows(timeline, _HEIGHT_PX),
        *(_mark(moment, timeline) for moment in timeline.moments(lane.marks)),
        class_="lane",
        width="100%",
        height=_HEIGHT_PX,
        role="img",
        aria_labelledby=f"{title} {described}",
    )


def _axis(timeline: Timeline) -> Markup:
    words_below = tag("svg", *time.ticks(timeline, 14), class_="axis", width="100%", height=20)
    return tag("li", words_below, aria_hidden="true")


def _span(span: Span, timeline: Timeline) -> Markup:
    told = f"{words.plain(span.state)}\n{words.clock(span.from_s)} to {words.clock(span.to_s)}"
    width = timeline.share(span.to_s) - timeline.share(span.from_s)
    x, wide = timeline.place(span.from_s), f"{max(width, 0) * 100:.2f}%"
    return tag("rect", tag("title", told), x=x, width=wide, class_=states.style(span.state))


def _mark(moment: Moment, timeline: Timeline) -> Markup:
    """What people write is a dot; what befalls a phone is a ring, and a red one if it ends the process."""
    style = "dot" if moment.whats <= WRITES else "ring end" if moment.whats & ENDS else "ring"
    return tag("circle", tag("title", moment.told), cx=timeline.place(moment.at_s), cy=_MARK_PX, class_=f"mark {style}")


def merged(spans: Sequence[Span], timeline: Timeline) -> list[Span]:
    """The spans, or at most `SPANS_MAX` of them in their place."""
    if len(spans) <= SPANS_MAX:
        return list(spans)
    slot_s = timeline.end_s / SPANS_MAX
    slots = enumerate(_longest(spans, slot_s))
    runs = ((state, [place for place, _ in run]) for state, run in groupby(slots, lambda slot: slot[1]))
    return [
        Span(from_s=places[0] * slot_s, to_s=(places[-1] + 1) * slot_s, state=state) for state, places in runs if state
    ]


def _longest(spans: Sequence[Span], slot_s: float) -> list[LaneState | None]:
    """For each slot the state that lasted longest in it; None where nothing is known."""
    lasted: list[dict[LaneState, float]] = [{} for _ in range(SPANS_MAX)]
    for span in spans:
        for place in range(int(span.from_s / slot_s), min(int(span.to_s / slot_s) + 1, SPANS_MAX)):
            within = min(span.to_s, (place + 1) * slot_s) - max(span.from_s, place * slot_s)
            if within > 0:
                lasted[place][span.state] = lasted[place].get(span.state, 0.0) + within
    return [_most(slot) for slot in lasted]


def _most(lasted: Mapping[LaneState, float]) -> LaneState | None:
    return max(lasted.items(), key=lambda each: each[1])[0] if lasted else None


def _described(lane: Lane) -> str:
    """How long the phone was in which state, and how often what happened."""
    lasted = {
        state: sum(span.to_s - span.from_s for span in lane.spans if span.state == state) for state in states.STATES
    }
    parts = [f"{words.plain(state)} for {words.duration(seconds)}" for state, seconds in lasted.items() if seconds]
    return ", ".join((*parts, *_often(lane.marks))) + "."


def _often(marks: Sequence[Mark]) -> list[str]:
    whats = [mark.what for mark in marks]
    return [f"{what} {words.counted(whats.count(what), 'time')}" for what in sorted(set(whats))]
