"""The report as one HTML file, for people: it opens anywhere, loads nothing, and reads from the verdict down.

All of it is drawn here, as text, tables and SVG; the script adds a crosshair and switches, and can be left out. The
same summary gives the same bytes.
"""

from __future__ import annotations

from homeport_client.fleet.report.page import (
    checks,
    failure,
    happened,
    lanes,
    numbers,
    plots,
    reached,
    timeline,
    verdict,
)
from homeport_client.fleet.report.page.frame import framed
from homeport_client.fleet.report.page.markup import Markup, none, tag
from homeport_client.fleet.report.page.timeline import Timeline
from homeport_client.fleet.report.summary import Summary


def html_report(summary: Summary) -> str:
    """The whole page, from the verdict to the last number."""
    time = timeline.of_summary(summary)
    sections = (
        verdict.section(summary),
        checks.section(summary),
        failure.section(summary),
        plots.section(summary, time),
        _lanes(summary, time),
        happened.section(summary),
        reached.section(summary),
        numbers.section(summary),
    )
    title = f"{verdict.headline(summary)} · {summary.app} · seed {summary.seed}"
    return framed(title, sections, failed=summary.failure is not None)


def _lanes(summary: Summary, time: Timeline) -> Markup:
    shown = summary.lanes or summary.server
    drawn = lanes.drawn("lane", summary.lanes, time) if shown else none("No device was followed.")
    return tag("section", tag("h2", "Devices"), drawn, id="lanes")
