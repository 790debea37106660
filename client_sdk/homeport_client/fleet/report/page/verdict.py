"""The verdict: whether the run kept what it must, in words, and all that is needed to run it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from homeport_client.fleet.report.page import words
from homeport_client.fleet.report.page.markup import NOTHING, Markup, tag
from homeport_client.fleet.report.summary import Summary

PARTIAL: Final = (
    "This run is partial: it was ended before its time. What follows covers what had happened until then, and no more."
)


def headline(summary: Summary) -> str:
    """The verdict in one line."""
    said = [_checks(summary)]
    missed = sum(not threshold.kept for threshold in summary.thresholds)
    if missed:
        said.append(f"{words.counted(missed, 'threshold')} missed")
    elif summary.thresholds:
        said.append(f"{words.counted(len(summary.thresholds), 'threshold')} met")
    return ", ".join(said)


def section(summary: Summary) -> Markup:
    """The top of the page."""
    return tag(
        "section",
        tag("div", *_pills(summary), class_="pills"),
        tag("h1", headline(summary)),
        tag("p", _story(summary), class_="lede"),
        tag("p", PARTIAL, class_="notice") if summary.partial else NOTHING,
        _tiles(summary),
        _facts(summary),
        _again(summary),
        id="verdict",
    )


def _pills(summary: Summary) -> Iterator[Markup]:
    """The verdict in a word. What was judged by nothing, as what was cut short, has kept nothing."""
    if not summary.kept:
        yield tag("p", "Broken", class_="pill bad")
    elif not summary.checks:
        yield tag("p", "Unchecked", class_="pill open")
    else:
        yield tag("p", "Kept", class_="pill good")
    if summary.partial:
        yield tag("p", "Partial", class_="pill open")


def _checks(summary: Summary) -> str:
    total = len(summary.checks)
    broken = sum(bool(check.found) for check in summary.checks)
    if not total:
        return "Nothing was checked"
    if broken:
        return f"{broken} of {words.counted(total, 'check')} broken"
    return f"All {total} checks kept" if total > 1 else "The one check kept"


def _story(summary: Summary) -> str:
    who = f"{words.counted(summary.devices, 'device')} of {words.counted(summary.users, 'user')}"
    where = f"on the network {summary.network}, in the {summary.world} world"
    if summary.healed_s is None:
        rest = "They had not come to rest when the run ended."
    else:
        rest = f"They came to rest {words.duration(summary.healed_s)} after the last step."
    return f"{who} lived through {_lived(summary)} {where}. {rest}"


def _lived(summary: Summary) -> str:
    """How long, and of a partial run how much of it."""
    lived = words.duration(summary.duration_s)
    return f"{lived} of {words.duration(summary.planned_s)}" if summary.planned_s else lived


def _tiles(summary: Summary) -> Markup:
    """The few large numbers; none where nothing was sampled."""
    return _listed(_totals(summary), "tiles") if summary.samples else NOTHING


def _totals(summary: Summary) -> Iterator[tuple[str, str]]:
    last = max(summary.samples, key=lambda sample: sample.at_s)
    yield "Changes written", words.count(last.written)
    yield "In the log", words.count(last.logged)
    yield "Still waiting", words.count(last.waiting)
    yield "Requests", words.count(sum(sample.requests for sample in summary.samples))
    yield "Sent up", words.size(sum(sample.bytes_up for sample in summary.samples))
    yield "Sent down", words.size(sum(sample.bytes_down for sample in summary.samples))


def _facts(summary: Summary) -> Markup:
    facts = {
        "App": summary.app,
        "World": summary.world,
        "Devices": words.count(summary.devices),
        "Users": words.count(summary.users),
        "Duration": words.duration(summary.duration_s),
        "Network": summary.network,
        "Seed": str(summary.seed),
    }
    if summary.wall:
        facts["Began"] = summary.wall.began
        facts["Took"] = f"{words.duration(summary.wall.wall_s)}, {words.duration(summary.wall.cpu_s)} of CPU"
    return _listed(facts.items(), "facts")


def _listed(pairs: Iterable[tuple[str, str]], style: str) -> Markup:
    entries = (tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs)
    return tag("dl", *entries, class_=style)


def _again(summary: Summary) -> Markup:
    command = tag("pre", tag("code", summary.again), class_="command", tabindex="0")
    return tag("div", tag("h2", "Run it again"), command, class_="again")
