"""Tables: rows under headings that a screen reader can follow, in a box that scrolls by itself when it is too wide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from homeport_client.fleet.report.page import words
from homeport_client.fleet.report.page.markup import NOTHING, Markup, none, percent, tag

BARS_MAX: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One piece of a bar: how much it stands for, and how it looks."""

    amount: int
    style: str = "first"


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], *, style: str | None = None) -> Markup:
    """The first cell of a row names it. The caption is for those who do not see what the table stands under."""
    head = tag("thead", tag("tr", *(tag("th", each, scope="col") for each in heads)))
    body = tag("tbody", *(_row(row) for row in rows))
    content = tag("table", tag("caption", caption), head, body, class_=style)
    return tag("div", content, class_="scroll", tabindex="0", role="region", aria_label=caption)


def bars(caption: str, heads: Sequence[str], amounts: Mapping[str, int]) -> Markup:
    """How often each thing happened, the most frequent first; behind the first `BARS_MAX` the others are folded."""
    ordered = sorted(amounts.items(), key=lambda each: (-each[1], each[0]))
    most = max(amounts.values(), default=0)
    rows = [(tag("code", name), bar([Part(amount=amount)], most), words.count(amount)) for name, amount in ordered]
    return folded_bars(caption, heads, rows)


def folded_bars(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """A table of bars whose end is folded when it is long."""
    if not rows:
        return none("None.")
    left = rows[BARS_MAX:]
    rest = tag(
        "details", tag("summary", f"and {len(left)} more"), table(f"{caption}, the others", heads, left, style="bars")
    )
    return tag("div", table(caption, heads, rows[:BARS_MAX], style="bars"), rest if left else NOTHING)


def bar(parts: Sequence[Part], most: int) -> Markup:
    """A horizontal bar; one as long as `most` fills its cell."""
    pieces, start = [], 0.0
    for part in parts:
        share = part.amount / most if most else 0.0
        pieces.append(tag("rect", x=percent(start), width=percent(share), height=10, class_=part.style))
        start += share
    return tag("svg", *pieces, class_="bar", width="100%", height=10, aria_hidden="true")


def _row(cells: Sequence[str]) -> Markup:
    name, *others = cells
    return tag("tr", tag("th", name, scope="row"), *(tag("td", cell) for cell in others))
