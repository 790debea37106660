"""A figure: panels above each other on one axis of time, with its words for those who cannot see it.

For each sample there is an invisible strip whose title tells all values of that moment. A browser shows it by itself;
the script shows it beside a crosshair.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from homeport_client.fleet.report.page import timeline as time
from homeport_client.fleet.report.page.markup import Markup, percent, tag
from homeport_client.fleet.report.page.panel import Panel, drawn
from homeport_client.fleet.report.page.timeline import Timeline

_HEAD_PX: Final = 26
_AXIS_PX: Final = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`name` is unique on the page. `moments_s` are the times of all values, and `told` the words for each of them."""

    name: str
    title: str
    says: str
    panels: tuple[Panel, ...]
    moments_s: tuple[float, ...]
    told: tuple[str, ...]
    wide: bool = False


def markup(figure: Figure, timeline: Timeline) -> Markup:
    """The figure with its caption."""
    caption = tag("figcaption", tag("h3", figure.title), tag("p", figure.says))
    style = "plot wide" if figure.wide else "plot"
    return tag("figure", caption, tag("div", _chart(figure, timeline), class_="frame"), class_=style)


def _chart(figure: Figure, timeline: Timeline) -> Markup:
    places = [timeline.share(at_s) for at_s in figure.moments_s]
    bottom = sum(_HEAD_PX + panel.height for panel in figure.panels)
    title, described = f"{figure.name}-title", f"{figure.name}-described"
    return tag(
        "svg",
        tag("title", figure.title, id=title),
        tag("desc", _described(figure), id=described),
        *_stacked(figure, timeline, places),
        *time.ticks(timeline, bottom + _AXIS_PX - 6),
        tag("g", *_strips(figure, timeline, places, bottom), class_="strips"),
        class_="chart",
        width="100%",
        height=bottom + _AXIS_PX,
        role="img",
        aria_labelledby=f"{title} {described}",
    )


def _stacked(figure: Figure, timeline: Timeline, places: list[float]) -> Iterator[Markup]:
    y = 0
    for panel in figure.panels:
        yield drawn(panel, timeline, places, y + _HEAD_PX)
        y += _HEAD_PX + panel.height


def _strips(figure: Figure, timeline: Timeline, places: list[float], height: int) -> Iterator[Markup]:
    """One strip a sample, from half way to the one before it to half way to the one after it."""
    halves = [(before + after) / 2 for before, after in pairwise(places)]
    edges = pairwise((0.0, *halves, 1.0))
    for place, told, (start, end) in zip(places, figure.told, edges, strict=True):
        says = tag("title", "\n".join((told, *_blows(timeline, start, end))))
        width = percent(max(end - start, 0.0))
        yield tag("rect", says, x=percent(start), width=width, height=height, data_at=percent(place))


def _blows(timeline: Timeline, start: float, end: float) -> Iterator[str]:
    """What happened to the server within a strip."""
    for moment in timeline.moments(timeline.server):
        if start <= timeline.share(moment.at_s) < end:
            yield moment.told


def _described(figure: Figure) -> str:
    """The plot in a few sentences: what each series began and ended with, and its largest value."""
    sentences = [f"{figure.says}."]
    for panel in figure.panels:
        for series in panel.series:
            lower = series.lower if panel.stacked and series.lower else (0.0,) * len(series.values)
            pairs = zip(series.values, lower, strict=True)
            values = [value - under for value, under in pairs if value is not None]
            if values:
                first, last, most = (panel.words(each) for each in (values[0], values[-1], max(values)))
                sentences.append(f"{series.name}: at first {first}, at last {last}, at most {most}.")
    return " ".join(sentences)
