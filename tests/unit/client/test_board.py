"""The board: what is drawn of a running fleet, and how often."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from msgspec.structs import replace as changed
from rich.console import Console

from homeport_client.fleet.report.board import DRAW_EVERY_S, LINE_EVERY_S, Board, Now
from homeport_client.fleet.report.summary import Sample
from tests.unit.client.finished import SAMPLE

START = Now(phase="working", sample=changed(SAMPLE, at_s=0, logged=0))
NOW = Now(phase="working", sample=SAMPLE, incidents=3, crashes=1)
EMPTY = Sample(at_s=0, states={}, written=0, waiting=0, waiting_max=0, logged=0)


class Show:
    """A board on a console of its own, with a clock in hand. `width` 0: there is no terminal."""

    def __init__(self, *, width: int = 0) -> None:
        self.wall_s = 100.0
        self.out = io.StringIO()
        console = Console(file=self.out, width=width or 80, force_terminal=bool(width), color_system=None)
        self.board = Board(console, whole_s=3_600, clock_s=lambda: self.wall_s)

    def play(self, *moments: tuple[float, Now]) -> str:
        """Show each, this long after the one before."""
        with self.board:
            for after_s, now in moments:
                self.wall_s += after_s
                self.board.show(now)
        return self.out.getvalue()


def test_a_line_says_how_a_fleet_stands() -> None:
    assert Show().play((0, START), (LINE_EVERY_S, NOW)).splitlines()[1] == (
        "1 min (12x real time)  working: 30 live, 5 backing off, 15 offline; 120 written, 9 waiting, 100 in the log, "
        "1.7 changes/s; lag p50 180 ms, p95 412 ms; 3 incidents, 1 crash"
    )


def test_lines_come_every_few_seconds_however_often_it_is_told() -> None:
    often = [(0.1, NOW)] * 100
    assert Show().play(*often).count("\n") == pytest.approx(10 / LINE_EVERY_S, abs=1)


def test_a_new_phase_is_said_at_once() -> None:
    healing = replace(NOW, phase="healing")
    said = Show().play((0, NOW), (0.01, healing), (0.01, replace(healing, phase="judging"))).splitlines()
    assert [line.partition(")  ")[2].partition(":")[0] for line in said] == ["working", "healing", "judging"]


def test_what_came_last_is_said_in_the_end_and_only_once() -> None:
    last = replace(NOW, crashes=2)
    said = Show().play((0, NOW), (0.01, last)).splitlines()
    assert [line.rpartition(", ")[2] for line in said] == ["1 crash", "2 crashes"]
    assert Show().play((0, NOW)).count("\n") == 1


def test_an_error_inside_still_ends_the_board_and_goes_on() -> None:
    show = Show(width=80)
    with pytest.raises(AttributeError):
        show.play((0, NOW), (1, None))  # type: ignore[arg-type]  # the error that is wanted
    assert show.out.getvalue().endswith("\x1b[?25h"), "the cursor is back"


def test_a_panel_shows_what_is_done_how_far_and_how_fast() -> None:
    said = Show(width=100).play((0, START), (1, NOW))
    for shown in (
        "Homeport: working",
        "1 min of 1 h, 60x real time",
        "30 live, 5 backing off, 15 offline",
        "120, 100 in the log, 1.7 changes/s",
        "9, most on one phone 4",
        "p50 180 ms, p95 412 ms",
        "3 incidents, 1 crash",
    ):
        assert shown in said


def test_a_panel_is_drawn_no_oftener_than_a_person_sees() -> None:
    often = [(DRAW_EVERY_S / 10, NOW)] * 100
    assert Show(width=100).play(*often).count("Homeport: working") <= 12


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 8, 12, 20, 40, 300])
def test_no_terminal_is_too_narrow(width: int) -> None:
    show = Show(width=width)
    show.play((0, Now(phase="starting", sample=EMPTY)), (1, NOW))
    assert show.out.getvalue()


def test_a_fleet_that_has_not_begun_can_be_shown() -> None:
    said = Show().play((0, Now(phase="starting", sample=EMPTY)))
    assert "starting: no phones; 0 written" in said
    assert "lag nothing arrived" in said


def test_a_terminal_that_cannot_move_its_cursor_gets_lines() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system=None, _environ={"TERM": "dumb"})
    with Board(console, whole_s=60, clock_s=lambda: 0.0) as board:
        board.show(NOW)
    assert out.getvalue().startswith("1 min (not yet timed)  working: 30 live")


def test_a_phase_is_no_markup() -> None:
    strange = replace(NOW, phase="[red]a[/b]")
    assert "[red]a[/b]" in Show().play((0, strange))
    assert "[red]a[/b]" in Show(width=100).play((0, strange))


def test_what_happens_to_a_process_stays_on_the_screen_but_not_that_it_starts() -> None:
    up, down = (replace(NOW, parts={"server": running, "worker": True}) for running in (True, False))
    said = Show().play((0, down), (0.01, up), (0.01, down), (0.01, down), (0.01, up))
    assert [line for line in said.splitlines() if "server is" in line] == [
        "1 min  server is gone; 9 changes wait on the phones.",
        "1 min  server is back.",
    ]
    assert "DOWN: server" in said
