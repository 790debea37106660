"""FCM's conditions against Python's own reading of the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_notify.emulator.condition import BadCondition, condition_of

TOPICS = ["tea", "cake", "A-z_0.9~%"]

atoms = st.sampled_from(TOPICS).map(lambda topic: (f"'{topic}' in topics", 1))


def joined(parts: st.SearchStrategy[tuple[str, int]]) -> st.SearchStrategy[tuple[str, int]]:
    both = st.tuples(parts, st.sampled_from([" && ", "||"]), parts)
    return st.one_of(
        both.map(lambda three: (f"{three[0][0]}{three[1]}{three[2][0]}", three[0][1] + three[2][1])),
        parts.map(lambda part: (f"({part[0]})", part[1])),
        parts.map(lambda part: (f"!({part[0]})", part[1])),
    )


@given(st.recursive(atoms, joined, max_leaves=5), st.sets(st.sampled_from(TOPICS)))
def test_a_condition_means_what_python_takes_it_for(written: tuple[str, int], topics: set[str]) -> None:
    text, _ = written
    python = text.replace("&&", " and ").replace("||", " or ").replace("!", " not ")
    assert condition_of(text)(topics) is bool(eval(python, {}, {"topics": topics}))  # noqa: S307  # of our own making


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tea",
        "'tea'",
        "'tea' in topics &&",
        "('tea' in topics",
        "'tea' in topics)",
        "'tea' in topics 'cake' in topics",
        "'t ea' in topics",
        "'tea' in topicsx",
        " || ".join(["'tea' in topics"] * 6),
        "(" * 5_000,
        "!" * 5_000,
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadCondition):
        condition_of(text)
