"""The report drawn for a terminal: the verdict in words, what was checked and measured, and how to replay it."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from homeport_client.fleet.report.lines import TREND_COLUMNS, lines, reached, trend_row
from homeport_client.fleet.report.sentences import STEPS_MAX, WIDTH_MAX, bounded, printable, shortened
from homeport_client.fleet.report.summary import Failure, Summary
from homeport_client.fleet.report.words import outcomes, told, verdict_words

TABLE_WIDTH_MIN = 60

_GOOD, _BAD, _QUIET = "bold green", "bold red", "dim"


def draw(console: Console, summary: Summary) -> None:
    """The whole report. Where a console cannot show a character it shows "?"; one too narrow for tables gets lines."""
    drawing = Drawing(console)
    if console.width < TABLE_WIDTH_MIN:
        drawing.say_all(lines(summary))
    else:
        drawing.draw(summary)


def draw_story(console: Console, failure: Failure) -> None:
    """The shortest story alone, for when it is found after the report was drawn."""
    Drawing(console).draw_story(failure)


class Drawing:
    """One report on one console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._plain = console.options.ascii_only
        self._width = min(console.width, WIDTH_MAX)

    def say_all(self, told: list[str]) -> None:
        """Lines as they are, without a table."""
        for line in told:
            self._say(line)

    def draw(self, summary: Summary) -> None:
        """From the verdict to the command that replays it; empty parts are left out."""
        self._say(verdict_words(summary), width=self._width)
        self._draw_checks(summary)
        self._draw_thresholds(summary)
        self._draw_trends(summary)
        if summary.failure:
            self.draw_story(summary.failure)
        self._say(f"Outcomes  {outcomes(summary.counts)}")
        if says := told(summary.counts, summary.trends):
            self._say(f"Told      {says}")
        self._say(f"Reached   {reached(summary)}")
        self._say(f"Seed      {summary.seed}")
        self._say(f"Again     {summary.again}", "bold")

    def _draw_checks(self, summary: Summary) -> None:
        if summary.checks:
            table = self._table("What may never happen", "", "found")
            for check in summary.checks:
                found = self._text(f"{len(check.found):,}", _BAD if check.found else _GOOD)
                table.add_row(self._text(check.name), self._text(check.says, _QUIET), found)
            self._print(table)
        for sentence in bounded(summary.violations):
            self._say(f"  {sentence}", "red")

    def _draw_thresholds(self, summary: Summary) -> None:
        if not summary.thresholds:
            return
        table = self._table("Threshold", "measured", "")
        for threshold in summary.thresholds:
            measured = threshold.measured or "nothing to measure"
            table.add_row(self._text(threshold.asked), self._text(measured), self._mark(threshold.kept))
        self._print(table)

    def _draw_trends(self, summary: Summary) -> None:
        if not summary.trends:
            return
        table = self._table("Trend", *TREND_COLUMNS)
        for name, trend in sorted(summary.trends.items()):
            table.add_row(*(self._text(cell) for cell in trend_row(name, trend)))
        self._print(table)

    def draw_story(self, failure: Failure) -> None:
        """What is left of it, step by step, and where it is kept."""
        self._say(shortened(failure), "bold")
        steps = [f"{number:3}. {step}" for number, step in enumerate(failure.steps, start=1)]
        for line in bounded(steps, STEPS_MAX):
            self._say(f"  {line}")
        for sentence in bounded(failure.sentences):
            self._say(f"  {sentence}", "red")
        if failure.file:
            self._say(f"  It is kept in {failure.file}")

    def _table(self, first: str, *others: str) -> Table:
        table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
        table.add_column(first, overflow="fold")
        for other in others:
            table.add_column(other, justify="right" if other else "left", overflow="fold")
        return table

    def _print(self, table: Table) -> None:
        self._console.print(table, width=self._width)

    def _mark(self, kept: bool) -> Text:
        good, bad = ("kept", "MISSED") if self._plain else ("✓", "✗")
        return Text(good, _GOOD) if kept else Text(bad, _BAD)

    def _say(self, line: str, style: str = "", *, width: int | None = None) -> None:
        """A line as it is, so that it can be copied; a paragraph is wrapped to its `width`."""
        self._console.print(self._text(line, style), soft_wrap=width is None, width=width)

    def _text(self, text: str, style: str = "") -> Text:
        """Never markup, never a control code, and only what the console's encoding has."""
        encoding = self._console.encoding
        return Text(printable(text).encode(encoding, "replace").decode(encoding), style)
