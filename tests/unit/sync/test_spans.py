"""From where to where a query reads: what starts with a text is a span of texts, and marks and terms are one pair."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from homeport_sync.query import Compare, Every, Mark, Order, Query
from homeport_sync.sql.spans import ABOVE, AT, BELOW, Edge, beyond, span_of

TEXTS = st.text(st.sampled_from("a\ud7ff\ue000\U0010fffez\U0010ffff") | st.characters(exclude_categories=["Cs"]))


@given(TEXTS, TEXTS, st.booleans())
def test_what_starts_with_a_text_lies_between_it_and_what_is_beyond(prefix: str, rest: str, joined: bool) -> None:
    found, end = prefix + rest if joined else rest, beyond(prefix)
    assert found.startswith(prefix) == (found >= prefix and (end is None or found < end))
    assert end is None or end.encode(), "it can be bound"


def asked(*terms: Compare, after: Mark | None = None, before: Mark | None = None, descending: bool = False) -> Query:
    order = Order(field="n", descending=descending)
    return Query(kind="K", where=Every(terms=terms), order=order, after=after, before=before, limit=1)


def test_the_narrowest_of_marks_and_terms_is_what_is_read() -> None:
    least, most = Compare(field="n", test="at_least", value=3), Compare(field="n", test="less", value=9)
    other = Compare(field="m", test="equals", value=1)
    span = span_of(asked(least, most, other, after=Mark(value=5, id="r")))
    assert (span.low, span.high, span.rest, span.nulls) == (Edge(5, AT, "r"), Edge(9, BELOW), (other,), False)
    span = span_of(asked(least, after=Mark(value=1, id="r")))
    assert (span.low, span.high) == (Edge(3, BELOW), None)
    span = span_of(asked(Compare(field="n", test="at_most", value=4), before=Mark(value=5, id="r"), descending=True))
    assert (span.low, span.high, span.empty) == (Edge(5, AT, "r"), Edge(4, ABOVE), True)


def test_those_without_a_value_come_first_and_end_where_a_value_is_asked_for() -> None:
    assert span_of(asked()).whole
    span = span_of(asked(after=Mark(value=None, id="r")))
    assert (span.nulls, span.null_after, span.values) == (True, "r", True)
    span = span_of(asked(before=Mark(value=None, id="r")))
    assert (span.nulls, span.null_before, span.values) == (True, "r", False)
    span = span_of(asked(Compare(field="n", test="equals", value=None)))
    assert (span.nulls, span.values) == (True, False)
    assert not span_of(asked(Compare(field="n", test="greater", value=1))).nulls
