"""A stacked bar: its cells are divided fairly and none is left."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from homeport_client.fleet.report.stack import CELLS_MAX, STYLES, Stack, legend, widths
from homeport_client.fleet.report.summary import LaneState

COUNTS = st.lists(st.integers(0, 1_000), min_size=1, max_size=10)


def drawn(states: Mapping[LaneState, int], width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=True, color_system="standard").print(Stack(states))
    return out.getvalue()


def test_every_state_has_its_colour() -> None:
    assert set(STYLES) == set(get_args(LaneState))
    assert len(set(STYLES.values())) == len(STYLES)


@given(counts=COUNTS, cells=st.integers(0, 80))
def test_all_cells_are_used_if_anything_is_counted(counts: list[int], cells: int) -> None:
    assert sum(widths(counts, cells)) == (cells if any(counts) else 0)


@given(counts=COUNTS, cells=st.integers(10, 80))
def test_whatever_there_is_can_be_seen(counts: list[int], cells: int) -> None:
    assert [share > 0 for share in widths(counts, cells)] == [count > 0 for count in counts]


def test_cells_are_divided_as_the_counts_are() -> None:
    assert widths([30, 15, 5], 50) == [30, 15, 5]
    assert widths([999, 0, 1], 10) == [9, 0, 1]


def test_states_are_drawn_in_their_colours() -> None:
    assert drawn({"live": 3, "offline": 1}, 4) == "\x1b[32m███\x1b[0m\x1b[31m█\x1b[0m\n"


@pytest.mark.parametrize("width", [1, 3, 500])
def test_a_bar_is_as_wide_as_there_is_room(width: int) -> None:
    assert drawn({"live": 3, "offline": 1, "away": 900}, width).count("█") == min(width, CELLS_MAX)


def test_a_legend_counts_the_states_that_there_are() -> None:
    assert legend({"backing_off": 1_200, "live": 3, "off": 0}).plain == "3 live, 1,200 backing off"
