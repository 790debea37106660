"""Strokes: the paths of a panel, in a box that is 1,000 wide and is stretched to the width there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from homeport_client.fleet.report.page.markup import number

WIDTH: Final = 1_000
Point: TypeAlias = tuple[float, float]


def line(points: Sequence[Point | None]) -> str:
    """A line through the points, broken where there is none; a point alone between two gaps becomes a dot."""
    return "".join(_run(run) for run in _runs(points))


def area(upper: Sequence[Point], lower: Sequence[Point]) -> str:
    """The surface between two lines."""
    return f"{_run([*upper, *reversed(lower)])}z" if len(upper) > 1 else ""


def _runs(points: Sequence[Point | None]) -> Iterator[list[Point]]:
    run: list[Point] = []
    for point in (*points, None):
        if point is not None:
            run.append(point)
        elif run:
            yield run
            run = []


def _run(points: Sequence[Point]) -> str:
    """The stylesheet gives lines round ends, so that one of no length is seen."""
    drawn = [f"{number(round(x, 1))} {number(round(y, 1))}" for x, y in points]
    return "M" + "L".join(drawn if len(drawn) > 1 else drawn * 2)
