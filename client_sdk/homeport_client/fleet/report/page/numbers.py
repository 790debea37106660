"""The numbers behind the plots: every metric's distribution, every count, and every sample, to read and to copy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from homeport_client.fleet.report.page import states, words
from homeport_client.fleet.report.page.markup import NOTHING, Markup, none, tag
from homeport_client.fleet.report.page.table import table
from homeport_client.fleet.report.summary import Sample, Summary, Trend

_HEADS: Final = ("written", "in the log", "waiting", "fullest", "sent up", "sent down", "requests", "p50", "p95")
_TREND: Final = ("min", "avg", "p50", "p90", "p95", "p99", "max")


def section(summary: Summary) -> Markup:
    """Every count."""
    rows = [(tag("code", name), words.count(amount)) for name, amount in sorted(summary.counts.items())]
    content = (
        table("Counts", ("Metric", "Count"), rows, style="figures narrow") if rows else none("Nothing was counted.")
    )
    return tag("section", tag("h2", "Counts"), content, id="numbers")


def trends(summary: Summary) -> Markup:
    """The distribution of each metric over the whole run."""
    rows = [(tag("code", name), *_trend(trend)) for name, trend in sorted(summary.trends.items())]
    if not rows:
        return none("No metric was measured.")
    return tag("div", tag("h3", "Trends"), table("Trends", ("Metric", "count", *_TREND), rows, style="figures"))


def _trend(trend: Trend) -> Iterator[str]:
    yield words.count(trend.count)
    yield from (words.measured(getattr(trend, name), trend.unit) if trend.count else "-" for name in _TREND)


def samples(shown: Sequence[Sample]) -> Markup:
    """Each sample as it is drawn, folded."""
    if not shown:
        return NOTHING
    heads = ("at", *(words.plain(state) for state in states.STATES), *_HEADS)
    content = table("Samples", heads, (tuple(_sample(sample)) for sample in shown), style="figures")
    return tag("details", tag("summary", f"All {words.counted(len(shown), 'sample')}"), content)


def _sample(sample: Sample) -> Iterator[str]:
    yield words.clock(sample.at_s)
    yield from (words.count(sample.states.get(state, 0)) for state in states.STATES)
    yield from map(words.count, (sample.written, sample.logged, sample.waiting, sample.waiting_max))
    yield from (words.size(sample.bytes_up), words.size(sample.bytes_down), words.count(sample.requests))
    yield from map(words.lag_or_none, (sample.lag_p50_ms, sample.lag_p95_ms))
