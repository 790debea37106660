"""From where to where a query reads in its order: its marks, and those of its terms that are about the order's field.

A database starts to read an index at one bound. So all that says where to begin or to end is made one pair of edges,
the narrowest; a page deep in an order costs what the first one does. Pure.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from homeport_sync.query import BY_ID, Compare, Every, Mark, Query, Where

BELOW, AT, ABOVE = 0, 1, 2  # an edge lies before all records of its value, at one of them, or behind them all
_SURROGATES: Final = (0xD800, 0xDFFF)


class Edge(NamedTuple):
    """A place between two records. Edges of one order compare as their places do."""

    value: Any
    side: int
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What is read of an order, in its ascending direction: of the records that have a value those between `low` and
    `high` (None: no bound) if there are `values`, and with `nulls` those without one, whose ids are between
    `null_after` and `null_before`. `rest` are the terms that are left to look at."""

    low: Edge | None = None
    high: Edge | None = None
    values: bool = True
    nulls: bool = True
    null_after: str | None = None
    null_before: str | None = None
    rest: tuple[Where, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing bounds it."""
        bounds = (self.low, self.high, self.null_after, self.null_before)
        return self.values and self.nulls and all(each is None for each in bounds)

    @property
    def fixed(self) -> bool:
        """Whether it holds one value only."""
        return self.low is not None and self.high is not None and self.low.value == self.high.value

    @property
    def empty(self) -> bool:
        """Whether there is nothing between its edges."""
        return self.low is not None and self.high is not None and self.low >= self.high


def span_of(asked: Query) -> Span:
    """The span of a query that was checked."""
    field = asked.order.field
    lows, highs, rest = list[Edge](), list[Edge](), list[Where]()
    only_null = False
    for term in conjuncts(asked.where):
        edges = _edges(term) if isinstance(term, Compare) and term.field == field else None
        if edges is not None:
            lows += [edges[0]] if edges[0] else []
            highs += [edges[1]] if edges[1] else []
        elif field != BY_ID and term == Compare(field=field, test="equals", value=None):
            only_null = True
        else:
            rest.append(term)
    bound = bool(lows or highs)
    after, before = (asked.before, asked.after) if asked.order.descending else (asked.after, asked.before)
    null_after = null_before = None
    values, nulls = not only_null, not bound and field != BY_ID
    if after is not None and (edge := _place(after, field)):
        lows.append(edge)
        nulls = False
    elif after is not None:
        null_after = after.id
    if before is not None and (edge := _place(before, field)):
        highs.append(edge)
    elif before is not None:
        null_before, values = before.id, False
    return Span(
        low=max(lows, default=None),
        high=min(highs, default=None),
        values=values,
        nulls=nulls,
        null_after=null_after,
        null_before=null_before,
        rest=tuple(rest),
    )


def conjuncts(where: Where) -> Iterator[Where]:
    """The terms that must all hold."""
    if isinstance(where, Every):
        for term in where.terms:
            yield from conjuncts(term)
    else:
        yield where


def beyond(prefix: str) -> str | None:
    """The least text above all that start with the prefix; None if there is none."""
    kept = prefix.rstrip(chr(sys.maxunicode))
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_SURROGATES[1] + 1 if following == _SURROGATES[0] else following)


def _place(mark: Mark, field: str) -> Edge | None:
    """The edge at a mark; None if it is among those without a value."""
    if field == BY_ID:
        return Edge(mark.id, AT, mark.id)
    return None if mark.value is None else Edge(mark.value, AT, mark.id)


def _edges(term: Compare) -> tuple[Edge | None, Edge | None] | None:
    """Between which edges the term holds; None if that cannot be said."""
    if term.value is None or term.test in ("in", "contains"):
        return None
    below, above = Edge(term.value, BELOW), Edge(term.value, ABOVE)
    if term.test == "starts_with":
        end = beyond(str(term.value))
        return below, None if end is None else Edge(end, BELOW)
    return {
        "equals": (below, above),
        "at_least": (below, None),
        "greater": (above, None),
        "less": (None, below),
        "at_most": (None, above),
    }[term.test]
