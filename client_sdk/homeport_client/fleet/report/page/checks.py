"""The checks: what may never happen, how often it did, and each time in a sentence; and the thresholds.

What is broken comes first. A long list is folded, and a very long one ends: the JSON has all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from homeport_client.fleet.report.page import words
from homeport_client.fleet.report.page.markup import NOTHING, Markup, none, tag
from homeport_client.fleet.report.page.table import table
from homeport_client.fleet.report.summary import Check, Summary, Threshold

SENTENCES_SHOWN: Final = 5
SENTENCES_MAX: Final = 100


def section(summary: Summary) -> Markup:
    """The checks, and the thresholds if any were asked for."""
    ordered = sorted(summary.checks, key=lambda check: not check.found)
    rows = [
        (_says(check), tag("code", check.name), _status(not check.found), words.count(len(check.found)))
        for check in ordered
    ]
    checks = table("Checks", ("What may never happen", "Check", "Verdict", "Found"), rows, style="checks")
    content = checks if rows else none("Nothing was checked.")
    return tag("section", tag("h2", "Checks"), content, _thresholds(summary.thresholds), id="checks")


def sentences(found: Sequence[str]) -> Markup:
    """The first few at once, more of them folded, and how many are left out."""
    shown, folded, left_out = _split(found)
    more = tag("summary", f"{len(folded)} more")
    return tag(
        "div",
        tag("ul", *_items(shown)),
        tag("details", more, tag("ul", *_items(folded))) if folded else NOTHING,
        none(f"{words.count(left_out)} more in the JSON.") if left_out else NOTHING,
        class_="sentences",
    )


def _split(found: Sequence[str]) -> tuple[Sequence[str], Sequence[str], int]:
    return found[:SENTENCES_SHOWN], found[SENTENCES_SHOWN:SENTENCES_MAX], max(0, len(found) - SENTENCES_MAX)


def _items(found: Sequence[str]) -> Iterator[Markup]:
    return (tag("li", sentence) for sentence in found)


def _says(check: Check) -> Markup:
    return tag("div", check.says, sentences(check.found) if check.found else NOTHING)


def _status(good: bool, *, yes: str = "kept", no: str = "broken") -> Markup:
    """A sign and a word: neither colour nor shape says it alone."""
    sign, word, style = ("✓", yes, "good") if good else ("✕", no, "bad")
    return tag("span", tag("span", sign, aria_hidden="true"), word, class_=f"status {style}")


def _thresholds(thresholds: Sequence[Threshold]) -> Markup:
    if not thresholds:
        return NOTHING
    rows = [
        (tag("code", each.asked), each.measured or "nothing to measure", _status(each.kept, yes="met", no="missed"))
        for each in sorted(thresholds, key=lambda each: each.kept)
    ]
    heads = ("Asked", "Measured", "Verdict")
    return tag("div", tag("h3", "Thresholds"), table("Thresholds", heads, rows, style="thresholds"))
