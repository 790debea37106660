"""What was reached of the syncer's table: a grid of its states and events. Green without coverage means little."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import log
from typing import Final

from homeport_client.fleet.report.page import words
from homeport_client.fleet.report.page.markup import Markup, tag
from homeport_client.fleet.report.page.table import table
from homeport_client.fleet.report.summary import Reached, Summary
from homeport_client.state import TABLE, Event, State

HEATS: Final = 5


def section(summary: Summary) -> Markup:
    """How many pairs were reached, and the grid."""
    heads = ("State", *(words.plain(event.value) for event in Event))
    rows = [(words.plain(state.value), *_cells(state, summary.reached.pairs)) for state in State]
    return tag(
        "section",
        tag("h2", "What was reached"),
        tag("p", _says(summary.reached), class_="says"),
        table("How often each event came in each state", heads, rows, style="grid"),
        id="reached",
    )


def _says(reached: Reached) -> str:
    moving = {_name(*pair) for pair, target in TABLE.items() if target is not pair[0]}
    found = sum(bool(times) and name in moving for name, times in reached.pairs.items())
    possible = f"{found} of the {reached.pairs_possible} pairs of a state and an event that lead to another state"
    return f"{possible} were reached. A framed zero was not; a dot is a pair that leads nowhere."


def _cells(state: State, pairs: Mapping[str, int]) -> Iterator[Markup]:
    most = max(pairs.values(), default=0)
    for event in Event:
        times = pairs.get(_name(state, event), 0)
        stays = TABLE[state, event] is state
        shown = words.short(times) if times or not stays else "·"
        style = "stays" if stays and not times else f"heat-{_heat(times, most)}"
        yield tag("span", shown, class_=f"cell {style}", title=f"{state.value}, {event.value}: {words.count(times)}")


def _heat(times: int, most: int) -> int:
    """From 0, never, to `HEATS`; on a logarithmic scale, since one is worlds away from none."""
    if not times:
        return 0
    return 1 + round((HEATS - 1) * (log(times) / log(most) if most > 1 else 1))


def _name(state: State, event: Event) -> str:
    return f"{state.value}/{event.value}"
