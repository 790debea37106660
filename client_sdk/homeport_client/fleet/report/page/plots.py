"""The plots over time: how the fleet stood, how late changes were, what waited, what went over the wire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final

from homeport_client.fleet.report.page import figure, moments, numbers, scale, states, words
from homeport_client.fleet.report.page import timeline as time
from homeport_client.fleet.report.page.figure import Figure
from homeport_client.fleet.report.page.markup import Markup, none, tag
from homeport_client.fleet.report.page.panel import Panel, Series
from homeport_client.fleet.report.page.timeline import Timeline
from homeport_client.fleet.report.summary import LaneState, Sample, Summary

# One panel alone is as high as a large and a small one with the words between them.
LARGE_PX: Final = 112
SMALL_PX: Final = 64
ALONE_PX: Final = 202
STATES_PX: Final = 240


def section(summary: Summary, timeline: Timeline) -> Markup:
    """All plots, or a sentence where nothing was sampled; and the distributions, which need no samples."""
    samples = moments.drawn(summary.samples)
    drawn = _drawn(samples, summary.devices, timeline) if samples else [none("No samples were taken: nothing to draw.")]
    tables = (numbers.samples(samples), numbers.trends(summary))
    return tag("section", tag("h2", "Over time"), *drawn, *tables, id="time")


def _drawn(samples: Sequence[Sample], devices: int, timeline: Timeline) -> Iterator[Markup]:
    asleep = [_asleep(samples)] if any(each.sleeping_p95_ms is not None for each in samples) else []
    figures = (_states(samples, devices), _lag(samples), *asleep, _outbox(samples), _log(samples), _wire(samples))
    yield states.key(_occurring(samples), *time.signs(timeline))
    yield tag("div", *(figure.markup(each, timeline) for each in figures), class_="plots")


def _states(samples: Sequence[Sample], devices: int) -> Figure:
    totals = [sum(sample.states.values()) for sample in samples]
    axis = scale.linear([devices, *totals], whole=True, exact=True)
    bands = tuple(_bands(samples))
    panel = Panel(says="devices", scale=axis, words=words.short, series=bands, height=STATES_PX, stacked=True)
    columns = {words.plain(state): _counts(samples, state) for state in _occurring(samples)}
    return Figure(
        name="states",
        title="Fleet state",
        says="How many devices were in each state",
        panels=(panel,),
        moments_s=_times(samples),
        told=_told(samples, {**columns, "devices": map(words.count, totals)}),
        wide=True,
    )


def _bands(samples: Sequence[Sample]) -> Iterator[Series]:
    """Each state that occurs lies on those before it."""
    shown = _occurring(samples)
    columns = ([sample.states.get(state, 0) for state in shown] for sample in samples)
    edges = list(zip(*(accumulate(column, initial=0) for column in columns), strict=True))
    for state, lower, upper in zip(shown, edges, edges[1:], strict=False):
        yield Series(name=words.plain(state), style=states.style(state), values=upper, lower=lower)


def _lag(samples: Sequence[Sample]) -> Figure:
    middles = tuple(sample.lag_p50_ms for sample in samples)
    worst = tuple(sample.lag_p95_ms for sample in samples)
    axis = scale.lags(value for value in (*middles, *worst) if value is not None)
    series = (Series(name="p95", style="second", values=worst), Series(name="p50", style="first", values=middles))
    says = "logarithmic scale" if axis.logarithmic else "time"
    return Figure(
        name="lag",
        title="Sync lag",
        says="How long changes took until other devices had them",
        panels=(Panel(says=says, scale=axis, words=words.lag, series=series, height=ALONE_PX),),
        moments_s=_times(samples),
        told=_told(samples, {"p95": map(words.lag_or_none, worst), "p50": map(words.lag_or_none, middles)}),
    )


def _asleep(samples: Sequence[Sample]) -> Figure:
    """What wakes are worth: the same changes on the same devices."""
    woken = tuple(sample.sleeping_p95_ms for sample in samples)
    unwoken = tuple(sample.unwoken_p95_ms for sample in samples)
    axis = scale.lags(value for value in (*woken, *unwoken) if value is not None)
    series = (
        Series(name="without wakes", style="second", values=unwoken),
        Series(name="with wakes", style="first", values=woken),
    )
    columns = {"with wakes": map(words.lag_or_none, woken), "without wakes": map(words.lag_or_none, unwoken)}
    return Figure(
        name="asleep",
        title="Sync lag of sleeping apps",
        says="From commit to synced, p95, where the app slept when the change was accepted",
        panels=(
            Panel(
                says="logarithmic scale" if axis.logarithmic else "time",
                scale=axis,
                words=words.lag,
                series=series,
                height=ALONE_PX,
            ),
        ),
        moments_s=_times(samples),
        told=_told(samples, columns),
    )


def _outbox(samples: Sequence[Sample]) -> Figure:
    waiting, fullest = _of(samples, "waiting"), _of(samples, "waiting_max")
    together = Series(name="waiting", style="first", values=waiting, lower=_zeros(samples))
    single = Series(name="fullest", style="second", values=fullest, lower=_zeros(samples))
    return Figure(
        name="outbox",
        title="Outboxes",
        says="Changes written and not answered yet",
        panels=(
            _counting("changes in all outboxes", together, height=LARGE_PX),
            _counting("changes in the fullest", single, height=SMALL_PX),
        ),
        moments_s=_times(samples),
        told=_told(samples, {"waiting": map(words.count, waiting), "fullest": map(words.count, fullest)}),
    )


def _log(samples: Sequence[Sample]) -> Figure:
    written, logged = _of(samples, "written"), _of(samples, "logged")
    low = tuple(min(pair) for pair in zip(written, logged, strict=True))
    above = Series(name="written", style="second", values=written, lower=low)
    below = Series(name="in the log", style="first", values=logged)
    return Figure(
        name="log",
        title="Written and in the log",
        says="What devices wrote, and what the server had taken in",
        panels=(_counting("changes since the start", above, below, height=ALONE_PX),),
        moments_s=_times(samples),
        told=_told(samples, {"written": map(words.count, written), "in the log": map(words.count, logged)}),
    )


def _wire(samples: Sequence[Sample]) -> Figure:
    up, down, requests = (_per_second(samples, name) for name in ("bytes_up", "bytes_down", "requests"))
    series = (Series(name="down", style="first", values=down), Series(name="up", style="second", values=up))
    asked = Series(name="requests", style="third", values=requests, lower=_zeros(samples))
    columns = {"down": map(words.rate, down), "up": map(words.rate, up), "requests/s": map(words.short, requests)}
    return Figure(
        name="wire",
        title="On the wire",
        says="Bytes of requests and answers, and how many requests there were",
        panels=(
            Panel(
                says="bytes a second",
                scale=scale.linear((*up, *down)),
                words=words.rate,
                series=series,
                height=LARGE_PX,
            ),
            Panel(
                says="requests a second",
                scale=scale.linear(requests),
                words=words.short,
                series=(asked,),
                height=SMALL_PX,
            ),
        ),
        moments_s=_times(samples),
        told=_told(samples, columns),
    )


def _counting(says: str, *series: Series, height: int) -> Panel:
    """A panel of whole numbers."""
    values = (value for each in series for value in each.values if value is not None)
    return Panel(says=says, scale=scale.linear(values, whole=True), words=words.short, series=series, height=height)


def _told(samples: Sequence[Sample], columns: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The words of each moment: when, then a name and a value a line, with a tab between them."""
    rows = zip(*columns.values(), strict=True)
    return tuple(
        "\n".join((words.clock(sample.at_s), *(f"{name}\t{value}" for name, value in zip(columns, row, strict=True))))
        for sample, row in zip(samples, rows, strict=True)
    )


def _occurring(samples: Sequence[Sample]) -> list[LaneState]:
    return [state for state in states.STATES if any(sample.states.get(state) for sample in samples)]


def _counts(samples: Sequence[Sample], state: LaneState) -> list[str]:
    return [words.count(sample.states.get(state, 0)) for sample in samples]


def _times(samples: Sequence[Sample]) -> tuple[float, ...]:
    return tuple(sample.at_s for sample in samples)


def _zeros(samples: Sequence[Sample]) -> tuple[float, ...]:
    return (0.0,) * len(samples)


def _of(samples: Sequence[Sample], name: str) -> tuple[float, ...]:
    return tuple(float(getattr(sample, name)) for sample in samples)


def _per_second(samples: Sequence[Sample], name: str) -> tuple[float, ...]:
    pairs = zip(_of(samples, name), moments.lengths_s(samples), strict=True)
    return tuple(amount / length if length else 0.0 for amount, length in pairs)
