"""The board: a running fleet on a terminal, drawn anew as it goes on; where there is none, a plain line now and then.

Whoever runs the fleet shows it each sample, however many there are: the board draws no more than a person can see. It
reads no world and no clock but the one it is given, so it shows a simulated day and a real hour alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from homeport_client.fleet.report.pace import Moment, Pace
from homeport_client.fleet.report.sentences import WIDTH_MAX, counted
from homeport_client.fleet.report.stack import Stack, legend
from homeport_client.fleet.report.summary import Sample
from homeport_client.fleet.report.units import digits, spoken

DRAW_EVERY_S = 0.125
LINE_EVERY_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """How the fleet stands: a sample, what is being done, and what has gone wrong so far. `parts` says which of the
    processes that serve it run; nothing where they are simulated, or not ours."""

    phase: str
    sample: Sample
    incidents: int = 0
    crashes: int = 0
    parts: Mapping[str, bool] = field(default_factory=dict)


class Board:
    """A context in which a fleet runs. `whole_s` is how long it is going to work, in its own time."""

    def __init__(self, console: Console, *, whole_s: float, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._whole_s = whole_s
        self._clock_s = clock_s
        self._pace = Pace()
        self._shown: Now | None = None
        self._shown_at_s = 0.0
        self._latest: Now | None = None
        self._ran: dict[str, bool] = {}
        draws = console.is_terminal and not console.is_dumb_terminal
        self._live = Live(console=console, auto_refresh=False) if draws else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What was told last is shown, even if it was too soon then."""
        if self._latest is not None and self._latest is not self._shown:
            self._show(self._latest)
        if self._live:
            self._live.stop()

    def show(self, now: Now) -> None:
        """How it stands now. A new phase is shown at once, all else when it is time."""
        wall_s = self._clock_s()
        self._latest = now
        self._tell_of_parts(now)
        self._pace.tell(Moment(wall_s=wall_s, at_s=now.sample.at_s, logged=now.sample.logged))
        every_s = DRAW_EVERY_S if self._live else LINE_EVERY_S
        if self._shown is None or self._shown.phase != now.phase or wall_s - self._shown_at_s >= every_s:
            self._shown_at_s = wall_s
            self._show(now)

    def _tell_of_parts(self, now: Now) -> None:
        """What happens to a process stays on the screen. One that was never up is on its way, and no news."""
        for name, running in now.parts.items():
            if running != self._ran.get(name, running):
                what = "is back" if running else f"is gone; {now.sample.waiting:,} changes wait on the phones"
                self._console.print(
                    f"{_time(now.sample.at_s)}  {name} {what}.", style="bold", soft_wrap=True, highlight=False
                )
            if running or name in self._ran:
                self._ran[name] = running

    def _show(self, now: Now) -> None:
        self._shown = now
        if self._live:
            self._live.update(self._panel(now), refresh=True)
        else:
            self._console.print(self._line(now), soft_wrap=True, markup=False, highlight=False)

    def _line(self, now: Now) -> str:
        sample = now.sample
        states = legend(sample.states).plain or "no phones"
        return (
            f"{_time(sample.at_s)} ({self._speed})  {now.phase}: {states}; {sample.written:,} written, "
            f"{sample.waiting:,} waiting, {sample.logged:,} in the log, {self._rate}; "
            f"lag {_lag(sample)}; {_trouble(now)}{_down(now)}"
        )

    def _panel(self, now: Now) -> Panel:
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right", style="dim", overflow="fold")
        table.add_column(ratio=1, overflow="fold")
        for name, shown in self._rows(now):
            table.add_row(name, shown)
        title = Text(f"Homeport: {now.phase}")
        return Panel(table, title=title, width=min(self._console.width, WIDTH_MAX))

    def _rows(self, now: Now) -> tuple[tuple[str, RenderableType], ...]:
        sample = now.sample
        whole = ProgressBar(total=max(self._whole_s, 1e-9), completed=sample.at_s)
        most = f", most on one phone {sample.waiting_max:,}" if sample.waiting_max else ""
        return (
            ("time", whole),
            ("", Text(f"{_time(sample.at_s)} of {_time(self._whole_s)}, {self._speed}")),
            ("phones", Group(Stack(sample.states), legend(sample.states))),
            ("written", Text(f"{sample.written:,}, {sample.logged:,} in the log, {self._rate}")),
            ("waiting", Text(f"{sample.waiting:,}{most}", "yellow" if sample.waiting else "")),
            ("lag", Text(_lag(sample))),
            ("trouble", Text(_trouble(now))),
            *([("processes", _processes(now.parts))] if now.parts else []),
        )

    @property
    def _speed(self) -> str:
        return f"{digits(self._pace.speed)}x real time" if self._pace.speed else "not yet timed"

    @property
    def _rate(self) -> str:
        return f"{digits(self._pace.changes_per_s)} changes/s"


def _time(seconds: float) -> str:
    return spoken(seconds * 1000, "ms")


def _lag(sample: Sample) -> str:
    """Of what arrived since the sample before."""
    if sample.lag_p50_ms is None or sample.lag_p95_ms is None:
        return "nothing arrived"
    return f"p50 {spoken(sample.lag_p50_ms, 'ms')}, p95 {spoken(sample.lag_p95_ms, 'ms')}"


def _trouble(now: Now) -> str:
    return f"{counted(now.incidents, 'incident')}, {counted(now.crashes, 'crash', 'crashes')}"


def _down(now: Now) -> str:
    down = [name for name, running in now.parts.items() if not running]
    return f"; DOWN: {', '.join(down)}" if down else ""


def _processes(parts: Mapping[str, bool]) -> Text:
    return Text("  ").join(Text(name, "green" if running else "bold red reverse") for name, running in parts.items())
