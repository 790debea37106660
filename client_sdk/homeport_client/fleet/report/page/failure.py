"""The failure: the shortest story that still breaks something, step by step, and how its phones got there."""

from __future__ import annotations

from typing import Final

from homeport_client.fleet.report.page import lanes, timeline, words
from homeport_client.fleet.report.page.checks import sentences
from homeport_client.fleet.report.page.markup import NOTHING, Markup, none, tag
from homeport_client.fleet.report.sentences import unfinished
from homeport_client.fleet.report.summary import Failure, Summary

STEPS_MAX: Final = 200


def section(summary: Summary) -> Markup:
    """Nothing at all if nothing failed."""
    failure = summary.failure
    if failure is None:
        return NOTHING
    return tag(
        "section",
        tag("h2", "The shortest story that fails"),
        tag("p", _found(failure), class_="says"),
        sentences(failure.sentences),
        _steps(failure),
        _file(failure),
        _lanes(failure),
        id="failure",
    )


def _found(failure: Failure) -> str:
    tries = words.counted(failure.tries, "try", "tries")
    steps = words.counted(len(failure.steps), "step")
    return f"Cut down to {steps} from {words.count(failure.steps_before)}, in {tries}.{unfinished(failure)}"


def _steps(failure: Failure) -> Markup:
    left_out = len(failure.steps) - STEPS_MAX
    more = none(f"{words.counted(left_out, 'more step')} in the JSON.") if left_out > 0 else NOTHING
    return tag("div", tag("ol", *(tag("li", step) for step in failure.steps[:STEPS_MAX]), class_="steps"), more)


def _file(failure: Failure) -> Markup:
    if failure.file is None:
        return NOTHING
    command = tag("pre", tag("code", failure.file), class_="command", tabindex="0")
    return tag("div", tag("h3", "The file that replays it"), command)


def _lanes(failure: Failure) -> Markup:
    if not failure.lanes:
        return NOTHING
    drawn = lanes.drawn("story", failure.lanes, timeline.of_lanes(failure.lanes))
    return tag("div", tag("h3", "The devices in it"), drawn)
