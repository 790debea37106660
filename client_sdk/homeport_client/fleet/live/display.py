"""A live fleet on a terminal: while it runs a panel that moves, in the end the verdict. Plain lines where none is."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from homeport_client.fleet.check import Verdict
from homeport_client.fleet.live.fleet import Snapshot

_SENTENCES_MAX = 10


class Display:
    """Shows snapshots. `seconds` is how long the writing is going to last."""

    def __init__(self, console: Console, seconds: float) -> None:
        self._console = console
        self._seconds = seconds
        self._began = time.monotonic()
        self._last = (self._began, 0)
        self._rate = 0.0
        self._up: set[str] = set()
        self._met: set[str] = set()
        self._starting = False
        self._live = Live(console=console, refresh_per_second=8) if console.is_terminal else None

    @property
    def every_s(self) -> float:
        """How often it wants to be told."""
        return 0.25 if self._live else 2.0

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def show(self, now: Snapshot) -> None:
        """Draw the panel anew, or say one line."""
        if now.phase == "starting":
            self._began = time.monotonic()
        self._count(now.logged)
        self._tell_of_parts(now)
        if self._live:
            self._live.update(self._panel(now))
        else:
            self._print(now)

    def _print(self, now: Snapshot) -> None:
        if now.phase != "starting":
            parts = f"{', '.join(now.down)} DOWN" if now.down else f"{len(now.up)} processes up"
            self._console.print(
                f"{self._elapsed_s:5.1f} s  {now.phase}: {parts}, {now.online}/{now.phones} phones online, "
                f"{now.written} written, {now.waiting} waiting, {now.logged} in the log, {self._rate:.0f}/s",
                soft_wrap=True,
            )
        elif not self._starting:  # once, however long it takes
            self._console.print(f"Starting: {', '.join((*now.up, *now.down))}.", soft_wrap=True)
            self._starting = True

    def _tell_of_parts(self, now: Snapshot) -> None:
        """What happens to a process stays on the screen."""
        if now.phase in {"starting", "judging"}:
            return
        up = set(now.up)
        died = [name for name in now.down if name in self._up]
        back = [name for name in now.up if name in self._met - self._up]
        if died:
            how = "Ended by itself" if set(died) & set(now.fallen) else "Killed with SIGKILL"
            self._say(f"{how}: {', '.join(died)}. {now.waiting} changes wait on the phones.")
        if back:
            self._say(f"Back: {', '.join(back)}.")
        self._up, self._met = up, self._met | up

    def _say(self, sentence: str) -> None:
        self._console.print(f"{self._elapsed_s:5.1f} s  {sentence}", style="bold", soft_wrap=True)

    @property
    def _elapsed_s(self) -> float:
        return time.monotonic() - self._began

    def _count(self, logged: int) -> None:
        at, before = self._last
        now = time.monotonic()
        if now - at >= 1:
            self._rate = (logged - before) / (now - at)
            self._last = (now, logged)

    def _panel(self, now: Snapshot) -> Panel:
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right", style="dim")
        table.add_column(width=44)
        table.add_column(justify="right")
        table.add_row("processes", _processes(now), "")
        table.add_row("phones online", _bar(now.online, now.phones, "green"), f"{now.online}/{now.phones}")
        table.add_row("waiting", _bar(now.waiting, 100, "yellow"), str(now.waiting))
        table.add_row("in the log", _bar(now.logged, max(now.written, 1), "cyan"), str(now.logged))
        table.add_row("changes a second", _bar(round(self._rate), 100, "magenta"), f"{self._rate:.0f}")
        whole = ProgressBar(total=self._seconds, completed=self._elapsed_s, width=72)
        return Panel(Group(table, Text(), whole), title=f"Homeport · {now.phase}", width=80)


def draw_verdict(console: Console, verdict: Verdict, *, told: str) -> None:
    """The promises, each with the number of its violations, and the first sentences if there are any."""
    table = Table(title="The verdict", title_style="bold", width=80)
    table.add_column("what may never happen")
    table.add_column("found", justify="right")
    for promise, sentences in (
        ("acknowledged writes lost", verdict.lost),
        ("changes applied twice", verdict.twice),
        ("devices that differ", verdict.differing),
        ("records on phones that may not see them", verdict.outside),
        ("deleted records that came back", verdict.resurrected),
        ("gaps in the log", verdict.gaps),
        ("positions that a follower skipped", verdict.skipped),
        ("rejections without a reason", verdict.unexplained),
        ("processes that ended by themselves", verdict.fallen),
        ("devices that did not heal", verdict.unhealed),
    ):
        table.add_row(promise, Text(str(len(sentences)), "bold red" if sentences else "bold green"))
    console.print(table)
    console.print(told, soft_wrap=True)
    for sentence in verdict.violations[:_SENTENCES_MAX]:
        console.print(f"  {sentence}", style="red", markup=False)


def _processes(now: Snapshot) -> Text:
    if now.phase == "starting":
        return Text("starting")
    return Text(f"killed: {', '.join(now.down)}", "bold white on red") if now.down else Text("serving", "bold green")


def _bar(value: int, total: int, style: str) -> ProgressBar:
    return ProgressBar(total=max(total, 1), completed=min(value, total), width=44, complete_style=style)
