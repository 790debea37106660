"""What happened: where writes met, what became of changes, what was refused, what went wrong on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from homeport_client.fleet.report.page import words
from homeport_client.fleet.report.page.markup import Markup, tag
from homeport_client.fleet.report.page.table import Part, bar, bars, folded_bars
from homeport_client.fleet.report.summary import Contested, Summary


def section(summary: Summary) -> Markup:
    """The contested fields, and four tables of what was counted."""
    reached = summary.reached
    merging = tag(
        "p", "Where concurrent writes met on one field, and what its rule made of the later arrival.", class_="says"
    )
    return tag(
        "section",
        tag("h2", "What happened"),
        tag("div", tag("h3", "Contested fields"), merging, _contested(summary.contested)),
        tag(
            "div",
            _counted("Outcomes of changes", "Outcome", reached.outcomes),
            _counted("Rejections and errors", "Code", reached.error_codes),
            _counted("Incidents injected", "Incident", reached.incidents),
            _counted("Steps taken", "Step", reached.steps),
            class_="columns",
        ),
        id="happened",
    )


def _counted(title: str, head: str, amounts: Mapping[str, int]) -> Markup:
    return tag("div", tag("h3", title), bars(title, (head, "Share", "Times"), amounts))


def _contested(contested: Sequence[Contested]) -> Markup:
    """A row for each field and its rule, the most contested first."""
    times: Counter[tuple[str, str]] = Counter()
    merged: Counter[tuple[str, str]] = Counter()
    for each in contested:
        name = (f"{each.kind}.{each.field}", each.rule)
        times[name] += each.times
        merged[name] += each.times if each.outcome == "merged" else 0
    ordered = sorted(times, key=lambda name: (-times[name], name))
    most = max(times.values(), default=0)
    rows = [_row(name, merged[name], times[name] - merged[name], most) for name in ordered]
    return folded_bars("Contested fields", ("Field and rule", "Share", "Merged", "Superseded"), rows)


def _row(name: tuple[str, str], merged: int, superseded: int, most: int) -> tuple[str, ...]:
    field, rule = name
    parts = [Part(amount=merged), Part(amount=superseded, style="second")]
    named = tag("span", tag("code", field), tag("small", rule))
    return named, bar(parts, most), words.count(merged), words.count(superseded)
