"""The search for the shortest story: whoever waits for it sees that it goes on."""

from __future__ import annotations

import io

from rich.console import Console

from homeport_client.fleet.report.board import LINE_EVERY_S
from homeport_client.fleet.report.search import Search


def told(*, terminal: bool) -> str:
    """What is said of three finds, the second of them too soon after the first."""
    out, now = io.StringIO(), [0.0]
    console = Console(file=out, width=80, force_terminal=terminal, color_system=None)
    with Search(console, 1_234, clock_s=lambda: now[0]) as search:
        for after_s, steps in ((LINE_EVERY_S, 600), (0.1, 300), (LINE_EVERY_S, 7)):
            now[0] += after_s
            search.found(steps)
    return out.getvalue()


def test_where_there_is_no_terminal_a_line_comes_now_and_then() -> None:
    assert told(terminal=False).splitlines() == [
        "It failed. Looking for the shortest of its 1,234 steps that still do …",
        "It failed. 600 of 1,234 steps still do …",
        "It failed. 7 of 1,234 steps still do …",
    ]


def test_a_terminal_shows_one_line_that_changes() -> None:
    said = told(terminal=True)
    assert "7 of 1,234" in said
    assert said.endswith("\x1b[?25h\r\x1b[1A\x1b[2K"), "nothing of it stays"
