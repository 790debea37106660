"""Values of every scalar: what clients mean, what nobody would write, and ids and cursors of what is there."""

from collections.abc import Sequence

import schemathesis.graphql
from graphql import ValueNode, parse_value
from hypothesis import strategies as st

LONG = 2**63
NAMES = ("number", "op", "kind", "id", "scope", "stamp", "fields", "title", "done", "channel", "event", "v", "x")
WORDS = ("create", "update", "delete", "restore", "move", "Task", "TaskList", "Member", "title", "editor", "")
MOMENTS = ("2026-11-23T08:15:00.000Z", "2026-11-23T08:15:00+05:30", "9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z")
DAYS = ("2026-11-23", "0001-01-01", "9999-12-31", "2026-02-30")

Values = st.SearchStrategy[ValueNode]


def use_scalars(names: Sequence[str], known: Sequence[str], cursors: Sequence[str]) -> None:
    """Have schemathesis make values of these scalars; the ids that are `known` and the cursors mean something."""
    numbers = st.integers(-3, 1_000) | st.integers(-LONG * 2, LONG * 2)
    texts = st.text(max_size=20) | st.sampled_from(WORDS) | st.sampled_from(cursors)
    meant = st.sampled_from(known)
    ids = meant | meant | meant | meant | texts
    values: dict[str, Values] = {
        "ID": ids.map(_text),
        "String": texts.map(_text),
        "Long": numbers.map(_number),
        "DateTime": (st.sampled_from(MOMENTS) | texts).map(_text),
        "Date": (st.sampled_from(DAYS) | texts).map(_text),
    }
    anything = _anything(ids, numbers)
    for name in names:
        schemathesis.graphql.scalar(name, values.get(name, anything))
    for name in ("ID", "String"):
        schemathesis.graphql.scalar(name, values[name])


def _anything(texts: st.SearchStrategy[str], numbers: st.SearchStrategy[int]) -> Values:
    """JSON, in which the names that a change has come up often."""
    leaves = texts.map(_quoted) | numbers.map(str) | st.sampled_from(["true", "false", "null", "0.5", "1e400"])
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3).map(lambda all_of: f"[{' '.join(all_of)}]")
            | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6).map(
                lambda fields: "{" + " ".join(f"{name}: {value}" for name, value in fields.items()) + "}"
            )
        ),
        max_leaves=12,
    ).map(parse_value)


def _text(text: str) -> ValueNode:
    return parse_value(_quoted(text))


def _number(number: int) -> ValueNode:
    return parse_value(str(number))


def _quoted(text: str) -> str:
    """As GraphQL writes it. What UTF-8 cannot write is left out."""
    kept = text.encode("utf-8", "ignore").decode()
    return '"' + "".join(f"\\u{{{ord(each):X}}}" if each in '"\\' or ord(each) < 32 else each for each in kept) + '"'
