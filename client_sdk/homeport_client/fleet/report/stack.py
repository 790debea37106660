"""A stacked bar: the phones of a fleet by their states, in colours, as wide as there is room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from homeport_client.fleet.report.summary import LaneState

STYLES: Mapping[LaneState, str] = {
    "live": "green",
    "pushing": "cyan",
    "pulling": "blue",
    "backing_off": "yellow",
    "offline": "red",
    "away": "magenta",
    "asleep": "bright_black",
    "off": "white",
    "refused": "bright_red",
    "closed": "bright_white",
}
CELLS_MAX = 60


def widths(counts: Sequence[int], cells: int) -> list[int]:
    """Divide the cells among the counts so that all are used. Each count above 0 gets one, while there are enough."""
    whole = sum(counts)
    if not whole or cells <= 0:
        return [0] * len(counts)
    ends = [round(cells * sum(counts[: index + 1]) / whole) for index in range(len(counts))]
    shares = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    for index, count in enumerate(counts):
        widest = max(range(len(shares)), key=shares.__getitem__)
        if count and not shares[index] and shares[widest] > 1:
            shares[index] += 1
            shares[widest] -= 1
    return shares


class Stack:
    """Draws one line. It may be as narrow as one cell."""

    def __init__(self, states: Mapping[LaneState, int]) -> None:
        self._states = states

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        cell = "#" if options.ascii_only else "█"
        counts = [self._states.get(state, 0) for state in STYLES]
        shares = widths(counts, min(options.max_width, CELLS_MAX))
        for style, share in zip(STYLES.values(), shares, strict=True):
            if share:
                yield Segment(cell * share, Style.parse(style))
        yield Segment.line()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, min(options.max_width, CELLS_MAX))


def legend(states: Mapping[LaneState, int]) -> Text:
    """The states that there are now with their numbers, each in its colour."""
    parts = [
        Text(f"{states[state]:,} {state.replace('_', ' ')}", style)
        for state, style in STYLES.items()
        if states.get(state)
    ]
    return Text(", ").join(parts)
