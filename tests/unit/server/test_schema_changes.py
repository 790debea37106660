"""What breaks clients is told apart from what may surprise them and from what does neither."""

import pytest

from homeport_server.schema_changes import changes_between

BEFORE = """
type Query {
  task(id: ID!): Task
}

enum State {
  OPEN
  DONE
}

type Task {
  title: String!
  state: State!
}
"""


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("  title: String!\n", "", "Field Task.title was removed."),
        ("title: String!", "title: String", "Field Task.title changed type from String! to String."),
        ("  OPEN\n", "", "Enum value State.OPEN was removed."),
        ("task(id: ID!)", "task(id: ID!, at: Int!)", "A required argument Query.task(at:) was added."),
    ],
)
def test_what_is_taken_away_or_demanded_breaks_clients(old: str, new: str, sentence: str) -> None:
    changes = changes_between(BEFORE, BEFORE.replace(old, new))
    assert list(changes.breaking) == [sentence]
    told = list(changes.told())
    assert told[0] == "Breaks clients:"
    assert told[-1].startswith("Changes that break clients: 1. Keep")


def test_a_new_value_of_an_enum_may_surprise_clients_and_breaks_none() -> None:
    changes = changes_between(BEFORE, BEFORE.replace("DONE", "DONE\n  LATE"))
    assert (list(changes.breaking), list(changes.risky)) == ([], ["Enum value State.LATE was added."])
    assert list(changes.told())[-1] == "No change breaks clients."


def test_a_new_field_and_another_order_break_nobody() -> None:
    more = BEFORE.replace("title: String!\n  state: State!", "state: State!\n  notes: String\n  title: String!")
    changes = changes_between(BEFORE, more)
    assert (list(changes.breaking), list(changes.risky)) == ([], [])
    assert list(changes.safe) == ["Field Task.notes was added."]


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("state: State!", "state: State! %s", "Task.state"),
        ("DONE", "DONE %s", "State.DONE"),
        ("(id: ID!)", "(id: ID!, at: Int %s)", "Query.task(at:)"),
    ],
)
def test_what_becomes_deprecated_is_told_and_breaks_nobody(old: str, new: str, name: str) -> None:
    fresh, due = (BEFORE.replace(old, new % why) for why in ("", '@deprecated(reason: "use x.")'))
    changes = changes_between(fresh, due)
    assert (list(changes.breaking), list(changes.risky)) == ([], [])
    assert list(changes.safe) == [f"{name} is deprecated: use x."]
    assert list(changes_between(due, fresh).safe) == [f"{name} is deprecated no more."]


def test_nothing_changed_says_so() -> None:
    assert list(changes_between(BEFORE, BEFORE).told()) == ["Nothing changed."]


@pytest.mark.parametrize(
    "text", ["", "foo", "type Task { title: String! }", "{ task { title } }", "type Query { a: B }"]
)
def test_what_is_no_schema_is_refused_by_what_is_wrong_with_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        changes_between(text, BEFORE)
