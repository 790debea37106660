"""A panel: some series over the time of the run, with one scale for their height.

Everything inside is given in percent of the width and in pixels of the height: a panel fills any width, and its words
and lines stay as large and as thin as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from homeport_client.fleet.report.page import timeline as time
from homeport_client.fleet.report.page.markup import Markup, percent, tag
from homeport_client.fleet.report.page.scale import Scale, apart
from homeport_client.fleet.report.page.stroke import WIDTH, Point, area, line
from homeport_client.fleet.report.page.timeline import Timeline

LABEL_PX: Final = 14
_BAND_LABEL_PX: Final = 17
_BAND_LABEL_SHARE: Final = 0.11


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One value over time; None where there was nothing to measure. With `lower` it is the surface down to there."""

    name: str
    style: str
    values: tuple[float | None, ...]
    lower: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """`says` stands above it, `words` writes a value of its axis. The series of a `stacked` one lie on each other and
    carry their names inside; all others carry them at their right end."""

    says: str
    scale: Scale
    words: Callable[[float], str]
    series: tuple[Series, ...]
    height: int
    stacked: bool = False


def drawn(panel: Panel, timeline: Timeline, places: Sequence[float], y: int) -> Markup:
    """The panel, its top edge at `y`; `places` are the moments of its values, from 0 to 1."""
    box = f"0 0 {WIDTH} {panel.height}"
    paths = tag(
        "svg", *_paths(panel, places), viewBox=box, width="100%", height=panel.height, preserveAspectRatio="none"
    )
    labels = _band_labels(panel, places) if panel.stacked else _end_labels(panel, places)
    title = tag("text", panel.says, y="-9", class_="says")
    under = (*time.rules(timeline, panel.height), *_rules(panel))
    over = (*time.blows(timeline, panel.height), *labels)
    return tag("svg", title, *under, paths, *over, y=y, width="100%", height=panel.height)


def _rules(panel: Panel) -> Iterator[Markup]:
    for tick in panel.scale.ticks:
        y = _y(panel, tick)
        style = "rule zero" if tick == panel.scale.low else "rule"
        yield tag("line", x2="100%", y1=y, y2=y, class_=style)
        yield tag("text", panel.words(tick), x="-8", y=y + 4, class_="value")


def _paths(panel: Panel, places: Sequence[float]) -> Iterator[Markup]:
    for series in panel.series:
        points = _points(panel, places, series.values)
        if series.lower is not None:
            floor = [point for point in _points(panel, places, series.lower) if point]
            yield tag("path", d=area([point for point in points if point], floor), class_=f"area {series.style}")
        if not panel.stacked:
            yield tag("path", d=line(points), class_=f"line {series.style}")


def _points(panel: Panel, places: Sequence[float], values: Sequence[float | None]) -> list[Point | None]:
    pairs = zip(places, values, strict=True)
    return [None if value is None else (place * WIDTH, _y(panel, value)) for place, value in pairs]


def _end_labels(panel: Panel, places: Sequence[float]) -> Iterator[Markup]:
    """The names behind the ends of the lines, as high as the last values are."""
    named = [(_y(panel, values[-1]), series) for series in panel.series if (values := _known(series))]
    named.sort(key=lambda each: each[0])
    heights = apart((y for y, _ in named), LABEL_PX, panel.height)
    for y, (_, series) in zip(heights, named, strict=True):
        yield tag("text", series.name, x=percent(places[-1]), dx="8", y=y + 4, class_=f"end {series.style}")


def _band_labels(panel: Panel, places: Sequence[float]) -> Iterator[Markup]:
    """The name of each band where the band is thickest, if there is room for it."""
    for series in panel.series:
        bounds = list(zip(_known(series), series.lower or (), strict=True))
        heights = [_y(panel, lower) - _y(panel, upper) for upper, lower in bounds]
        room, best = _roomiest(heights, places)
        if room >= _BAND_LABEL_PX:
            middle = (_y(panel, bounds[best][0]) + _y(panel, bounds[best][1])) / 2
            yield tag("text", series.name, x=percent(places[best]), y=middle + 4, class_=f"band {series.style}")


def _roomiest(heights: Sequence[float], places: Sequence[float]) -> tuple[float, int]:
    """How high a word may be, and at which value it stands, so that the band holds it all along its width."""
    reach = _BAND_LABEL_SHARE
    found = (0.0, 0)
    for middle, place in enumerate(places):
        if reach <= place <= 1 - reach:
            around = (height for height, each in zip(heights, places, strict=True) if abs(each - place) <= reach)
            found = max(found, (min(around), -middle))
    return found[0], -found[1]


def _known(series: Series) -> list[float]:
    return [value for value in series.values if value is not None]


def _y(panel: Panel, value: float) -> float:
    return panel.height * (1 - panel.scale.share(value))
