"""The report as plain lines: for logs, and for terminals that have no colour."""

from __future__ import annotations

from collections.abc import Iterator

from homeport_client.fleet.report.sentences import STEPS_MAX, bounded, printable, shortened
from homeport_client.fleet.report.summary import Check, Failure, Summary, Threshold, Trend
from homeport_client.fleet.report.units import spoken
from homeport_client.fleet.report.words import outcomes, told, verdict_words

TREND_COLUMNS = ("p50", "p95", "p99", "max")


def lines(summary: Summary) -> list[str]:
    """All of it, the verdict in words first; no line has a line's end in it."""
    return [printable(line) for line in _lines(summary)]


def trend_row(name: str, trend: Trend) -> tuple[str, ...]:
    """A trend's name and its values in the order of `TREND_COLUMNS`, as people read them; "-" where it has none."""
    values = (trend.p50, trend.p95, trend.p99, trend.max)
    return (name, *(spoken(value, trend.unit) if trend.count else "-" for value in values))


def reached(summary: Summary) -> str:
    """How much of the syncer's table was reached."""
    seen, possible = len(summary.reached.pairs), summary.reached.pairs_possible
    return f"{seen} of {possible} pairs of state and event that lead on"


def _lines(summary: Summary) -> Iterator[str]:
    yield verdict_words(summary)
    for title, rows in (
        ("What may never happen:", [line for check in summary.checks for line in _check(check)]),
        ("Thresholds:", [_threshold(threshold) for threshold in summary.thresholds]),
        ("Trends:", list(_trends(summary))),
        ("The failing story:", _story(summary.failure) if summary.failure else []),
    ):
        if rows:
            yield title
            yield from (f"  {row}" for row in rows)
    yield f"Outcomes: {outcomes(summary.counts)}"
    if says := told(summary.counts, summary.trends):
        yield f"Told: {says}"
    yield f"Reached: {reached(summary)}"
    yield f"Seed: {summary.seed}"
    yield f"Again: {summary.again}"


def _check(check: Check) -> list[str]:
    found = f"FOUND {len(check.found):,}" if check.found else "ok"
    return [f"{found:<9} {check.name}: {check.says}", *(f"{'':<9} - {each}" for each in bounded(check.found))]


def _threshold(threshold: Threshold) -> str:
    return f"{'ok' if threshold.kept else 'MISSED':<9} {threshold.asked}: {threshold.measured or 'nothing to measure'}"


def _trends(summary: Summary) -> Iterator[str]:
    """A table, each column as wide as what is widest in it."""
    if not summary.trends:
        return
    rows = [("", *TREND_COLUMNS), *(trend_row(*each) for each in sorted(summary.trends.items()))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *values in rows:
        cells = (value.rjust(width) for value, width in zip(values, widths[1:], strict=True))
        yield "  ".join((name.ljust(widths[0]), *cells))


def _story(failure: Failure) -> list[str]:
    steps = [f"{number}. {step}" for number, step in enumerate(failure.steps, start=1)]
    file = [f"It is kept in {failure.file}"] if failure.file else []
    violations = [f"- {each}" for each in bounded(failure.sentences)]
    return [shortened(failure), *bounded(steps, STEPS_MAX), *violations, *file]
